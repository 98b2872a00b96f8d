"""Signed pieces, clamped meshes, several quadrics and slabs, against closed forms and twins."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Body,
    Cone,
    Cuboid,
    Cylinder,
    Grid,
    Particle,
    Piece,
    Polyhedron,
    Shape,
    Sphere,
    length,
    project,
    random_rotation,
)

GridFor = Callable[..., Grid]


def ball(radius: float, *centre: float) -> Piece:
    quadric = np.eye(4)
    quadric[3, :3] = quadric[:3, 3] = -np.array(centre)
    quadric[3, 3] = np.dot(centre, centre) - radius**2
    return Piece(quadrics=quadric[None])


def half_space(*normal: float, offset: float = 0.0) -> Piece:
    unit = np.array([normal]) / np.linalg.norm(normal)
    return Piece(unit, np.array([offset]))


class Bare(Shape):
    """A body that goes by the name of a shape."""

    name: ClassVar[str] = "bare"
    description: ClassVar[str] = "bare"

    def __init__(self, body: Body) -> None:
        self.__dict__["body"] = body


def particle(body: Body, grid: Grid, rotation: Rotation | None = None) -> Particle:
    return Particle(Bare(body), grid.centre, rotation or Rotation.identity())


def triangles(shape: Shape) -> Body:
    """The same body, given by its surface."""
    ((_, surface),) = shape.body.meshes()
    return Body(((1.0, Piece(mesh=surface)),), shape.radius)


def volume(image: NDArray, grid: Grid) -> float:
    return float(image.sum(dtype=float) * np.prod(grid.sampling))


CUBE = Cuboid(10.0, 10.0, 10.0).body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (CUBE.without(ball(3, 5, 0, 0)), 1000 - 18 * np.pi),
        (CUBE.united(ball(3, 5, 0, 0)), 1000 + 18 * np.pi),
        (CUBE.without(half_space(1, 1, 1).intersect(half_space(-1, -1, -1, offset=2))), None),
        (CUBE.cut(ball(6, 3, 0, 0)).cut(ball(6, -3, 0, 0)), np.pi * 2 * 9 * (18 - 3) / 3),
    ],
    ids=["dent", "bump", "slab", "lens of two spheres"],
)
def test_signed_pieces_add_up_to_the_volume_in_every_pose(
    body: Body, expected: float | None, grid_for: GridFor
) -> None:
    """SIM-07: within 0.5 % in 20 random poses."""
    rng = np.random.default_rng(0)
    grid = grid_for(body.radius)
    expected = expected or body.volume
    for _ in range(20):
        image = project(particle(body, grid, random_rotation(rng)), grid)
        assert image.min() >= 0
        assert volume(image, grid) == pytest.approx(expected, rel=0.005)


def test_the_depth_of_a_dent_and_the_height_of_a_bump() -> None:
    """The thickness along the axis of a ball on a face, and beside it."""
    grid = Grid((51, 51), (0.2, 0.2))
    dent = project(particle(CUBE.without(ball(3, 0, 0, 5)), grid), grid)
    bump = project(particle(CUBE.united(ball(3, 0, 0, 5)), grid), grid)
    y, x = (np.indices(grid.gpts) - 25) * 0.2
    depth = np.sqrt(np.maximum(9 - x**2 - y**2, 0))
    inside = np.maximum(abs(x), abs(y)) < 4.99
    np.testing.assert_allclose(dent[inside], (10 - depth)[inside], atol=1e-5)
    np.testing.assert_allclose(bump[inside], (10 + depth)[inside], atol=1e-5)


def test_what_is_taken_twice_is_missing_once() -> None:
    grid, rotation = Grid((90, 80), (0.2, 0.25)), random_rotation(np.random.default_rng(1))
    once = CUBE.without(ball(4, 5, 1, 0))
    np.testing.assert_allclose(
        project(particle(once.without(ball(4, 5, 1, 0)), grid, rotation), grid),
        project(particle(once, grid, rotation), grid),
        atol=1e-5,
    )


def test_no_more_is_added_than_the_region_holds_outside() -> None:
    grid = Grid((90, 80), (0.2, 0.25))
    inner = CUBE.united(ball(4, 0, 0, 0))
    np.testing.assert_allclose(
        project(particle(inner, grid), grid), project(particle(CUBE, grid), grid), atol=1e-5
    )


def test_a_part_of_a_mesh_is_the_part_of_its_planes(
    polyhedron: Polyhedron, grid_for: GridFor
) -> None:
    """Triangles clamped to the depths that planes and quadrics leave."""
    rng = np.random.default_rng(2)
    grid, size = grid_for(polyhedron.radius, (70, 80)), 0.4 * polyhedron.radius
    regions = (
        half_space(0.2, 1.0, -0.4, offset=0.2 * size),
        half_space(0, 0, 1, offset=size).intersect(half_space(1, 0, -1, offset=size)),
        ball(1.7 * size, size, 0, 0),
        ball(1.7 * size, size, 0, 0).intersect(ball(1.7 * size, 0, size, 0)),
    )
    surface = triangles(polyhedron)
    for region in regions:
        rotation = random_rotation(rng)
        for change in (Body.cut, Body.without):
            one, two = (
                project(particle(change(body, region), grid, rotation), grid)
                for body in (surface, polyhedron.body)
            )
            assert one.max() > 0
            np.testing.assert_allclose(one, two, atol=2e-5 * polyhedron.radius)


def test_slabs_add_up_to_the_whole(shape: Shape, grid_for: GridFor) -> None:
    """Depth of field: what lies between depths is projected alone."""
    rng = np.random.default_rng(3)
    grid = grid_for(shape.radius, (50, 60))
    edges = np.array([-np.inf, -0.5, -0.1, 0.2, 0.6, np.inf]) * shape.radius
    for body in (shape.body, triangles(shape), shape.body.without(ball(1.0, 0, 0, 1))):
        one = replace(particle(body, grid, random_rotation(rng)), z=0.1 * shape.radius)
        parts = [project(one, grid, between=pair) for pair in itertools.pairwise(edges)]
        np.testing.assert_allclose(sum(parts), project(one, grid), atol=1e-5 * shape.radius)
        assert sum(part.any() for part in parts) >= 3
        inner = np.diff(edges)[1:-1]
        assert all(part.max() <= high * (1 + 1e-5) for part, high in zip(parts[1:-1], inner))


def test_depths_are_those_of_the_laboratory() -> None:
    grid = Grid((41, 41), (0.3, 0.3))
    cube = replace(particle(CUBE, grid), z=20.0)
    assert project(cube, grid, between=(16.0, 18.0))[20, 20] == pytest.approx(2.0, rel=1e-6)
    assert project(cube, grid, between=(23.0, 99.0))[20, 20] == pytest.approx(2.0, rel=1e-6)
    assert not project(cube, grid, between=(-10.0, 14.9)).any()
    assert not project(cube, grid, between=(25.1, 1e12)).any()
    # Towards larger depths lies what the body's z points to.
    cone = replace(particle(Cone(8.0, 8.0).body, grid), z=20.0)
    base, tip = (project(cone, grid, between=b) for b in ((17.0, 19.0), (23.0, 27.0)))
    assert np.count_nonzero(tip) < np.count_nonzero(base) / 4


@pytest.mark.parametrize("between", [(1.0, 0.0), (float("nan"), 1.0), (0.0,), 3.0, "ab"])
def test_depths_that_make_no_sense_are_refused(between) -> None:
    with pytest.raises(InputError, match="between must be two depths"):
        project(Particle(Sphere()), Grid(), between=between)


def test_weights_are_factors_of_the_particles() -> None:
    grid = Grid((60, 60), (0.3, 0.3))
    scene = [Particle(Cuboid(5, 6, 7), (8.0, 8.0)), Particle(Sphere(8.0), (10.0, 11.0))]
    scene.append(replace(particle(CUBE.without(ball(3, 5, 0, 0)), grid)))
    expected = sum(w * project(p, grid) for w, p in zip((0.5, 2.0, 3.0), scene))
    weighted = project(scene, grid, weights=(0.5, 2.0, 3.0))
    np.testing.assert_allclose(weighted, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 2.0, 3.0), (1.0, float("inf")), ("a", "b"), 1.0])
def test_weights_that_do_not_fit_are_refused(weights) -> None:
    with pytest.raises(InputError, match="weights must be 2 finite numbers"):
        project([Particle(Sphere()), Particle(Sphere())], Grid(), weights=weights)


@dataclass(frozen=True)
class MeshCuboid(Shape):
    """Cuboid given by the triangles of its surface."""

    name: ClassVar[str] = "mesh_cuboid"
    description: ClassVar[str] = "cuboid of triangles"

    a: float = length(7.0, "edge along x")
    b: float = length(10.0, "edge along y")
    c: float = length(13.0, "edge along z")

    def mesh(self) -> tuple[NDArray, NDArray]:
        ((_, surface),) = Cuboid(self.a, self.b, self.c).body.meshes()
        return surface


def test_a_cuboid_of_triangles_is_the_cuboid_of_planes(grid_for: GridFor) -> None:
    rng = np.random.default_rng(13)
    mesh, planes = MeshCuboid(), Cuboid(7.0, 10.0, 13.0)
    assert mesh.volume == pytest.approx(planes.volume)
    assert mesh.radius == pytest.approx(planes.radius)
    grid = grid_for(mesh.radius)
    for _ in range(10):
        pose = Particle(planes, grid.centre, random_rotation(rng))
        twin = replace(pose, shape=mesh)
        np.testing.assert_allclose(project(twin, grid), project(pose, grid), atol=1e-4)


def test_triangles_edge_on_leave_no_gap_and_no_streak() -> None:
    # Edges fall exactly on pixels and four faces stand along the beam: the hardest case.
    grid = Grid((40, 40), (0.5, 0.5))
    image = project(Particle(MeshCuboid(8.0, 6.0, 4.0), (10.0, 10.0)), grid)
    rows, columns = np.nonzero(image)
    np.testing.assert_allclose(image[image > 0], 4.0, rtol=1e-6)
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)  # no pixel inside is empty
    assert volume(image, grid) == pytest.approx(8 * 6 * 4)


def test_degenerate_triangles_add_nothing() -> None:
    vertices, faces = MeshCuboid().mesh()
    doubled = np.concatenate([faces, faces[:3, [0, 0, 1]], faces[:2], faces[:2, ::-1]])
    grid, rotation = Grid((60, 50), (0.3, 0.4)), random_rotation(np.random.default_rng(4))
    plain, more = (
        Body(((1.0, Piece(mesh=(vertices, f))),), MeshCuboid().radius) for f in (faces, doubled)
    )
    np.testing.assert_allclose(
        project(particle(more, grid, rotation), grid),
        project(particle(plain, grid, rotation), grid),
        atol=1e-5,
    )
    flat = Body(((1.0, Piece(mesh=(vertices * [1, 1, 0], faces))),), 9.0)
    assert project(particle(flat, grid, rotation), grid).max() < 1e-5


@pytest.mark.parametrize("shape", [MeshCuboid(0.2, 0.2, 0.2), Sphere(0.2), Cylinder(0.2, 0.2)])
def test_bodies_smaller_than_a_pixel_are_seen_at_its_centre_alone(shape: Shape) -> None:
    grid = Grid((5, 5), (1.0, 1.0))
    assert np.count_nonzero(project(Particle(shape, (2.0, 2.0)), grid)) == 1
    assert project(Particle(shape, (2.0, 2.0)), grid)[2, 2] > 0
    assert not project(Particle(shape, (2.5, 2.5)), grid).any()


def test_meshes_and_sums_wholly_outside_leave_no_trace() -> None:
    grid = Grid((32, 32))
    for body in (triangles(Sphere(4.0)), CUBE.without(ball(3, 5, 0, 0))):
        for position in ((-20.0, 3.0), (3.0, -20.0), (30.0, 3.0), (3.0, 30.0), (1e6, -1e6)):
            assert not project(Particle(Bare(body), position), grid).any()
