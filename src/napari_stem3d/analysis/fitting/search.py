"""Poses in which a body resembles an image, out of many, seen coarsely."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.simulation import Grid, Particle, project_batch

_POSES = 3000  # tried; neighbours lie about 8 degrees apart
_BEST = 60  # of which those are chosen that differ


def likely_poses(
    particle: Particle, patch: Patch, most: int = 6, apart: float = 0.3
) -> list[Particle]:
    """Turn a body where it lies, and keep the poses whose thickness goes with the grey values.

    Parameters
    ----------
    particle : Particle
        The body, at its place.
    patch : Patch
        Image; a coarse one suffices.
    most : int
        Number of poses.
    apart : float
        Angle by which they differ at least [rad].

    Returns
    -------
    list of Particle
        The best first.
    """
    (y, x), (dy, dx) = particle.position, patch.pixel
    grid = Grid(patch.image.shape, (dy, dx))
    place = (y - float(patch.y[0]), x - float(patch.x[0]))
    rotations = _rotations()
    seen = project_batch([particle.posed(place, turn) for turn in rotations], grid)
    alike = _correlation(seen.reshape(len(seen), -1), patch.image.ravel())
    kept: list[int] = []
    for k in np.argsort(-alike)[:_BEST]:
        if all((rotations[k] * rotations[j].inv()).magnitude() > apart for j in kept):
            kept.append(k)
    return [particle.posed(particle.position, rotations[k]) for k in kept[:most]]


@cache
def _rotations() -> Rotation:
    return Rotation.random(_POSES, np.random.default_rng(0))


def _correlation(images: NDArray[np.float32], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    images = images - images.mean(axis=1, keepdims=True)
    wanted = wanted - wanted.mean()
    lengths = np.linalg.norm(images, axis=1) * np.linalg.norm(wanted)
    return (images @ wanted) / np.maximum(lengths, 1e-12)
