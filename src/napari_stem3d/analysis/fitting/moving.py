"""Bodies that drift and turn while their image is scanned, line by line.

A scan takes its time from the first row to the last, and a particle that moves meanwhile is seen
row by row in different poses (docs/motion.md). Time is counted in scans: the way from a row to the
next is the part 1 / ny of an image of ny rows, whatever the dwell and the fly-back. It is 0 where
the particle lies, so that its place and pose depend as little as can be on its rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.chords import chords
from napari_stem3d.analysis.fitting.likelihood import Beliefs, Look, inside_pixels
from napari_stem3d.analysis.fitting.variable import POSE, Slopes, Surfaces, Variable
from napari_stem3d.simulation import Particle, Trajectory

Array = NDArray[np.floating]
RATES = ("drift y", "drift x", "spin x", "spin y", "spin z")  # nm and rad per scan
DRIFT, SPIN = (0, 1), (2, 3, 4)  # which of them
_SMALL = 1e-3  # rad: turns below which a series takes the place of a quotient of small numbers


@dataclass(frozen=True, eq=False)
class Moving(Variable):
    """A particle with numbers that tell how it moves while it is scanned.

    The numbers of `Variable` come first, then the changes of those rates that are free. At the
    time t the body is turned by ``exp(t spin)`` about its place, as it lies, and shifted by
    ``t drift``. The turn is right-handed about axes fixed in the laboratory: x along the rows, y
    down the columns, z along the beam.

    Attributes
    ----------
    rates : ndarray, shape (5,)
        Drift along y and x [nm per scan], and angular velocity about x, y and z [rad per scan].
    free : tuple of int
        Which of them vary; none of a body that is said to stand still.
    middle : float
        Where along y [nm] the row lies whose time is 0.
    height : float
        Way along y [nm] that takes one scan: the height of the whole image.
    """

    rates: Array = field(default_factory=lambda: np.zeros(len(RATES)))
    free: tuple[int, ...] = DRIFT + SPIN
    middle: float = 0.0
    height: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """What each number stands for."""
        return super().names + tuple(RATES[k] for k in self.free)

    def moved(self, numbers: Array) -> Self:
        """Return the same with its zero elsewhere."""
        count = len(numbers) - len(self.free)
        rates = self.rates.copy()
        rates[list(self.free)] += numbers[count:]
        return replace(self, particle=self.at(numbers[:count]), rates=rates)

    def times(self, y: Array) -> Array:
        """Tell the times [scans], shape (ny,), of rows that lie at `y` [nm]."""
        return (y - self.middle) / self.height

    def seen(self, times: Array) -> Particle:
        """Return the particle with its way, as `simulation` takes it.

        Parameters
        ----------
        times : ndarray, shape (ny,)
            Times [s] of all rows of the image, as `Scan.row_times` gives them.
        """
        own, ends = self.particle, np.asarray(times, np.float64)[[0, -1]]
        since = self.times(self.height / len(times) * np.array([0, len(times) - 1]))[:, None]
        turns = Rotation.from_rotvec(since * self.rates[list(SPIN)])
        places = np.array(own.position) + since * self.rates[list(DRIFT)]
        way = Trajectory(ends, turns * own.rotation, places)
        return own.posed(own.position, motion=way)

    def surfaces_at(self, times: Array) -> list[Surfaces]:
        """Surfaces in every row: planes (ny, F, 4) and quadrics (ny, K, 4, 4) of each piece."""
        turns, shifts = self._poses(times)
        return [
            Surfaces(
                piece.sign,
                self._planes(piece.planes[..., None], turns, shifts)[..., 0],
                self._quadrics(piece.quadrics[..., None], turns, shifts)[..., 0],
            )
            for piece in self.surfaces()
        ]

    def slopes_at(self, times: Array) -> list[Slopes]:
        """Differentiate them by all numbers: (ny, F, 4, M) and (ny, K, 4, 4, M)."""
        turns, shifts = self._poses(times)
        spins = times[:, None, None] * _by_rate(times[:, None] * self.rates[list(SPIN)])
        found = []
        for piece, by in zip(self.surfaces_at(times), Variable(self.particle).slopes()):
            flat = self._planes(by.planes, turns, shifts)
            curved = self._quadrics(by.quadrics, turns, shifts)
            # A shift remains a shift whatever the turn; all else turns and moves with the body.
            flat[..., :2], curved[..., :2] = 0, 0
            for number, axis in ((0, 1), (1, 0)):
                flat[..., 3, number] = piece.planes[..., axis]
                side = np.zeros_like(piece.quadrics)
                side[..., 3] = -piece.quadrics[..., axis]
                curved[..., number] = side + np.swapaxes(side, -1, -2)
            found.append(
                Slopes(
                    *(
                        np.concatenate([own, self._by_rates(own, times, spins)], axis=-1)
                        for own in (flat, curved)
                    )
                )
            )
        return found

    def _by_rates(self, by: Array, times: Array, spins: Array) -> Array:
        """Make derivatives by the free rates from those by shifts and turns."""
        drift = by[..., :2] * times.reshape(-1, *[1] * (by.ndim - 1))
        spin = np.einsum("i...m,imk->i...k", by[..., 2:POSE], spins)
        return np.concatenate([drift, spin], axis=-1)[..., list(self.free)]

    def _poses(self, times: Array) -> tuple[Array, Array]:
        """Return turns (ny, 3, 3) since the time 0, and places (x, y, z) [nm], shape (ny, 3)."""
        turns = Rotation.from_rotvec(times[:, None] * self.rates[list(SPIN)]).as_matrix()
        way = np.array([self.rates[1], self.rates[0], 0.0])
        return turns, self._pose[1] + times[:, None] * way

    def _planes(self, planes: Array, turns: Array, shifts: Array) -> Array:
        """Planes (F, 4, M) in every row; what is linear in them goes the same way."""
        normals = np.einsum("ijk,fkm->ifjm", turns, planes[:, :3])
        own = planes[:, 3] - np.einsum("fkm,k->fm", planes[:, :3], self._pose[1])
        offsets = own + np.einsum("ifjm,ij->ifm", normals, shifts)
        return np.concatenate([normals, offsets[:, :, None]], axis=2)

    def _quadrics(self, quadrics: Array, turns: Array, shifts: Array) -> Array:
        """Quadrics (K, 4, 4, M) in every row."""
        back = np.zeros((len(turns), 4, 4))
        back[:, :3, :3], back[:, 3, 3] = np.swapaxes(turns, 1, 2), 1
        back[:, :3, 3] = self._pose[1] - np.einsum("ijk,ik->ij", back[:, :3, :3], shifts)
        return np.einsum("iab,faem,iec->ifbcm", back, quadrics, back, optimize=True)


@dataclass(frozen=True)
class MotionPrior:
    """What is known before the image of how a particle moves, and of what hides that.

    Attributes
    ----------
    drift, spin : float
        Standard deviations of each component of the drift [nm per scan] and of the angular
        velocity [rad per scan] of a particle that drifts, and of one that turns. Means are 0.
    sizes : mapping of str to (float, float)
        Lengths of the shape that are known otherwise, each with its standard deviation [nm].
    """

    drift: float = 1.0
    spin: float = float(np.radians(10))
    sizes: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class MovingLook(Look):
    """An explanation by a body that moves; its `variable` is a `Moving`.

    Attributes
    ----------
    motion : MotionPrior
        What was known before, besides the prior.
    """

    motion: MotionPrior = field(default_factory=MotionPrior)

    @property
    def moving(self) -> Moving:
        """The body."""
        assert isinstance(self.what.variable, Moving)
        return self.what.variable

    @cached_property
    def thickness(self) -> Array:
        """Thickness [nm] in every row at its time, shape (ny, nx)."""
        y, x = self.patch.y, self.patch.x
        surfaces = self.moving.surfaces_at(self.moving.times(y))
        parts = [s.sign * chords(s.planes, s.quadrics, y, x).thickness for s in surfaces]
        return np.sum(parts, axis=0)

    @cached_property
    def beliefs(self) -> Beliefs:
        """What was known of the numbers of body, motion and image."""
        precision, pull, surprise = super().beliefs
        moving, own = self.moving, self.motion
        lengths, count = moving.lengths, len(moving.names)
        # Each number that is known, how far it lies off, and the standard deviation of that.
        known = [
            (k, np.log(lengths[name] / own.sizes[name][0]), own.sizes[name][1] / own.sizes[name][0])
            for k, name in enumerate(lengths, start=POSE)
            if name in own.sizes
        ]
        for k, rate in enumerate(moving.free, start=count - len(moving.free)):
            known.append((k, moving.rates[rate], own.drift if rate in DRIFT else own.spin))
        for k, off, spread in known:
            precision[k, k] += 1 / spread**2
            pull[k] += off / spread**2
            surprise += (off / spread) ** 2
        return Beliefs(precision, pull, float(surprise))

    def _by_body(self) -> Array:
        times = self.moving.times(self.patch.y)
        pieces = zip(self.moving.surfaces_at(times), self.moving.slopes_at(times))
        return inside_pixels(pieces, self.patch)


def _by_rate(turns: Array) -> Array:
    """How turns (n, 3) change what they act on, seen from there: right Jacobians (n, 3, 3).

    ``exp(v + dv) = exp(v) exp(J dv)`` to first order (Chirikjian, Stochastic Models, 2012).
    """
    angle = np.linalg.norm(turns, axis=1)[:, None, None]
    safe = np.maximum(angle, _SMALL)
    first = np.where(angle < _SMALL, 0.5 - angle**2 / 24, (1 - np.cos(safe)) / safe**2)
    second = np.where(angle < _SMALL, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    cross = -np.cross(turns[:, None], np.eye(3))  # the matrix of the cross product, [v] e = v x e
    return np.eye(3) - first * cross + second * cross @ cross
