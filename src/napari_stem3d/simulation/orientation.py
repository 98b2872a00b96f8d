"""Orientations of particles, as quaternions inside SciPy rotations."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


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
