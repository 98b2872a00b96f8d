"""Built-in shapes, registered through the same hook as everybody's."""

from __future__ import annotations

from napari_stem3d.plugins import hookimpl
from napari_stem3d.simulation.shapes._base import Polyhedron, Shape
from napari_stem3d.simulation.shapes.curved import Cone, Cylinder, Ellipsoid, Sphere
from napari_stem3d.simulation.shapes.polyhedra import (
    Cuboid,
    Octahedron,
    SquarePyramid,
    Tetrahedron,
)

__all__ = [
    "Cone",
    "Cuboid",
    "Cylinder",
    "Ellipsoid",
    "Octahedron",
    "Polyhedron",
    "Shape",
    "Sphere",
    "SquarePyramid",
    "Tetrahedron",
]


@hookimpl
def register_shapes() -> list[type[Shape]]:
    """Shapes that come with the package."""
    return [Sphere, Ellipsoid, Cuboid, Tetrahedron, SquarePyramid, Cone, Cylinder, Octahedron]
