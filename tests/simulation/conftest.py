"""Shapes of uneven dimensions, and grids that just hold them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    Cylinder,
    Decahedron,
    Ellipsoid,
    Grid,
    HexagonalPrism,
    Icosahedron,
    Octahedron,
    Polyhedron,
    Shape,
    Sphere,
    SquarePyramid,
    Tetrahedron,
    TruncatedOctahedron,
)

POLYHEDRA = (
    Cuboid(a=7.0, b=10.0, c=13.0),
    Tetrahedron(edge=14.0),
    SquarePyramid(base=12.0, height=9.0),
    Octahedron(edge=11.0),
    HexagonalPrism(edge=6.0, height=9.0),
    TruncatedOctahedron(edge=5.0),
    Decahedron(edge=9.0, belt=3.0),
    Icosahedron(edge=7.0),
)
CURVED = (
    Sphere(diameter=11.0),
    Ellipsoid(a=14.0, b=10.0, c=7.0),
    Cone(diameter=12.0, height=9.0),
    Cylinder(diameter=8.0, height=13.0),
)


@pytest.fixture(params=POLYHEDRA + CURVED, ids=lambda shape: shape.name)
def shape(request: pytest.FixtureRequest) -> Shape:
    return request.param


@pytest.fixture(params=POLYHEDRA, ids=lambda shape: shape.name)
def polyhedron(request: pytest.FixtureRequest) -> Polyhedron:
    return request.param


@pytest.fixture(params=CURVED, ids=lambda shape: shape.name)
def curved(request: pytest.FixtureRequest) -> Shape:
    return request.param


@pytest.fixture(scope="session")
def grid_for() -> Callable[..., Grid]:
    """Grid that a sphere of some radius nearly fills, with dy != dx."""

    def make(radius: float, gpts: tuple[int, int] = (128, 150)) -> Grid:
        return Grid(gpts, (2.1 * radius / gpts[0], 2.1 * radius / gpts[1]))

    return make
