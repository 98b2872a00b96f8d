"""One particle of a scene."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies import _kernels
from napari_stem3d.simulation.bodies.body import Body
from napari_stem3d.simulation.deformations import Deformation
from napari_stem3d.simulation.fields import is_number
from napari_stem3d.simulation.motion.orientation import as_rotation, canonical
from napari_stem3d.simulation.motion.trajectory import Trajectory
from napari_stem3d.simulation.shapes import Shape
from napari_stem3d.simulation.symmetry import corner_orbit


@dataclass(frozen=True, eq=False)
class Particle:
    """A shape, what is wrong with it, what it is made of, how it lies and how it moves.

    Attributes
    ----------
    shape : Shape
        Undeformed shape.
    position : tuple of float
        Where the shape's origin lies (y, x) [nm]; (0, 0) is the centre of the first pixel.
    rotation : scipy.spatial.transform.Rotation
        From the body's (x, y, z) to the laboratory's: x along the rows, y down the columns, z
        along the beam. A quaternion (x, y, z, w) is taken as well. It is kept as
        `orientation.canonical` returns it, so that its quaternion, written out and read again,
        gives the very same image.
    deformations : tuple of Deformation
        Applied in their order.
    z : float
        Depth of the shape's origin along the beam [nm]; the focal plane is 0.
    material : str, optional
        What it is made of; the microscope's `Contrast.material` by default.
    motion : Trajectory, optional
        Pose as a function of time, which then takes the place of `position` and `rotation`.
    """

    shape: Shape
    position: tuple[float, float] = (0.0, 0.0)
    rotation: Rotation = field(default_factory=Rotation.identity)
    deformations: tuple[Deformation, ...] = ()
    z: float = 0.0
    material: str | None = None
    motion: Trajectory | None = None

    def __post_init__(self) -> None:
        """Refuse poses that are none."""
        numbers = (*self.position, self.z) if np.shape(self.position) == (2,) else ()
        if not numbers or not all(is_number(n) and math.isfinite(n) for n in numbers):
            raise InputError(
                "position must be two finite lengths (y, x) and z one, in nm. "
                f"Received: {self.position!r} and {self.z!r}"
            )
        if not isinstance(self.shape, Shape):
            raise InputError(f"shape must be a Shape. Received: {self.shape!r}")
        if not isinstance(self.deformations, Sequence) or not all(
            isinstance(d, Deformation) for d in self.deformations
        ):
            raise InputError(
                f"deformations must be a sequence of Deformations. Received: {self.deformations!r}"
            )
        if not (self.material is None or isinstance(self.material, str)):
            raise InputError(
                f"material must be the formula of a material. Received: {self.material!r}"
            )
        if not (self.motion is None or isinstance(self.motion, Trajectory)):
            raise InputError(f"motion must be a Trajectory. Received: {self.motion!r}")
        object.__setattr__(self, "rotation", canonical(as_rotation(self.rotation)))

    @cached_property
    def body(self) -> Body:
        """Deformed body in its own frame."""
        body = self.shape.body
        for deformation in self.deformations:
            body = deformation.apply(self.shape, body)
        return body

    @property
    def volume(self) -> float:
        """Volume with all deformations [nm³]."""
        return self.body.volume if self.deformations else self.shape.volume

    @property
    def deformed_corners(self) -> tuple[int, ...]:
        """Indices of the corners that are deformed."""
        return tuple(sorted({k for d in self.deformations for k in d.deformed_corners}))

    def poses(self, times: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Poses at some times.

        Parameters
        ----------
        times : array_like, shape (m,)
            Times [s].

        Returns
        -------
        matrices : ndarray, shape (m, 3, 3)
            Rotations from the body's axes to the laboratory's.
        positions : ndarray, shape (m, 2)
            Positions (y, x) [nm].
        """
        if self.motion is None:
            count = np.size(times)
            return (
                np.repeat(_kernels.matrices(self.rotation.as_quat()[None]), count, axis=0),
                np.broadcast_to(np.array(self.position, float), (count, 2)),
            )
        quaternions, positions = self.motion.interpolate(times)
        return _kernels.matrices(quaternions), positions

    def at(self, time: float) -> Particle:
        """Return the particle standing still in its pose of a time [s]."""
        if self.motion is None:
            return self
        rotations, positions = self.motion.poses([time])
        y, x = map(float, positions[0])
        still = self.posed((y, x))
        object.__setattr__(still, "rotation", rotations[0])  # not made canonical: as `poses` has it
        return still

    def posed(
        self,
        position: tuple[float, float],
        rotation: Rotation | None = None,
        motion: Trajectory | None = None,
        z: float | None = None,
    ) -> Particle:
        """Return the particle elsewhere, moving or not; rotation and depth stay if not given.

        Both share one body, which is costly to deform.
        """
        _ = self.body
        other = copy.copy(self)
        changes: dict[str, Any] = {"position": position, "motion": motion}
        if rotation is not None:
            changes["rotation"] = canonical(rotation)
        if z is not None:
            changes["z"] = z
        for name, value in changes.items():
            object.__setattr__(other, name, value)
        return other

    def shifted(self, dy: float, dx: float) -> Particle:
        """Return the particle with all of its way shifted [nm]."""
        if dy == dx == 0:
            return self
        way = self.motion
        if way is not None:
            way = Trajectory(way.times, way.rotations, way.positions + np.array([dy, dx]))
        y, x = self.position
        return self.posed((y + dy, x + dx), motion=way)

    def truth(self, times: ArrayLike | None = None) -> dict[str, Any]:
        """Everything that is known of the particle, in plain numbers and strings.

        Parameters
        ----------
        times : array_like, shape (m,), optional
            Ascending times [s] at which the particle was seen; by default it is seen at rest.

        Returns
        -------
        dict
            ``y_nm``, ``x_nm``, ``z_nm``, ``shape``, ``dimensions_nm``, ``material`` (empty for
            the microscope's), ``deformations`` in words, ``corners`` (number of deformed
            corners), ``corner_indices``, ``corner_orbit`` (see `symmetry.corner_orbit`),
            ``volume_nm3``, ``orientation_xyzw``, and the mean ``vy_nm_s``, ``vx_nm_s`` and
            ``spin_deg_s``. Pose is that at the middle of the times.
        """
        still, velocity, spin = self, (0.0, 0.0), 0.0
        if times is not None and self.motion is not None:
            seen = np.asarray(times, float)
            still = self.at(float(seen[0] + seen[-1]) / 2)
            velocity, spin = self.motion.speeds(seen)
        return {
            "y_nm": float(still.position[0]),
            "x_nm": float(still.position[1]),
            "z_nm": float(self.z),
            "shape": self.shape.name,
            "dimensions_nm": _in_words(self.shape),
            "material": self.material or "",
            "deformations": "; ".join(f"{d.name} {_in_words(d)}" for d in self.deformations),
            "corners": len(self.deformed_corners),
            "corner_indices": " ".join(map(str, self.deformed_corners)),
            "corner_orbit": corner_orbit(self.shape, self.deformed_corners),
            "volume_nm3": float(self.volume),
            "orientation_xyzw": " ".join(map(repr, canonical(still.rotation).as_quat().tolist())),
            "vy_nm_s": velocity[0],
            "vx_nm_s": velocity[1],
            "spin_deg_s": spin,
        }


def _in_words(described: Any) -> str:
    """Fields of a dataclass with their values, such as ``a=4 b=6``."""
    values = ((f.name, getattr(described, f.name)) for f in dataclasses.fields(described))
    return " ".join(f"{name}={_short(value)}" for name, value in values)


def _short(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "(" + ",".join(map(_short, value)) + ")"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
