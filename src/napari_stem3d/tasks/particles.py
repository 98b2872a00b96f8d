"""Random particles for training: of all shapes, intact and deformed, and what is none of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from napari_stem3d.networks.contracts import MOST_CORNERS, ORBITS, SHAPES, orbit
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Particle,
    Polyhedron,
    Shape,
    random_rotation,
)
from napari_stem3d.simulation.fields import length, whole

ALIKE = 0.03  # relative difference of edges that an image hardly tells apart
# Two deformed corners come more often: how they lie to each other is a question of its own.
_COUNTS = np.array([1.4, 1, 1.6, 1, 1, 1, 1, 1, 1]) / 10
_SPANS = ((0.25, 0.5), (0.1, 0.25), (0.1, 0.5))  # fractions of the edges that cuts take


@dataclass(frozen=True)
class Fragment(Shape):
    """Hull of random points: a flat-faced body of no name."""

    name: ClassVar[str] = "fragment"
    description: ClassVar[str] = "irregular polyhedron"

    diameter: float = length(10.0, "twice the distance of the points from the origin")
    points: int = whole(7, 5, 12, "number of points")
    seed: int = whole(0, 0, 2**31, "which fragment")

    def half_spaces(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Faces of the hull, about its centre of mass."""
        rng = np.random.default_rng(self.seed)
        places = rng.normal(size=(self.points, 3))
        places *= rng.uniform(0.5, 1, (self.points, 1)) / np.linalg.norm(places, axis=1)[:, None]
        hull = ConvexHull(places * self.diameter / 2)
        inside = places.mean(axis=0) * self.diameter / 2
        corners = hull.points[hull.simplices] - inside
        volumes = np.abs(np.linalg.det(corners))
        centre = inside + (corners.sum(axis=1) / 4 * volumes[:, None]).sum(axis=0) / volumes.sum()
        normals, offsets = hull.equations[:, :3], -hull.equations[:, 3]
        return normals, offsets - normals @ centre


def random_shape(rng: np.random.Generator, radius: float, cuboids: float) -> Shape:
    """Shape of a given circumscribed radius, a cuboid with probability `cuboids`."""
    others = [name for name in SHAPES if name != "cuboid"]
    name = "cuboid" if rng.random() < cuboids else others[rng.integers(len(others))]
    return scaled(_cuboid(rng) if name == "cuboid" else get_shape(name).random(rng, 1.0), radius)


def scaled(shape: Shape, radius: float) -> Shape:
    """Shape of the same form with another circumscribed radius."""
    return shape.resized(radius / shape.radius)


def _cuboid(rng: np.random.Generator) -> Cuboid:
    """Cubes and square prisms are as common as boxes; needles and plates are rarer."""
    kind = rng.random()
    if kind > 0.85:
        return Cuboid.random(rng, 1.0)
    a, b, c = rng.uniform(0.12, 0.26, 3).tolist()
    if kind < 0.25:
        return Cuboid(a, a, a)
    return Cuboid(a, a, c) if kind < 0.35 else Cuboid(a, b, c)


def random_particle(rng: np.random.Generator, radius: float, cuboids: float) -> Particle:
    """Particle of a given circumscribed radius, often with deformed corners."""
    shape = random_shape(rng, radius, cuboids)
    count = 0
    if isinstance(shape, Cuboid):
        count = int(rng.choice(len(_COUNTS), p=_COUNTS))
    elif isinstance(shape, Polyhedron) and rng.random() < 0.4:
        count = int(rng.integers(1, min(MOST_CORNERS, len(shape.vertices())) + 1))
    cuts: tuple[CutCorners, ...] = ()
    if count:
        span = _SPANS[rng.choice(3, p=[0.75, 0.15, 0.1])]
        cuts = (CutCorners.random(shape, count, rng, span),)
    return Particle(shape, (0.0, 0.0), random_rotation(rng), cuts)


def moved(particle: Particle, position: tuple[float, float]) -> Particle:
    """Particle at another place."""
    return Particle(particle.shape, position, particle.rotation, particle.deformations)


def beside(
    rng: np.random.Generator, particle: Particle, near: float = 0.65, far: float = 1.3
) -> Particle:
    """Particle that nearly touches, or partly covers, another; often its like.

    `near` and `far` bound the distance of their centres, over the sum of their radii.
    """
    radius = particle.shape.radius
    if rng.random() < 0.5:
        other = Particle(particle.shape, rotation=random_rotation(rng))
    else:
        other = random_particle(rng, radius * rng.uniform(0.5, 1.5), 1 / len(SHAPES))
    angle = rng.uniform(0, 2 * np.pi)
    distance = rng.uniform(near, far) * (radius + other.shape.radius)
    y, x = particle.position
    return moved(other, (y + distance * np.sin(angle), x + distance * np.cos(angle)))


def allowed_orbits(particle: Particle) -> NDArray[np.float32]:
    """Mark which of `ORBITS` the deformed corners of a cuboid may be called.

    Where edges are nearly as long as each other nothing tells which is which, and every name
    that their order allows is right. All are 0 for other shapes.

    Parameters
    ----------
    particle : Particle
        Any particle.

    Returns
    -------
    ndarray, shape (46,), float32
        1 for each name that is right.
    """
    marks = np.zeros(len(ORBITS), np.float32)
    shape = particle.shape
    if isinstance(shape, Cuboid):
        lengths = (shape.a, shape.b, shape.c)
        for first, second, third in itertools.permutations(range(3)):
            p, q, r = lengths[first], lengths[second], lengths[third]
            if p <= q * (1 + ALIKE) and q <= r * (1 + ALIKE) and p <= r * (1 + ALIKE):
                bits = [
                    [corner >> (2 - axis) & 1 for axis in (first, second, third)]
                    for corner in particle.deformed_corners
                ]
                marks[ORBITS.index(orbit(4 * i + 2 * j + k for i, j, k in bits))] = 1
    return marks
