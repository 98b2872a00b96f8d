"""Poses in which a known body resembles an image, out of many, seen coarsely."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.simulation import Grid, Particle, project_batch

_POSES = 2000  # tried; neighbours lie about 9 degrees apart
_BEST = 60  # of which those are chosen that differ
_APART = 0.3  # rad


def likely_poses(particle: Particle, patch: Patch, most: int = 6) -> list[Rotation]:
    """Turn a body where it lies, and keep the poses whose thickness goes with the grey values.

    Parameters
    ----------
    particle : Particle
        The body, at its place.
    patch : Patch
        Image; a coarse one suffices.
    most : int
        Number of poses.

    Returns
    -------
    list of Rotation
        The best first; they differ by more than 0.3 rad.
    """
    y, x = particle.position
    place = (y - float(patch.y[0]), x - float(patch.x[0]))
    rotations = _rotations()
    grid = Grid(patch.image.shape, patch.pixel)
    seen = project_batch([particle.posed(place, turn) for turn in rotations], grid)
    known = patch.known.ravel()
    images = _centred(seen.reshape(len(seen), -1)[:, known])
    alike = images @ _centred(patch.image.ravel()[known][None])[0]
    kept: list[int] = []
    for k in np.argsort(-alike)[:_BEST].tolist():
        if all((rotations[k] * rotations[j].inv()).magnitude() > _APART for j in kept):
            kept.append(k)
    return [rotations[k] for k in kept[:most]]


@cache
def _rotations() -> Rotation:
    return Rotation.random(_POSES, np.random.default_rng(0))


def _centred(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Images (n, m) with mean 0 and norm 1."""
    images = images - images.mean(axis=1, keepdims=True)
    return images / np.maximum(np.linalg.norm(images, axis=1, keepdims=True), 1e-12)
