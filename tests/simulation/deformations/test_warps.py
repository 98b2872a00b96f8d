"""SIM-07: twisted, bent and rough bodies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Bent,
    Body,
    Cuboid,
    Cylinder,
    Deformation,
    DentedFaces,
    Grid,
    Helix,
    MissingSlab,
    Particle,
    Piece,
    Rod,
    Rough,
    RoundedCorners,
    Shape,
    Sphere,
    Twisted,
    project,
    random_rotation,
)

SHAPES = [Cuboid(8.0, 9.0, 10.0), Cylinder(8.0, 12.0), Rod(5.0, 14.0), Helix(turns=2.0)]


def volume_after(shape: Shape, *deformations: Deformation) -> float:
    return Particle(shape, deformations=deformations).volume


def surface(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals and middles of all triangles."""
    corners = np.concatenate([piece.mesh[0][piece.mesh[1]] for _, piece in body.pieces])
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals / np.linalg.norm(normals, axis=1, keepdims=True), corners.mean(axis=1)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.name)
@pytest.mark.parametrize("warp", [Twisted(3.0), Bent(0.8)], ids=lambda w: w.name)
def test_twist_and_bend_keep_the_volume(shape: Shape, warp: Deformation) -> None:
    assert volume_after(shape, warp) == pytest.approx(shape.volume, rel=0.003)


def test_a_twist_turns_every_height_by_its_angle() -> None:
    shape = Cuboid(6.0, 6.0, 20.0)
    grid = Grid((120, 121), (0.1, 0.1))
    end = 20.0 / 2 / (2 * shape.radius) * 2.0 / shape.radius  # of the half: z / (2 R) * d / R
    for left_handed, sign in ((False, 1), (True, -1)):
        twisted = Particle(shape, grid.centre, deformations=(Twisted(2.0, left_handed),))
        top = project(twisted, grid, between=(9.9, 10.1))
        still = Particle(shape, grid.centre, Rotation.from_rotvec([0, 0, sign * end]))
        overlap = ((top > 0) == (project(still, grid, between=(9.9, 10.1)) > 0)).mean()
        assert overlap > 0.99
        turned_away = Particle(shape, grid.centre, Rotation.from_rotvec([0, 0, -sign * end]))
        assert ((top > 0) == (project(turned_away, grid, between=(9.9, 10.1)) > 0)).mean() < 0.99


def test_the_displacement_is_the_path_of_the_outermost_points() -> None:
    shape = Cylinder(8.0, 12.0)
    ends = np.array([[0, 0, -1], [0, 0, 1]]) * shape.radius + np.array([shape.radius, 0, 0])
    moved = Twisted(1.3).move(shape, ends)
    angles = np.arctan2(moved[:, 1], moved[:, 0])
    assert (angles[1] - angles[0]) * shape.radius == pytest.approx(1.3)


def test_a_bent_axis_is_an_arc_that_keeps_its_length_and_moves_aside_by_the_deflection() -> None:
    shape = Rod(4.0, 20.0)
    axis = np.linspace([0, 0, -10.0], [0, 0, 10.0], 4001)
    moved = Bent(2.5).move(shape, axis)
    assert np.linalg.norm(np.diff(moved, axis=0), axis=1).sum() == pytest.approx(20.0, rel=1e-5)
    np.testing.assert_allclose(moved[[0, -1], 0], 2.5)
    np.testing.assert_allclose(moved[2000], 0, atol=1e-9)
    # Three points tell the circle; all others lie on it.
    circle = (2.5**2 + moved[-1, 2] ** 2) / (2 * 2.5)
    np.testing.assert_allclose(np.hypot(moved[:, 0] - circle, moved[:, 2]), circle)


