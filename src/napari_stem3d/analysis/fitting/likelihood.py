"""How well a body explains an image, and how that changes with every number that tells of it.

The image is ``gain * blurred thickness + ground``, every line displaced by its own shift, plus
noise of known variance. Twice the negative logarithm of the posterior probability is called cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, cholesky_banded, solveh_banded

from napari_stem3d.analysis.fitting.chords import chords, slopes
from napari_stem3d.analysis.fitting.lines import precision, times
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import POSE, Variable
from napari_stem3d.simulation.compute import blur, shift_rows

Array = NDArray[np.floating]
IMAGING = 3  # numbers of the image that follow those of the body: log probe, gain, ground
# Spread of turns [rad] and of logarithms of lengths before the image is seen: hardly any knowledge,
# but some, for a sphere's turn is told by no image.
_TURN, _LENGTH = 2.0, 1.0
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
    probe, probe_spread : float
        The same of the probe's standard deviation [pixels; where they are not square, the side of
        a square one as large].
    """

    fraction: float = 0.22
    fraction_spread: float = 0.8
    probe: float = 1.0
    probe_spread: float = 0.6


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
        return self.chi2 + self.patch.spread + float((self._surprise**2).sum()) + float(walk)

    @cached_property
    def evidence(self) -> float:
        """Minus twice the logarithm of the evidence, by Laplace's approximation.

        Constants are left out that all explanations of one image by one shape share.
        """
        equations = self.equations
        known = self._known
        walk = 2 * np.log(cholesky_banded(equations.lines)[1]).sum()
        walk += 2 * len(self.what.shifts) * np.log(self.what.kick)
        curvature = np.linalg.slogdet(equations.curvature)[1]
        return self.cost + float(curvature + walk - 2 * np.log(known[known > 0]).sum())

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
        known = self._known
        curvature = flat @ flat.T + np.diag(known**2) - cross @ solved[:, :-1]
        slope = flat @ self.off.ravel() - cross @ solved[:, -1]
        told = np.arange(POSE + len(what.variable.lengths), len(slope) - IMAGING + 1)
        slope[told] += known[told] * self._surprise
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
        return block_diag(np.diag(self._known**2), walk)

    @property
    def _known(self) -> Array:
        """How sharply each number is known beforehand: one over its standard deviation."""
        variable = self.what.variable
        known = np.zeros(len(variable.names) + IMAGING)
        lengths = POSE + len(variable.lengths)
        known[2:POSE], known[POSE:lengths] = 1 / _TURN, 1 / _LENGTH
        known[lengths:-IMAGING] = 1 / self.prior.fraction_spread
        known[-IMAGING] = 1 / self.prior.probe_spread
        return known

    @property
    def _surprise(self) -> Array:
        """How far cuts and probe lie off what was expected, in standard deviations."""
        prior = self.prior
        cuts = np.log(self.what.variable.fractions / prior.fraction) / prior.fraction_spread
        return np.append(cuts, np.log(self.what.probe / prior.probe) / prior.probe_spread)

    def _by_numbers(self) -> Array:
        """Differentiate the image with respect to all numbers; shape (M + 3, ny, nx)."""
        what, patch = self.what, self.patch
        dy, dx = patch.pixel
        variable = what.variable
        by = np.zeros((len(variable.names), *self.thickness.shape))
        for surfaces, moves in zip(variable.surfaces(), variable.slopes()):
            for down, right in _INSIDE:
                place = patch.y + down * dy, patch.x + right * dx
                share = surfaces.sign / len(_INSIDE)
                by += share * slopes(*surfaces[1:], *moves, *place)
        wider = self._seen(self.thickness[None], _WIDER) - self.blurred
        body = what.gain * np.concatenate([self._seen(by), wider / np.log(_WIDER)])
        return np.concatenate([body, self.blurred[None], np.ones((1, *self.thickness.shape))])

    def _seen(self, maps: Array, wider: float = 1.0) -> Array:
        """Show maps (n, ny, nx) as the probe sees them on its displaced lines."""
        dy, dx = self.patch.pixel
        sigma = self.what.probe * wider * np.sqrt(dy * dx)
        blurred = blur(maps.astype(np.float32), (sigma / dy, sigma / dx))
        lines = np.broadcast_to(self.what.shifts.astype(np.float32), blurred.shape[:2])
        return shift_rows(blurred, lines).astype(float)
