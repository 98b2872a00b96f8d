"""Signed sums of pieces against volumes in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Body, Cone, Cuboid, Cylinder, Piece, Polyhedron, Shape, Sphere
from napari_stem3d.simulation.bodies.body import plane_vertices

CUBE = Cuboid(10.0, 10.0, 10.0).body


def ball(radius: float, *centre: float) -> Piece:
    quadric = np.eye(4)
    quadric[3, :3] = quadric[:3, 3] = -np.array(centre)
    quadric[3, 3] = np.dot(centre, centre) - radius**2
    return Piece(quadrics=quadric[None])


def slab(low: float, high: float, axis: int = 2) -> Piece:
    normal = np.eye(3)[axis]
    return Piece(np.array([normal, -normal]), np.array([high, -low]))


def tetrahedron() -> Piece:
    vertices = np.array([[0, 0, 0], [3, 0, 0], [0, 2, 0], [0, 0, 1]], float)
    return Piece(mesh=(vertices, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])))


def test_planes_enclose_the_corners_they_were_made_from(polyhedron: Polyhedron) -> None:
    found = plane_vertices(*polyhedron.half_spaces())
    distances = np.linalg.norm(found[:, None] - polyhedron.vertices(), axis=2)
    assert distances.min(axis=1).max() < 1e-9  # nothing that is no corner
    assert distances.min(axis=0).max() < 1e-9  # and all corners


def test_the_volume_of_planes_is_that_of_their_hull(polyhedron: Polyhedron) -> None:
    assert polyhedron.body.volume == pytest.approx(ConvexHull(polyhedron.vertices()).volume)


def test_the_volume_of_curved_bodies_is_right_to_1e_4(curved: Shape) -> None:
    """SIM-03: what the body measures of itself is what the textbook says of the shape."""
    assert curved.body.volume == pytest.approx(curved.volume, rel=1e-4)


@pytest.mark.parametrize("shape", [Cylinder(2.0, 40.0), Cylinder(40.0, 0.5), Cone(1.0, 30.0)])
def test_so_it_is_of_long_and_flat_ones(shape: Shape) -> None:
    assert shape.body.volume == pytest.approx(shape.volume, rel=1e-4)


@pytest.mark.parametrize(
    ("body", "volume"),
    [
        (CUBE.cut(slab(-1, 4)), 500),
        (CUBE.without(slab(-1, 1)), 800),  # the slab that is missing
        (CUBE.without(slab(-1, 1)).without(slab(-1, 1, axis=0)), 640),
        (CUBE.without(slab(-1, 1)).without(slab(-1, 1)), 800),  # nothing is taken twice
        (CUBE.without(ball(3, 5, 0, 0)), 1000 - 18 * np.pi),  # the dent in a face
        (CUBE.without(ball(3, 5, 5, 5)), 1000 - 4.5 * np.pi),  # in a corner
        (CUBE.united(ball(3, 5, 0, 0)), 1000 + 18 * np.pi),  # the bump on a face
        (CUBE.united(ball(3, 0, 0, 0)), 1000),
        (CUBE.united(ball(2, 20, 0, 0)), 1000 + 32 / 3 * np.pi),
        (CUBE.cut(ball(5, 0, 0, 0)), 500 / 3 * np.pi),
        (CUBE.without(ball(3, 5, 0, 0)).united(ball(3, 5, 0, 0)), 1000 + 18 * np.pi),
        (CUBE.without(ball(9, 0, 0, 0)), 0),
        (CUBE.without(ball(1, 50, 0, 0)), 1000),
    ],
)
def test_what_is_cut_taken_and_added_has_the_volume_of_the_textbook(
    body: Body, volume: float
) -> None:
    """SIM-07."""
    assert body.volume == pytest.approx(volume, abs=0.1)
    meshes = sum(sign * signed_volume(*mesh) for sign, mesh in body.meshes())
    assert meshes == pytest.approx(volume, abs=0.003 * CUBE.volume)


def test_what_is_cut_off_and_what_is_left_are_the_whole(shape: Shape) -> None:
    region = slab(-0.1 * shape.radius, 0.3 * shape.radius, axis=1)
    parts = shape.body.cut(region).volume + shape.body.without(region).volume
    assert parts == pytest.approx(shape.body.volume, rel=2e-4)


def test_a_cut_leaves_the_first_body_alone() -> None:
    half = CUBE.cut(slab(-5, 0))
    assert half.volume == pytest.approx(500)
    assert CUBE.volume == pytest.approx(1000)


def test_what_is_added_widens_the_radius_and_the_hull() -> None:
    wider = CUBE.united(ball(2, 0, 20, 0))
    assert wider.radius == pytest.approx(22)
    assert wider.hull[:, 1].max() == pytest.approx(22)
    assert CUBE.united(ball(1, 0, 0, 0)).radius == CUBE.radius
    box = Cuboid(4.0, 4.0, 30.0).body.pieces[0][1]
    assert CUBE.united(box).radius == pytest.approx(np.sqrt(4 + 4 + 225))


def test_what_has_no_end_cannot_be_added() -> None:
    with pytest.raises(InputError, match="region must be bounded"):
        CUBE.united(slab(0, 1))
    with pytest.raises(InputError, match="region must be bounded"):
        CUBE.united(slab(1, 0))


def test_the_volume_of_a_mesh_may_lie_anywhere() -> None:
    vertices, faces = tetrahedron().mesh
    moved = vertices + np.array([5, -7, 9])
    body = Body(((1.0, Piece(mesh=(moved, faces))),), radius=20.0)
    assert body.volume == pytest.approx(1.0)


def test_a_mesh_is_cut_exactly() -> None:
    body = Body(((1.0, tetrahedron()),), radius=3.0)
    # Above the height h a pyramid of the height 1 keeps (1 - h)³ of its volume.
    assert body.cut(slab(0.25, 9)).volume == pytest.approx(0.75**3)
    assert body.cut(slab(0.25, 0.5)).volume == pytest.approx(0.75**3 - 0.5**3)
    assert body.without(slab(0.25, 0.5)).volume == pytest.approx(1 - 0.75**3 + 0.5**3)
    assert body.cut(slab(2, 3)).volume == 0


def test_two_meshes_have_no_intersection_that_is_a_piece() -> None:
    with pytest.raises(InputError, match="other must be made of planes and quadrics"):
        tetrahedron().intersect(tetrahedron())
    assert tetrahedron().intersect(slab(0, 1)).mesh is not None
    assert slab(0, 1).intersect(tetrahedron()).mesh is not None


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def require_closed(faces: np.ndarray) -> None:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = sorted(map(tuple, edges.tolist()))
    assert there == sorted((b, a) for a, b in there)


@pytest.mark.parametrize("longest", [np.inf, 0.4])
def test_meshes_are_closed_outward_and_of_the_right_volume(shape: Shape, longest: float) -> None:
    ((sign, (vertices, faces)),) = shape.body.meshes(longest * shape.radius)
    assert sign == 1
    require_closed(faces)
    exact = isinstance(shape, Polyhedron)
    assert signed_volume(vertices, faces) == pytest.approx(
        shape.volume, rel=1e-9 if exact else 0.002
    )
    corners = vertices[faces]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", outward, corners[:, 0]) > 0).all()
    edges = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    assert edges.max() <= longest * shape.radius
    assert np.linalg.norm(vertices, axis=1).max() <= shape.radius * (1 + 1e-6)


def test_meshes_of_all_pieces_of_a_dented_and_cut_mesh_are_closed() -> None:
    ((_, surface),) = Sphere(10.0).body.meshes()
    body = Body(((1.0, Piece(mesh=surface)),), radius=5.0)
    changed = body.cut(slab(-2, 5)).without(ball(2, 0, 0, 5))
    total = 0.0
    for sign, (vertices, faces) in changed.meshes():
        require_closed(faces)
        total += sign * signed_volume(vertices, faces)
    cap = np.pi * 3**2 * (3 * 5 - 3) / 3
    lens = np.pi * (5 + 2 - 5) ** 2 * (25 + 2 * 5 * 2 - 3 * 4 + 2 * 5 * 5 + 6 * 2 * 5 - 3 * 25) / 60
    assert total == pytest.approx(500 / 3 * np.pi - cap - lens, rel=0.003)
    assert changed.volume == pytest.approx(total, rel=0.003)


def test_an_empty_piece_has_no_mesh() -> None:
    assert CUBE.cut(ball(1, 50, 0, 0)).meshes() == []
    assert CUBE.cut(slab(7, 8)).meshes() == []


@pytest.mark.parametrize("longest", [0.0, -1.0, float("nan")])
def test_edges_cannot_be_shorter_than_nothing(longest: float) -> None:
    with pytest.raises(InputError, match="longest_edge must be a positive length"):
        CUBE.meshes(longest)
