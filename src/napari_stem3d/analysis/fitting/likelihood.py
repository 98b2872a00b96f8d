"""How well a body explains an image, and how that changes with every number that tells of it.

The image is ``gain * blurred thickness + ground``, every line displaced by its own shift, plus
noise of known variance. Twice the negative logarithm of the posterior probability is called cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, cholesky_banded, solveh_banded

from napari_stem3d.analysis.fitting.chords import chords, slopes
from napari_stem3d.analysis.fitting.lines import precision, times
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import POSE, Slopes, Surfaces, Variable
from napari_stem3d.simulation import Shape
from napari_stem3d.simulation.compute import blur, shift_rows

Array = NDArray[np.floating]
IMAGING = 3  # numbers of the image that follow those of the body: log probe, gain, ground
# Spread of turns [rad] and of logarithms of lengths before the image is seen: hardly any knowledge,
# but some, for a sphere's turn is told by no image.
_TURN, _LENGTH = 2.0, 1.0
_RIDGE = 1e-9  # of curvatures of unit diagonal, that what is not told at all leaves no hole
_WIDER = 1.02  # factor of the probe, for its derivative
# Where in a pixel slopes are taken: a face along the beam, which no pixel's middle may meet, must
# still be felt. The image itself is that of the middles, as the simulator's is.
_INSIDE = ((0.125, 0.375), (0.375, -0.125), (-0.125, -0.375), (-0.375, 0.125))


@dataclass(frozen=True)
class Prior:
    """What is known before the image, as normal distributions of logarithms.

    Attributes
    ----------
    fraction, fraction_spread : float
        Middle of the fractions that cuts take of edges, and the standard deviation of their
        logarithm.
    proportions_spread : float
        Standard deviation of the logarithms of lengths, of edges of a cuboid for instance, about
        the proportions of the shape's defaults. Without it nothing keeps an edge along the beam,
        which the unknown gain hides, from growing.
    probe, probe_spread : float
        Middle and spread of the probe's standard deviation [pixels; where they are not square, the
        side of a square one as large].
    gain, gain_spread : float
        Grey values per nm of thickness and their relative standard error; 0 if they are unknown.
    """

    fraction: float = 0.22
    fraction_spread: float = 0.8
    proportions_spread: float = 0.3
    probe: float = 1.0
    probe_spread: float = 0.6
    gain: float = 0.0
    gain_spread: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """A body and how it was imaged.

    Attributes
    ----------
    variable : Variable
        The body.
    probe : float
        Standard deviation of the probe [sides of a square pixel as large].
    gain, ground : float
        Grey values per nm of thickness, and behind no thickness.
    shifts : ndarray, shape (ny,)
        Displacement of each line to the right on the specimen [pixels].
    kick : float
        Standard deviation of what is new in each shift [pixels].
    """

    variable: Variable
    probe: float
    gain: float
    ground: float
    shifts: Array
    kick: float = 0.15


class Equations(NamedTuple):
    """Normal equations of least squares, with the shifts of the lines eliminated.

    Attributes
    ----------
    curvature : ndarray, shape (K, K)
        Inverse covariance of the numbers of body and image, whatever the shifts.
    slope : ndarray, shape (K,)
        Half the derivative of the cost.
    lines : ndarray, shape (2, ny)
        Inverse covariance of the shifts, given the numbers, in bands.
    cross : ndarray, shape (K, ny)
        What couples both.
    pull : ndarray, shape (ny,)
        Half the derivative of the cost with respect to the shifts.
    """

    curvature: Array
    slope: Array
    lines: Array
    cross: Array
    pull: Array

    def step(self, damping: float) -> Array:
        """Change (K,) of the numbers that lowers the cost, shorter with more damping."""
        damped = self.curvature + damping * np.diag(np.diag(self.curvature) + 1e-9)
        return np.linalg.solve(damped, -self.slope)

    def shifted(self, step: Array) -> Array:
        """Change (ny,) of the shifts that goes with a change of the numbers."""
        return solveh_banded(self.lines, -self.pull - self.cross.T @ step)


class Beliefs(NamedTuple):
    """What was known of numbers before the image, as a normal distribution.

    Attributes
    ----------
    precision : ndarray, shape (K, K)
        Inverse covariance.
    pull : ndarray, shape (K,)
        Half the derivative of the surprise.
    surprise : float
        Squared distance of the numbers from what was expected, in standard deviations.
    """

    precision: Array
    pull: Array
    surprise: float


def inside_pixels(pieces: Iterable[tuple[Surfaces, Slopes]], patch: Patch) -> Array:
    """Differentiate the thickness of a body's pieces, (M, ny, nx), averaged inside each pixel."""
    dy, dx = patch.pixel
    total: Array | float = 0.0
    for surfaces, moves in pieces:
        for down, right in _INSIDE:
            place = patch.y + down * dy, patch.x + right * dx
            share = surfaces.sign / len(_INSIDE)
            total = total + share * slopes(*surfaces[1:], *moves, *place)
    return np.asarray(total)


