"""Built-in shapes, registered through the same hook as everybody's."""

from __future__ import annotations

from napari_stem3d.plugins import hookimpl
from napari_stem3d.simulation.shapes._base import Polyhedron, Shape, sphere_quadric
from napari_stem3d.simulation.shapes.crystals import (
    Decahedron,
    HexagonalPrism,
    Icosahedron,
    TruncatedOctahedron,
)
from napari_stem3d.simulation.shapes.curved import Cone, Cylinder, Ellipsoid, Sphere
from napari_stem3d.simulation.shapes.helix import Helix
from napari_stem3d.simulation.shapes.mesh_file import MeshShape
from napari_stem3d.simulation.shapes.polyhedra import (
    Cuboid,
    Octahedron,
    SquarePyramid,
    Tetrahedron,
)
from napari_stem3d.simulation.shapes.rod import Rod

__all__ = [
    "Cone",
    "Cuboid",
    "Cylinder",
    "Decahedron",
    "Ellipsoid",
    "Helix",
    "HexagonalPrism",
    "Icosahedron",
    "MeshShape",
    "Octahedron",
    "Polyhedron",
    "Rod",
    "Shape",
    "Sphere",
    "SquarePyramid",
    "Tetrahedron",
    "TruncatedOctahedron",
    "sphere_quadric",
]


@hookimpl
def register_shapes() -> list[type[Shape]]:
    """Shapes that come with the package."""
    return [
        Sphere,
        Ellipsoid,
        Cuboid,
        Tetrahedron,
        SquarePyramid,
        Cone,
        Cylinder,
        Octahedron,
        HexagonalPrism,
        Rod,
        TruncatedOctahedron,
        Decahedron,
        Icosahedron,
        Helix,
        MeshShape,
    ]
