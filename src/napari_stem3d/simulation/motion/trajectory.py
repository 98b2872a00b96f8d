"""Poses as functions of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies import _kernels

Array = NDArray[np.float64]

_NEARLY_HALF_A_TURN = np.pi * (1 - 1e-9)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Keyframes of a pose; constant before the first and after the last.

    Between keyframes the rotation follows the shortest turn at constant angular velocity (slerp)
    and the position a straight line at constant velocity. Keyframes half a turn or more apart
    would leave the sense of the turn open, and are refused.

    Attributes
    ----------
    times : ndarray, shape (n,)
        Ascending times [s], counted from the first pixel of the first image.
    rotations : scipy.spatial.transform.Rotation
        The n rotations from the body's axes to the laboratory's.
    positions : ndarray, shape (n, 2)
        Positions (y, x) [nm].

    Raises
    ------
    InputError
        If the arrays do not fit each other, times do not ascend, or a number is not finite.
    """

    times: Array
    rotations: Rotation
    positions: Array

    def __post_init__(self) -> None:
        """Refuse what is no sequence of poses."""
        times, positions = _numbers(self.times), _numbers(self.positions)
        if not (
            isinstance(self.rotations, Rotation)
            and not self.rotations.single
            and times.ndim == 1
            and 0 < len(times) == len(self.rotations)
            and positions.shape == (len(times), 2)
        ):
            raise InputError(
                "A trajectory must have n times, a stack of n rotations and n positions (y, x). "
                f"Received: times of shape {times.shape}, positions of shape {positions.shape} and "
                f"rotations {self.rotations!r}"
            )
        if not (np.diff(times) > 0).all():
            raise InputError("times must be in ascending order. Received: repeated or earlier ones")
        turns = (self.rotations[1:] * self.rotations[:-1].inv()).magnitude()
        if (turns >= _NEARLY_HALF_A_TURN).any():
            raise InputError(
                "rotations must be less than half a turn apart from one to the next. "
                f"Received: a turn by {np.degrees(turns.max()):.6g}°"
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "positions", positions)

    def poses(self, times: ArrayLike) -> tuple[Rotation, Array]:
        """Return the poses at some times.

        Parameters
        ----------
        times : array_like, shape (m,)
            Times [s].

        Returns
        -------
        rotations : scipy.spatial.transform.Rotation
            Stack of m rotations.
        positions : ndarray, shape (m, 2)
            Positions (y, x) [nm].
        """
        quaternions, positions = self.interpolate(times)
        return Rotation.from_quat(quaternions), positions

    def interpolate(self, times: ArrayLike) -> tuple[Array, Array]:
        """Return the poses as quaternions (m, 4), scalar last, and positions (m, 2)."""
        keys = self.times, self._quaternions, self.positions
        quaternions, positions = _kernels.interpolate_poses(*keys, np.asarray(times, float))
        return quaternions, positions

    def speeds(self, times: ArrayLike) -> tuple[tuple[float, float], float]:
        """Mean velocity (vy, vx) [nm/s] and mean angular speed [°/s] over ascending times.

        Angular velocities are averaged as vectors: shaking to and fro counts as no rotation.
        Both are 0 for a single time.
        """
        seen = np.asarray(times, float)
        lasts = float(seen[-1] - seen[0])
        if lasts <= 0:
            return (0.0, 0.0), 0.0
        rotations, positions = self.poses(seen)
        vy, vx = ((positions[-1] - positions[0]) / lasts).tolist()
        turns = (rotations[1:] * rotations[:-1].inv()).as_rotvec(degrees=True).sum(axis=0)
        return (vy, vx), float(np.linalg.norm(turns)) / lasts

    @cached_property
    def _quaternions(self) -> Array:
        return self.rotations.as_quat()


def _numbers(values: ArrayLike) -> Array:
    """Array of finite numbers."""
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if not np.isfinite(array).all():
        raise InputError(
            f"times and positions of a trajectory must be finite numbers. Received: {values!r}"
        )
    return array