@dataclass(frozen=True)
class Look:
    """An explanation laid over the image.

    Attributes
    ----------
    what : Explanation
        The explanation.
    patch : Patch
        The image.
    prior : Prior
        What was known before.
    """

    what: Explanation
    patch: Patch
    prior: Prior = field(default_factory=Prior)

    @property
    def variable(self) -> Variable:
        """The body."""
        return self.what.variable

    @cached_property
    def thickness(self) -> Array:
        """Thickness [nm], shape (ny, nx)."""
        y, x = self.patch.y, self.patch.x
        surfaces = self.what.variable.surfaces()
        parts = [s.sign * chords(s.planes, s.quadrics, y, x).thickness for s in surfaces]
        return np.sum(parts, axis=0)

    @cached_property
    def blurred(self) -> Array:
        """Thickness [nm] as the probe sees it, lines in their places; shape (ny, nx)."""
        return self._seen(self.thickness[None])[0]

    @cached_property
    def model(self) -> Array:
        """Expected image, shape (ny, nx)."""
        return self.what.gain * self.blurred + self.what.ground

    @cached_property
    def off(self) -> Array:
        """Residuals over the standard deviations of the noise, shape (ny, nx)."""
        return (self.model - self.patch.image) / np.sqrt(self.patch.variance)

    @property
    def chi2(self) -> float:
        """Sum of the squared residuals over the pixels that count."""
        return float((self.off**2).sum())

    @cached_property
    def cost(self) -> float:
        """Minus twice the logarithm of the posterior, but for constants."""
        shifts = self.what.shifts
        walk = shifts @ times(precision(len(shifts), self.what.kick), shifts)
        return self.chi2 + self.patch.spread + self.beliefs.surprise + float(walk)

    @cached_property
    def evidence(self) -> float:
        """Minus twice the logarithm of the evidence, by Laplace's approximation.

        Constants are left out that all explanations of one image by one shape share.
        """
        equations = self.equations
        walk = 2 * np.log(cholesky_banded(equations.lines)[1]).sum()
        walk += 2 * len(self.what.shifts) * np.log(self.what.kick)
        alike, size = scaled(equations.curvature)
        curvature = np.linalg.slogdet(alike)[1] + 2 * np.log(size).sum()
        before = self.beliefs.precision
        proper = np.diag(before) > 0
        before = before[np.ix_(proper, proper)]
        return self.cost + float(curvature + walk - np.linalg.slogdet(before)[1])

    @property
    def covariance(self) -> Array:
        """Covariance (M, M) of the numbers of the body, whatever those of the image."""
        return self._all_covariance[:-IMAGING, :-IMAGING]

    @property
    def gain_error(self) -> float:
        """Relative standard error of the gain, whatever the body."""
        return float(np.sqrt(self._all_covariance[-2, -2]) / self.what.gain)

    @cached_property
    def _all_covariance(self) -> Array:
        alike, size = scaled(self.equations.curvature)
        covariance: Array = np.linalg.inv(alike) / size / size[:, None]
        return covariance

    @cached_property
    def equations(self) -> Equations:
        """Normal equations at this point."""
        what = self.what
        by, along = self.slopes
        lines = precision(len(what.shifts), what.kick)
        pull = (along * self.off).sum(axis=1) + times(lines, what.shifts)
        lines[1] += (along**2).sum(axis=1)
        cross = np.einsum("kij,ij->ki", by, along)
        solved = solveh_banded(lines, np.column_stack([cross.T, pull]))
        flat = by.reshape(len(by), -1)
        beliefs = self.beliefs
        curvature = flat @ flat.T + beliefs.precision - cross @ solved[:, :-1]
        slope = flat @ self.off.ravel() - cross @ solved[:, -1] + beliefs.pull
        return Equations(curvature, slope, lines, cross, pull)

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """Derivatives of the image over the standard deviations of its noise.

        With respect to the numbers of body and image (K, ny, nx), and to the shift of the line
        that a pixel lies on (ny, nx).
        """
        root = 1 / np.sqrt(self.patch.variance)
        along = self.what.gain * np.gradient(self.blurred, axis=1)
        return self._by_numbers() * root, along * root

    @property
    def before(self) -> Array:
        """Inverse covariance (K + ny, K + ny) of numbers and shifts before the image is seen."""
        bands = precision(len(self.what.shifts), self.what.kick)
        walk = np.diag(bands[1]) + np.diag(bands[0, 1:], 1) + np.diag(bands[0, 1:], -1)
        return block_diag(self.beliefs.precision, walk)

    @cached_property
    def beliefs(self) -> Beliefs:
        """What was known of the numbers of body and image."""
        variable, prior = self.what.variable, self.prior
        count, lengths = len(variable.names) + IMAGING, len(variable.lengths)
        own, probe = slice(POSE, POSE + lengths), count - IMAGING
        cuts = slice(own.stop, own.stop + len(variable.fractions))
        precision = np.zeros((count, count))
        pull = np.zeros(count)
        precision[range(2, POSE), range(2, POSE)] = 1 / _TURN**2
        level = np.eye(lengths) - 1 / lengths
        tight = 1 / prior.proportions_spread**2
        precision[own, own] = np.eye(lengths) / _LENGTH**2 + level * tight
        off = level @ (np.log(list(variable.lengths.values())) - _typical(variable))
        pull[own] = off * tight
        fractions = np.log(variable.fractions / prior.fraction) / prior.fraction_spread
        precision[cuts, cuts] = np.eye(len(fractions)) / prior.fraction_spread**2
        pull[cuts] = fractions / prior.fraction_spread
        wider = np.log(self.what.probe / prior.probe) / prior.probe_spread
        precision[probe, probe] = 1 / prior.probe_spread**2
        pull[probe] = wider / prior.probe_spread
        dearer = 0.0
        if prior.gain:
            gain, known = count - 2, prior.gain * prior.gain_spread
            dearer = (self.what.gain - prior.gain) / known
            precision[gain, gain] = 1 / known**2
            pull[gain] = dearer / known
        surprise = dearer**2 + (off**2).sum() * tight + (fractions**2).sum() + wider**2
        return Beliefs(precision, pull, float(surprise))

    def _by_numbers(self) -> Array:
        """Differentiate the image with respect to all numbers; shape (M + 3, ny, nx)."""
        by = self._seen(self._by_body())
        wider = self._seen(self.thickness[None], _WIDER) - self.blurred
        body = self.what.gain * np.concatenate([by, wider / np.log(_WIDER)])
        return np.concatenate([body, self.blurred[None], np.ones((1, *self.thickness.shape))])

    def _by_body(self) -> Array:
        """Differentiate the thickness with respect to the body's numbers; shape (M, ny, nx)."""
        variable, patch = self.what.variable, self.patch
        return inside_pixels(zip(variable.surfaces(), variable.slopes()), patch)

    def _seen(self, maps: Array, wider: float = 1.0) -> Array:
        """Show maps (n, ny, nx) as the probe sees them on its displaced lines."""
        dy, dx = self.patch.pixel
        sigma = self.what.probe * wider * np.sqrt(dy * dx)
        blurred = blur(maps.astype(np.float32), (sigma / dy, sigma / dx))
        lines = np.broadcast_to(self.what.shifts.astype(np.float32), blurred.shape[:2])
        return shift_rows(blurred, lines).astype(float)


def scaled(curvature: Array) -> tuple[Array, Array]:
    """Curvature with a diagonal of ones, and the roots of its own; grey values are no lengths."""
    size = np.sqrt(np.maximum(np.diag(curvature), np.finfo(float).tiny))
    return curvature / size / size[:, None] + _RIDGE * np.eye(len(size)), size


def _typical(variable: Variable) -> Array:
    """Logarithms of the lengths that the kind of shape has by default."""
    return _default_lengths(type(variable.particle.shape))


@cache
def _default_lengths(kind: type[Shape]) -> Array:
    return np.log(list(kind().lengths.values()))
