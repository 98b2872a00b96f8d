"""Several images of one body at known tilts, explained together.

Each image is ``gain * blurred thickness + ground`` on lines that the scan displaces, as in
`fitting.likelihood`; pose, dimensions and probe are the same in all of them. Thickness comes from
the simulator's exact projection, its derivatives from small differences: any shape will do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky_banded, solveh_banded
from scipy.ndimage import binary_dilation, gaussian_filter
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.lines import precision, times
from napari_stem3d.analysis.fitting.noise import SCALE
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.simulation import Grid, Particle, Shape, project
from napari_stem3d.simulation.compute import blur, shift_rows

Array = NDArray[np.floating]
OWN = 4  # numbers of each image: y, x [nm], gain, ground
_STEP = 0.005  # radians, or logarithm of a dimension: of differences
_WIDER = 1.02  # factor of the probe, for its derivative
PROBE, PROBE_SPREAD = 1.0, 0.6  # pixels: usual probe, and the deviation of its logarithm


class View(NamedTuple):
    """One image, and how the stage was turned.

    Attributes
    ----------
    patch : Patch
        The image.
    turn : scipy.spatial.transform.Rotation
        From the specimen at zero tilt to the specimen in this image.
    """

    patch: Patch
    turn: Rotation


class Shot(NamedTuple):
    """What belongs to one image alone.

    Attributes
    ----------
    y, x : float
        Where the body lies [nm].
    gain, ground : float
        Grey values per nm of thickness, and behind no thickness.
    shifts : ndarray, shape (ny,)
        Displacement of each line to the right on the specimen [pixels].
    """

    y: float
    x: float
    gain: float
    ground: float
    shifts: Array


class Equations(NamedTuple):
    """Normal equations of all numbers, and of the lines of each image given these."""

    curvature: Array
    slope: Array
    lines: tuple[tuple[Array, Array, Array], ...]


@dataclass(frozen=True, eq=False)
class Joint:
    """One body laid over several images.

    Its numbers are a turn about x, y and z [rad] of the body at zero tilt, the logarithms of the
    factors of its dimensions and of the probe, and y, x, gain and ground of each image.

    Attributes
    ----------
    particle : Particle
        The body at zero tilt.
    views : tuple of View
        The images.
    shots : tuple of Shot
        How each was taken.
    usual : Shape
        The dimensions that are likely beforehand.
    spread : float
        Standard deviation of the logarithms of the dimensions about these; 0 if they are known.
    probe : float
        Standard deviation of the probe [sides of a square pixel as large].
    kick : float
        Standard deviation of what is new in the shift of each line [pixels].
    """

    particle: Particle
    views: tuple[View, ...]
    shots: tuple[Shot, ...]
    usual: Shape
    spread: float
    probe: float
    kick: float

    @cached_property
    def free(self) -> tuple[str, ...]:
        """Names of the dimensions that vary."""
        return dimensions(self.usual) if self.spread > 0 else ()

    @property
    def shared(self) -> int:
        """Count of the numbers that all images share."""
        return 3 + len(self.free) + 1

    @cached_property
    def blurred(self) -> tuple[Array, ...]:
        """Thickness [nm] in each image as the probe sees it."""
        return tuple(
            self._seen(k, self._thickness(k, self.particle)) for k in range(len(self.views))
        )

    @cached_property
    def models(self) -> tuple[Array, ...]:
        """Expected images."""
        return tuple(s.gain * b + s.ground for s, b in zip(self.shots, self.blurred))

    @cached_property
    def off(self) -> tuple[Array, ...]:
        """Residuals over the standard deviations of the noise."""
        return tuple(
            (model - view.patch.image) / np.sqrt(view.patch.variance)
            for model, view in zip(self.models, self.views)
        )

    @cached_property
    def chi2(self) -> float:
        """Sum of the squared residuals over the pixels that count."""
        return float(sum((off**2).sum() for off in self.off))

    @property
    def pixels(self) -> int:
        """Count of the pixels that count."""
        return int(sum(view.patch.known.sum() for view in self.views))

    @cached_property
    def cost(self) -> float:
        """Minus twice the logarithm of the posterior, but for constants."""
        walks = sum(
            s.shifts @ times(precision(len(s.shifts), self.kick), s.shifts) for s in self.shots
        )
        spread = sum(view.patch.spread for view in self.views)
        return self.chi2 + spread + float(walks) + float((self._surprise**2).sum())

    @cached_property
    def evidence(self) -> float:
        """Minus twice the logarithm of the evidence, by Laplace's approximation."""
        curvature, _, lines = self.equations
        walks = sum(2 * np.log(cholesky_banded(bands)[1] * self.kick).sum() for bands, *_ in lines)
        volume = np.linalg.slogdet(curvature + 1e-9 * np.eye(len(curvature)))[1]
        return self.cost + float(volume + walks)

    @cached_property
    def equations(self) -> Equations:
        """Normal equations at this point, with the shifts of the lines eliminated."""
        count = self.shared + OWN * len(self.views)
        curvature, slope = np.zeros((count, count)), np.zeros(count)
        lines = []
        for k, (view, shot) in enumerate(zip(self.views, self.shots)):
            root = 1 / np.sqrt(view.patch.variance)
            by = self.by_numbers(k) * root
            along = shot.gain * np.gradient(self.blurred[k], axis=1) * root
            bands = precision(len(shot.shifts), self.kick)
            pull = (along * self.off[k]).sum(axis=1) + times(bands, shot.shifts)
            bands[1] += (along**2).sum(axis=1)
            cross = np.einsum("kij,ij->ki", by, along)
            solved = solveh_banded(bands, np.column_stack([cross.T, pull]))
            flat = by.reshape(len(by), -1)
            here = self.places(k)
            curvature[np.ix_(here, here)] += flat @ flat.T - cross @ solved[:, :-1]
            slope[here] += flat @ self.off[k].ravel() - cross @ solved[:, -1]
            lines.append((bands, cross, pull))
        known = np.zeros(count)
        known[3 : self.shared] = self._known
        curvature += np.diag(known**2)
        slope[3 : self.shared] += self._known * self._surprise
        return Equations(curvature, slope, tuple(lines))

    @cached_property
    def level(self) -> float:
        """Variance of white noise among the residuals: 1 where the noise was estimated rightly.

        Differences of neighbours tell it, which misfits hardly reach.
        """
        pairs = [np.diff(_known(off, view), axis=1) for off, view in zip(self.off, self.views)]
        return float(np.nanmean(np.concatenate([pair.ravel() for pair in pairs]) ** 2) / 2)

    @cached_property
    def misfit(self) -> float:
        """How much more residuals scatter, averaged over a few pixels, than white noise would.

        At most about 1 where nothing but noise is left; only pixels about the body count.
        """
        powers = []
        for k, (off, view) in enumerate(zip(self.off, self.views)):
            body = binary_dilation(self.blurred[k] > 0.02 * self.blurred[k].max(), iterations=3)
            smooth = gaussian_filter(np.nan_to_num(_known(off, view)), SCALE)
            powers.append(smooth[body & view.patch.known])
        white = max(self.level, 1.0) / (4 * np.pi * SCALE**2)
        return float(np.mean(np.concatenate(powers) ** 2) / white)

    def covariance_at(self, turn: Rotation) -> Array:
        """Covariance (3 + d, 3 + d) of dimensions and of turns about the axes after a turn."""
        body = self.shared - 1
        inverse = np.linalg.pinv(self.equations.curvature, hermitian=True)[:body, :body]
        axes = np.eye(body)
        axes[:3, :3] = turn.as_matrix()
        return axes @ inverse @ axes.T

    def places(self, k: int) -> NDArray[np.int64]:
        """Where the numbers of image k stand among all numbers."""
        own = self.shared + OWN * k
        return np.concatenate([np.arange(self.shared), np.arange(own, own + OWN)])

    def by_numbers(self, k: int) -> Array:
        """Differentiate image k by its own and the shared numbers; shape (M, ny, nx)."""
        view, shot = self.views[k], self.shots[k]
        dy, dx = view.patch.pixel
        start = self._thickness(k, self.particle)
        moved = [self.at(step, ()).particle for step in _STEP * np.eye(self.shared - 1)]
        by = [self._seen(k, (self._thickness(k, p) - start) / _STEP) for p in moved]
        by.append((self._seen(k, start, _WIDER) - self.blurred[k]) / np.log(_WIDER))
        by += [-np.gradient(self.blurred[k], side, axis=axis) for axis, side in ((0, dy), (1, dx))]
        own = [self.blurred[k], np.ones_like(self.blurred[k])]
        return np.concatenate([shot.gain * np.stack(by), np.stack(own)])

    def at(self, step: Array, shifts: Sequence[Array]) -> Joint:
        """Return the body laid over the images elsewhere; without shifts, only the body moves."""
        turn = Rotation.from_rotvec(step[:3]) * self.particle.rotation
        body = self.shared - 1
        if self.free and step[3:body].any():
            factors = np.exp(step[3:body]).tolist()
            shape = resized(self.particle.shape, dict(zip(self.free, factors)))
            bare = unposed(shape, tuple(self.particle.deformations))
            particle = bare.posed((0.0, 0.0), turn)
        else:
            particle = self.particle.posed((0.0, 0.0), turn)
        if not len(shifts):
            return replace(self, particle=particle)
        shots = []
        for k, (shot, more) in enumerate(zip(self.shots, shifts)):
            own = step[self.shared + OWN * k :][:OWN].tolist()
            y, x, gain, ground = (a + b for a, b in zip(shot[:OWN], own))
            shots.append(Shot(y, x, gain, ground, shot.shifts + more))
        probe = float(np.clip(self.probe * np.exp(step[body]), 0.3, 4.0))
        return replace(self, particle=particle, shots=tuple(shots), probe=probe)

    @property
    def _known(self) -> Array:
        return np.append(np.full(len(self.free), 1 / (self.spread or 1)), 1 / PROBE_SPREAD)

    @property
    def _surprise(self) -> Array:
        own, usual = self.particle.shape, self.usual
        ratios = [getattr(own, name) / getattr(usual, name) for name in self.free]
        return np.log([*ratios, self.probe / PROBE]) * self._known

    def _thickness(self, k: int, particle: Particle) -> Array:
        view, shot = self.views[k], self.shots[k]
        grid = Grid(view.patch.image.shape, view.patch.pixel)
        place = (shot.y - float(view.patch.y[0]), shot.x - float(view.patch.x[0]))
        return project(particle.posed(place, view.turn * particle.rotation), grid).astype(float)

    def _seen(self, k: int, thickness: Array, wider: float = 1.0) -> Array:
        """Show a map as the probe sees it on its displaced lines."""
        dy, dx = self.views[k].patch.pixel
        sigma = self.probe * wider * np.sqrt(dy * dx)
        blurred = blur(thickness[None].astype(np.float32), (sigma / dy, sigma / dx))
        return shift_rows(blurred, self.shots[k].shifts[None].astype(np.float32))[0].astype(float)


def _known(off: Array, view: View) -> Array:
    return np.where(view.patch.known, off, np.nan)


def dimensions(shape: Shape) -> tuple[str, ...]:
    """Names of the numbers that make a shape what it is: its lengths and their like."""
    fields = [f for f in dataclasses.fields(shape) if "unit" in f.metadata]  # type: ignore[arg-type]
    return tuple(f.name for f in fields if not f.metadata.get("whole"))


def resized(shape: Shape, factors: dict[str, float]) -> Shape:
    """Return a shape with other dimensions, as far as such a shape exists."""
    changed: dict[str, Any] = {name: getattr(shape, name) * f for name, f in factors.items()}
    try:
        return replace(shape, **changed)  # type: ignore[type-var]
    except InputError:
        return shape


@lru_cache(maxsize=64)
def unposed(shape: Shape, deformations: tuple[Any, ...]) -> Particle:
    """Particle in no particular pose; its body, costly to make, is made but once."""
    return Particle(shape, deformations=deformations)
