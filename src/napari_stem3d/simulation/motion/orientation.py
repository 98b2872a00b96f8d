"""Orientations of particles, as quaternions inside SciPy rotations.

A rotation maps the body's axes to the laboratory's. In a product the right factor acts first:
``turn * rotation`` turns a particle, as it lies, about an axis of the laboratory;
``rotation * turn`` turns it about one of its own. The quaternions q and -q are one rotation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number

_STEPS = np.array(sorted(np.ndindex(9, 9), key=lambda k: abs(k[0] - 4) + abs(k[1] - 4))) - 4


def random_rotation(rng: np.random.Generator, count: int | None = None) -> Rotation:
    """Orientations uniform on SO(3).

    Four independent normal numbers point in a uniform direction of 4-space (Muller 1959), and
    the unit quaternions cover SO(3) evenly.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int, optional
        Number of orientations; a single one by default.

    Returns
    -------
    scipy.spatial.transform.Rotation
        From the body's (x, y, z) to the laboratory's, z being the direction of the beam.
    """
    return Rotation.from_quat(rng.normal(size=4 if count is None else (count, 4)))


def random_direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a unit vector (x, y, z), uniform on the sphere."""
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def as_rotation(value: Rotation | ArrayLike) -> Rotation:
    """Return one rotation, given as such or as a quaternion.

    Parameters
    ----------
    value : scipy.spatial.transform.Rotation, or array_like of shape (4,)
        A single rotation, or the quaternion (x, y, z, w), which need not have length 1.

    Raises
    ------
    InputError
        If it is neither, or a quaternion of zeros, which turns nothing into anything.
    """
    if isinstance(value, Rotation):
        if value.single:
            return value
    elif np.shape(value) == (4,) and all(map(is_number, numbers := list(value))):  # type: ignore[arg-type]
        quaternion = np.array(numbers, float)
        if np.isfinite(quaternion).all() and (size := np.abs(quaternion).max()) > 0:
            return Rotation.from_quat(quaternion / size)
    raise InputError(
        "rotation must be one SciPy Rotation, or a quaternion (x, y, z, w) of finite numbers that "
        f"are not all zero. Received: {value!r}"
    )


def canonical(rotation: Rotation) -> Rotation:
    """Return the rotation whose quaternion survives being written out and read again.

    SciPy divides a quaternion by its norm, which may change the last digit each time it is read.
    This one's norm is 1 to the last digit, and its real part is not negative.

    Parameters
    ----------
    rotation : scipy.spatial.transform.Rotation
        A single rotation.

    Returns
    -------
    scipy.spatial.transform.Rotation
        The same to 1e-15, for which ``Rotation.from_quat(r.as_quat())`` is `r`, bit for bit.
    """
    quaternion = rotation.as_quat(canonical=True) + 0.0  # no negative zeros
    rotation = Rotation.from_quat(quaternion)
    if (rotation.as_quat() == quaternion).all():
        return rotation
    # Rounding moves the norm: step the two largest components by a few digits until it is 1.
    largest = np.argsort(np.abs(quaternion))[-2:]
    nearby = np.tile(quaternion, (len(_STEPS), 1))
    nearby[:, largest] += _STEPS * np.spacing(quaternion[largest])
    settled = (Rotation.from_quat(nearby).as_quat() == nearby).all(axis=1)
    return Rotation.from_quat(nearby[np.argmax(settled)])