def test_a_bent_rod_is_seen_bent() -> None:
    grid = Grid((121, 131), (0.2, 0.2))
    lying = Rotation.from_rotvec([np.pi / 2, 0, 0])  # z along the columns
    image = project(Particle(Rod(3.0, 20.0), grid.centre, lying, (Bent(2.0),)), grid)
    x = np.arange(131) * 0.2 - grid.centre[1]
    middles = [(row * x).sum() / row.sum() for row in image if row.sum() > 1]
    assert middles[len(middles) // 2] == pytest.approx(0, abs=0.1)
    assert middles[3] > 1.2 and middles[-4] > 1.2


@pytest.mark.parametrize("rms", [0.05, 0.2])
def test_the_rms_of_a_rough_face_is_the_one_asked_for(rms: float) -> None:
    shape = Cuboid(40.0, 40.0, 2.0)
    plane = np.stack(np.meshgrid(np.arange(-20, 20, 0.5), np.arange(-20, 20, 0.5)), -1)
    points = np.column_stack([plane.reshape(-1, 2), np.ones(6400)])
    heights = np.stack(
        [Rough(rms, 1.0, seed).move(shape, points)[:, 2] - 1 for seed in range(20)]
    ).reshape(20, 80, 80)
    assert heights.mean() == pytest.approx(0, abs=0.02 * rms)
    assert heights.std() == pytest.approx(rms, rel=0.03)
    assert ((heights / rms) ** 4).mean() == pytest.approx(3, abs=0.15)  # Gaussian
    # exp(-r²/l²): 1/e at the correlation length of 1 nm, two of the points away.
    for lag, expected in ((1, np.exp(-0.25)), (2, np.exp(-1)), (4, np.exp(-4))):
        found = (heights[:, lag:] * heights[:, :-lag]).mean() / rms**2
        assert found == pytest.approx(expected, abs=0.03)


def test_roughness_along_the_normals_is_the_same_on_every_face() -> None:
    shape = Sphere(20.0)
    body = Particle(shape, deformations=(Rough(0.15, 1.0, 4),)).body
    _, middles = surface(body)
    heights = np.linalg.norm(middles, axis=1) - 10.0
    for axis in range(3):
        polar = np.abs(middles[:, axis]) > 8.0
        assert heights[polar].std() == pytest.approx(0.15, rel=0.25)
    assert heights.std() == pytest.approx(0.15, rel=0.1)
    assert body.volume == pytest.approx(shape.volume, rel=0.02)


def test_the_seed_chooses_the_surface() -> None:
    some, same, other = (
        Rough(0.1, 1.0, seed).apply(Cuboid(), Cuboid().body).volume for seed in (1, 1, 2)
    )
    assert some == same != other


def test_what_is_missing_is_moved_with_the_rest() -> None:
    """A warp moves space: a dent, a slab and a rounded corner go along, and add up."""
    rng = np.random.default_rng(0)
    shape = Cuboid(8.0, 9.0, 10.0)
    grid = Grid((120, 130), (0.15, 0.14))
    wrong = (DentedFaces(1.0, 2.0, (3,)), MissingSlab(1.0, 2.0), RoundedCorners(2.0, (0,)))
    before = volume_after(shape, *wrong)
    for warp, change in ((Twisted(3.0), 1e-3), (Bent(1.0), 1e-3), (Rough(0.1, 1.5), 0.04)):
        particle = Particle(shape, grid.centre, random_rotation(rng), (*wrong, warp))
        image = project(particle, grid)
        assert particle.volume == pytest.approx(before, rel=change)
        assert image.sum(dtype=float) * 0.15 * 0.14 == pytest.approx(particle.volume, rel=2e-3)


def test_a_warped_mesh_is_closed_and_held_by_its_hull_and_radius() -> None:
    body = Particle(Cylinder(), deformations=(Twisted(3.0), Rough(0.1, 1.0))).body
    for _, piece in body.pieces:
        assert isinstance(piece, Piece)
        vertices, faces = piece.mesh
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).tolist()
        assert sorted(map(tuple, edges)) == sorted((b, a) for a, b in edges)
        assert np.linalg.norm(vertices, axis=1).max() <= body.radius * (1 + 1e-9)


@pytest.mark.parametrize("deflection", [6.3, 7.0, 100.0])
def test_a_bend_beyond_a_full_circle_is_refused(deflection: float) -> None:
    with pytest.raises(InputError, match=r"deflection of a sphere must be less than 6\.2"):
        Bent(deflection).apply(Sphere(17.2), Sphere(17.2).body)


def test_a_bend_that_folds_the_body_is_refused() -> None:
    with pytest.raises(InputError, match="must reach less far to its inside, or it folds"):
        Bent(5.0).apply(Sphere(16.0), Sphere(16.0).body)


def test_roughness_steeper_than_a_quarter_is_refused() -> None:
    assert Rough(0.25, 1.0).rms == 0.25
    with pytest.raises(InputError, match=r"Rough\.rms must be at most 0.25 of its correlation"):
        Rough(0.26, 1.0)
