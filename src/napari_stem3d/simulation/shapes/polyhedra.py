"""Bodies with flat faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d.simulation.bodies.body import Array
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes._base import Polyhedron

_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)


@dataclass(frozen=True)
class Cuboid(Polyhedron):
    """Rectangular box; its corners are numbered 4 i + 2 j + k by their side along a, b and c."""

    name: ClassVar[str] = "cuboid"
    description: ClassVar[str] = "rectangular box"
    faces: ClassVar = (
        (0, 1, 3, 2),
        (4, 5, 7, 6),
        (0, 1, 5, 4),
        (2, 3, 7, 6),
        (0, 2, 6, 4),
        (1, 3, 7, 5),
    )

    a: float = length(10.0, "edge along the body's x axis")
    b: float = length(10.0, "edge along the body's y axis")
    c: float = length(10.0, "edge along the body's z axis")

    def vertices(self) -> Array:
        """Corners, shape (8, 3) [nm]."""
        return _SIGNS * np.array([self.a, self.b, self.c]) / 2


@dataclass(frozen=True)
class Tetrahedron(Polyhedron):
    """Regular tetrahedron."""

    name: ClassVar[str] = "tetrahedron"
    description: ClassVar[str] = "regular triangular pyramid"
    faces: ClassVar = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))

    edge: float = length(14.0, "edge", relative=(0.6, 1.3))

    def vertices(self) -> Array:
        """Corners, shape (4, 3) [nm]: every second corner of a cube."""
        return _SIGNS[[0, 3, 5, 6]] * self.edge / np.sqrt(8)


@dataclass(frozen=True)
class SquarePyramid(Polyhedron):
    """Pyramid on a square base; the last corner is the apex, on the body's z axis."""

    name: ClassVar[str] = "square_pyramid"
    description: ClassVar[str] = "pyramid on a square base"
    faces: ClassVar = ((0, 1, 3, 2), (0, 1, 4), (1, 3, 4), (3, 2, 4), (2, 0, 4))

    base: float = length(12.0, "edge of the base")
    height: float = length(10.0, "height of the apex above the base")

    def vertices(self) -> Array:
        """Corners, shape (5, 3) [nm]; the centre of mass lies a quarter of the height up."""
        points = np.zeros((5, 3))
        points[:4, :2] = _SIGNS[::2, :2] * self.base / 2
        points[:4, 2] = -self.height / 4
        points[4, 2] = self.height * 3 / 4
        return points


@dataclass(frozen=True)
class Octahedron(Polyhedron):
    """Regular octahedron."""

    name: ClassVar[str] = "octahedron"
    description: ClassVar[str] = "regular octahedron"
    faces: ClassVar = tuple((x, y, z) for x in (0, 1) for y in (2, 3) for z in (4, 5))

    edge: float = length(10.0, "edge", relative=(0.5, 1.0))

    def vertices(self) -> Array:
        """Corners, shape (6, 3) [nm], on the axes."""
        return (
            np.repeat(np.eye(3), 2, axis=0) * np.tile([-1, 1], 3)[:, None] * self.edge / np.sqrt(2)
        )
