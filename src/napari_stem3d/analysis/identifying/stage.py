"""Tilts of a specimen stage, with their signs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import Checked, quantity

#: Mirror at the image plane: what lies above it and what lies below change places.
MIRROR = np.diag([1.0, 1.0, -1.0])
_PARALLEL = 0.5  # degrees between beams that are one, for stages are read no better


@dataclass(frozen=True)
class Tilt(Checked):
    """Angles of a double-tilt holder.

    The laboratory's axes are those of `Particle`: x along the rows, y down the columns, and z,
    the direction in which the electrons fly, into the image as its viewer sees it. A positive
    `alpha` is a right-handed turn about the holder's axis, which lies in the image plane at the
    angle `axis` from x towards y: with an axis along x it moves what lies at +y towards +z. A
    positive `beta` is a right-handed turn about the second axis, which lies 90° further at alpha
    = 0 and is carried along by alpha: the specimen is turned by ``Ra(alpha) Rb(beta)``.
    """

    alpha: float = quantity(0.0, "°", -180.0, 180.0, "turn about the axis of the holder")
    beta: float = quantity(0.0, "°", -180.0, 180.0, "turn about the second axis")
    axis: float = quantity(0.0, "°", -360.0, 360.0, "of alpha in the image, from x towards y")

    @property
    def rotation(self) -> Rotation:
        """How the specimen is turned, in the laboratory's axes."""
        angle = math.radians(self.axis)
        first = np.array([math.cos(angle), math.sin(angle), 0.0])
        second = np.array([-math.sin(angle), math.cos(angle), 0.0])
        turns = math.radians(self.alpha) * first, math.radians(self.beta) * second
        return Rotation.from_rotvec(turns[0]) * Rotation.from_rotvec(turns[1])

    @property
    def beam(self) -> NDArray[np.float64]:
        """Direction of the beam (x, y, z) in the specimen."""
        return self.rotation.inv().apply([0.0, 0.0, 1.0])

    def __str__(self) -> str:
        """Return the angles in degrees."""
        return f"alpha {self.alpha:g}°" + (f", beta {self.beta:g}°" if self.beta else "")


def as_tilt(value: Tilt | float | Sequence[float]) -> Tilt:
    """Return a tilt, given as such, as alpha, or as (alpha, beta) [degrees]."""
    if isinstance(value, Tilt):
        return value
    angles = np.atleast_1d(np.asarray(value, float))
    if angles.shape not in ((1,), (2,)) or not np.isfinite(angles).all():
        raise InputError(
            f"A tilt must be an angle alpha, or two (alpha, beta), in degrees. Received: {value!r}"
        )
    return Tilt(*angles.tolist())


def mirrored_turn(turn: Rotation) -> Rotation:
    """Return what a turn is to someone who sees the world in the mirror at the image plane."""
    return Rotation.from_matrix(MIRROR @ turn.as_matrix() @ MIRROR)


def widest_angle(tilts: Sequence[Tilt]) -> float:
    """Widest angle between two beams through the specimen, both taken as lines [degrees].

    A body and its mirror image give the same images at all tilts if, and but for bodies without a
    hand only if, all beams run along one line of the specimen: reflection at the plane across
    that line changes no image. A turn of 180° about an axis in the image is such a tilt.
    """
    beams = np.array([tilt.beam for tilt in tilts])
    cosines = np.abs(beams @ beams.T).clip(max=1.0)
    return float(np.degrees(np.arccos(cosines.min())))


def tells_hand(tilts: Sequence[Tilt]) -> bool:
    """Whether images at these tilts can tell a body from its mirror image at all."""
    return len(tilts) > 1 and widest_angle(tilts) > _PARALLEL
