"""Pairs of objects seen from several sides, from which `same-particle` learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_stem3d.networks.contracts import CLASSES, OTHER, SHAPES
from napari_stem3d.networks.normalization import fill_gaps
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Grid,
    Microscope,
    Particle,
    project,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform, random_microscope
from napari_stem3d.tasks.particles import (
    Fragment,
    allowed_orbits,
    random_particle,
    scaled,
)

VIEWS = 8  # images of each object
_CUBOIDS, _STRANGE = 0.65, 0.05  # shares of the objects
_OTHER_SIZE = (0.15, 0.5)  # difference of the logarithms of lengths that makes another object


class Family(NamedTuple):
    """Two objects that may be taken for one, each in several images.

    Attributes
    ----------
    images : list of (ndarray, ndarray of bool)
        Grey values and mask of the particle: all images of the first, then all of the second.
    shape, corners : ndarray, shape (2,), int
        Indices into `CLASSES`, and numbers of deformed corners.
    orbit : ndarray, shape (2, 46), float32
        1 for each of `ORBITS` that is right.
    """

    images: list[tuple[NDArray[np.float32], NDArray[np.bool_]]]
    shape: NDArray[np.int64]
    corners: NDArray[np.int64]
    orbit: NDArray[np.float32]


@dataclass(frozen=True)
class FamilyTask:
    """Draws pairs of objects, and images of each in poses that have nothing to do with each other.

    The second object is a relative of the first (other deformed corners, or other lengths), or any
    other one. All images of a family have pixels of one size; they come from one microscope, or
    each from another.

    Attributes
    ----------
    seed : int
        Seed of the series; the published evaluations use others.
    views : int
        Images of each object.
    """

    seed: int
    views: int = VIEWS

    def __getitem__(self, index: int) -> Family:
        """Family `index`, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng([self.seed, index])
        radius = log_uniform(rng, 6, 12) if rng.random() < 0.1 else rng.uniform(12, 60)
        first = _object(rng, radius)
        pair = (first, _relative(rng, first))
        shared = random_microscope(rng, radius) if rng.random() < 0.5 else None
        return Family(
            [
                photograph(rng, particle, shared or random_microscope(rng, radius))
                for particle in pair
                for _ in range(self.views)
            ],
            np.array([CLASSES.index(_name(particle)) for particle in pair]),
            np.array([len(particle.deformed_corners) for particle in pair]),
            np.stack([allowed_orbits(particle) for particle in pair]),
        )


def photograph(
    rng: np.random.Generator, particle: Particle, microscope: Microscope
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Image of a particle in a random pose, with a mask such as a segmentation draws.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    particle : Particle
        Particle, whose own pose and place are without meaning; lengths in pixels.
    microscope : Microscope
        Microscope that takes the image.

    Returns
    -------
    tuple of ndarray
        Finite grey values (n, n), float32, and the mask (n, n), which has some pixels.
    """
    reach = int(np.ceil(1.15 * particle.shape.radius)) + 3
    y, x = (reach + rng.uniform(-0.5, 0.5, 2)).tolist()
    placed = replace(particle, position=(y, x), rotation=random_rotation(rng))
    grid = Grid((2 * reach + 1, 2 * reach + 1), (1.0, 1.0))
    thickness = project(placed, grid)
    soft = gaussian_filter((thickness > 0).astype(np.float32), rng.uniform(0.2, 1.0))
    mask = soft > rng.uniform(0.25, 0.75)
    if mask.sum() < 4:
        mask = thickness > 0.5 * thickness.max()
    return fill_gaps(microscope.image(thickness, grid, rng)), mask


def _object(rng: np.random.Generator, radius: float) -> Particle:
    if rng.random() < _STRANGE:
        points, seed = int(rng.integers(5, 13)), int(rng.integers(2**31))
        return Particle(Fragment(2 * radius, points, seed))
    return random_particle(rng, radius, _CUBOIDS)


def _name(particle: Particle) -> str:
    name = particle.shape.name
    return name if name in SHAPES else OTHER


def _relative(rng: np.random.Generator, particle: Particle) -> Particle:
    """Particle that is easily, or not so easily, taken for another one."""
    shape = particle.shape
    kind = rng.random()
    if kind < 0.35:
        return _object(rng, shape.radius * float(np.exp(rng.uniform(-0.4, 0.4))))
    if not isinstance(shape, Cuboid):
        return replace(particle, shape=scaled(shape, shape.radius * _factor(rng)))
    if kind < 0.6:
        factors = np.exp(rng.uniform(-0.3, 0.3, 3))
        factors[rng.integers(3)] = _factor(rng)
        edges = factors * (shape.a, shape.b, shape.c)
        return replace(particle, shape=Cuboid(*edges.tolist()))
    counts = [n for n in range(9) if n != len(particle.deformed_corners)]
    count = counts[rng.integers(len(counts))]
    cuts = (CutCorners.random(shape, count, rng),) if count else ()
    return replace(particle, deformations=cuts)


def _factor(rng: np.random.Generator) -> float:
    """Factor of a length that makes another object of it."""
    return float(np.exp(rng.choice([-1, 1]) * rng.uniform(*_OTHER_SIZE)))
