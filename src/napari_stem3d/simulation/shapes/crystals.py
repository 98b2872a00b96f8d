"""Habits in which metals and minerals grow, as convex polyhedra."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial import ConvexHull

from napari_stem3d.simulation.bodies.body import Array
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes._base import Polyhedron


def _faces(points: Array) -> tuple[tuple[int, ...], ...]:
    """Faces of the convex hull of points, each in order around its own normal."""
    hull = ConvexHull(points)
    faces = []
    for normal in np.unique(np.round(hull.equations[:, :3], 9), axis=0):
        heights = points @ normal
        corners = np.flatnonzero(heights > heights.max() - 1e-9)
        spokes = points[corners] - points[corners].mean(axis=0)
        angles = np.arctan2(spokes @ np.cross(normal, spokes[0]), spokes @ spokes[0])
        faces.append(tuple(int(k) for k in corners[np.argsort(angles)]))
    return tuple(sorted(faces))


def _ring(count: int) -> Array:
    """Corners of a regular polygon with edges of length 1 about the z axis."""
    angles = 2 * np.pi * np.arange(count) / count
    rim = np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], axis=1)
    return rim / (2 * np.sin(np.pi / count))


_HEXAGON, _PENTAGON = _ring(6), _ring(5)
_TRUNCATED = np.array(
    sorted(
        {
            tuple(sign * value for sign, value in zip(signs, values))
            for values in itertools.permutations((0, 1, 2))
            for signs in itertools.product((-1, 1), repeat=3)
        }
    )
) / np.sqrt(2)
_GOLDEN = (1 + np.sqrt(5)) / 2
_ICOSAHEDRON = np.array(
    [
        np.roll([0, first / 2, second * _GOLDEN / 2], turn)
        for turn in range(3)
        for first, second in itertools.product((-1, 1), repeat=2)
    ]
)


def _prism(ring: Array, height: float) -> Array:
    """Corners of a prism: the lower ring, then the upper."""
    up = np.array([0, 0, height / 2])
    return np.concatenate([ring - up, ring + up])


def _bipyramid(edge: float, belt: float) -> Array:
    """Corners of a prism on a pentagon, then the lower and the upper apex."""
    apex = edge * np.sqrt(1 - (_PENTAGON[0] ** 2).sum()) + belt / 2
    return np.concatenate([_prism(edge * _PENTAGON, belt), [[0, 0, -apex], [0, 0, apex]]])


@dataclass(frozen=True)
class HexagonalPrism(Polyhedron):
    """Right prism on a regular hexagon; its corners are numbered around the base, then the top."""

    name: ClassVar[str] = "hexagonal_prism"
    description: ClassVar[str] = "right prism on a regular hexagon"
    faces: ClassVar = _faces(_prism(_HEXAGON, 1.0))

    edge: float = length(6.0, "edge of the hexagon", relative=(0.25, 0.5))
    height: float = length(8.0, "height", relative=(0.3, 1.0))

    def vertices(self) -> Array:
        """Corners, shape (12, 3) [nm]."""
        return _prism(self.edge * _HEXAGON, self.height)


@dataclass(frozen=True)
class TruncatedOctahedron(Polyhedron):
    """Octahedron truncated so far that all edges are equal, as small crystals of gold are."""

    name: ClassVar[str] = "truncated_octahedron"
    description: ClassVar[str] = "octahedron with truncated corners and equal edges"
    faces: ClassVar = _faces(_TRUNCATED)

    edge: float = length(4.0, "edge", relative=(0.2, 0.35))

    def vertices(self) -> Array:
        """Corners, shape (24, 3) [nm]: the permutations of (0, ±1, ±2) edge / √2."""
        return self.edge * _TRUNCATED


@dataclass(frozen=True)
class Decahedron(Polyhedron):
    """Five crystals twinned about the body's z axis: two pentagonal pyramids and a belt (Ino).

    The ten triangles have equal edges. As the belt shrinks to nothing, the form becomes the
    regular pentagonal bipyramid. Its corners are numbered around the belt's lower and then its
    upper rim; the last two are the apexes.
    """

    name: ClassVar[str] = "decahedron"
    description: ClassVar[str] = "pentagonal bipyramid with a belt"
    faces: ClassVar = _faces(_bipyramid(1.0, 1.0))

    edge: float = length(8.0, "edge of the triangles", relative=(0.35, 0.6))
    belt: float = length(2.0, "height of the belt", relative=(0.05, 0.3))

    def vertices(self) -> Array:
        """Corners, shape (12, 3) [nm]."""
        return _bipyramid(self.edge, self.belt)


@dataclass(frozen=True)
class Icosahedron(Polyhedron):
    """Regular icosahedron."""

    name: ClassVar[str] = "icosahedron"
    description: ClassVar[str] = "regular icosahedron"
    faces: ClassVar = _faces(_ICOSAHEDRON)

    edge: float = length(6.0, "edge", relative=(0.3, 0.55))

    def vertices(self) -> Array:
        """Corners, shape (12, 3) [nm]: the cyclic permutations of (0, ±1, ±φ) edge / 2."""
        return self.edge * _ICOSAHEDRON
