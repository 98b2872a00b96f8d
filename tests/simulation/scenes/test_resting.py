"""How bodies lie on their support."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    Cylinder,
    Ellipsoid,
    Octahedron,
    Particle,
    Piece,
    Shape,
    Sphere,
    SquarePyramid,
    Tetrahedron,
    TruncatedCorners,
    simulate,
)
from napari_stem3d.simulation.scenes.placement import surface_points
from napari_stem3d.simulation.scenes.resting import centre_of_mass, resting_pose, stable_faces


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def depths(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Depths of a body's surface above the support it rests on."""
    rotation, z = resting_pose(shape.body, rng)
    return rotation.apply(surface_points(shape.body))[:, 2] + z


def test_it_touches_the_support_and_nothing_is_below(
    shape: Shape, rng: np.random.Generator
) -> None:
    for _ in range(5):
        assert depths(shape, rng).min() == pytest.approx(0, abs=1e-6 * shape.radius)


def test_polyhedra_lie_on_a_whole_face(rng: np.random.Generator) -> None:
    for shape, corners in (
        (Cuboid(7, 10, 13), {4}),
        (Tetrahedron(14), {3}),
        (SquarePyramid(12, 9), {3, 4}),
        (Octahedron(11), {3}),
    ):
        found = {int((depths(shape, rng) < 1e-6).sum()) for _ in range(40)}
        assert found == corners


def test_a_cube_falls_on_all_faces_alike(rng: np.random.Generator) -> None:
    rests = stable_faces(Cuboid(10, 10, 10).body)
    for axis in (*np.eye(3), *-np.eye(3)):
        own = (rests.normals @ axis) > 0.999
        assert rests.chances[own].sum() == pytest.approx(1 / 6)


def test_a_flat_box_lies_flat_more_often() -> None:
    """Chances are solid angles, 4 asin(ab / sqrt((a² + 4 d²)(b² + 4 d²))) of a face."""
    a, b, c = 12.0, 8.0, 3.0
    rests = stable_faces(Cuboid(a, b, c).body)
    for sides, axis in (((b, c, a), 0), ((c, a, b), 1), ((a, b, c), 2)):
        p, q, d = sides
        angle = 4 * np.arcsin(p * q / np.sqrt((p**2 + d**2) * (q**2 + d**2)))
        own = np.abs(rests.normals[:, axis]) > 0.999
        assert rests.chances[own].sum() == pytest.approx(2 * angle / (4 * np.pi))


def test_nothing_stands_on_a_face_beside_its_centre_of_mass() -> None:
    """A tall box with a slanted end tips over from that end, to the side it leans to."""
    slant = np.array([1.0, 0.0, 1.0]) / np.sqrt(2)
    body = Cuboid(4, 4, 12).body.cut(Piece(slant[None], np.array([4 / np.sqrt(2)])))
    rests = stable_faces(body)
    assert (rests.normals @ slant).max() < 0.999

    normals, offsets = body.pieces[0][1].normals, body.pieces[0][1].offsets
    rays = np.random.default_rng(0).normal(size=(100_000, 3))
    with np.errstate(divide="ignore"):
        distances = (offsets - normals @ centre_of_mass(body)) / (rays @ normals.T)
    met = np.where(distances > 0, distances, np.inf).argmin(axis=1)
    seen = np.bincount(met, minlength=len(normals)) / len(rays)
    tipping = int(np.argmax(normals @ slant))
    assert seen[tipping] > 0.03
    expected = seen[tipping] + seen[normals[:, 0] > 0.999].sum()
    leaning = rests.chances[rests.normals[:, 0] > 0.999].sum()
    assert leaning == pytest.approx(expected, abs=0.006)


def test_an_egg_lies_on_its_belly() -> None:
    rests = stable_faces(Ellipsoid(14, 10, 6).body)
    lying = np.abs(rests.normals[:, 2]) > 0.95
    assert rests.chances[lying].sum() > 0.95
    assert rests.heights[lying].min() == pytest.approx(3, rel=0.01)


def test_a_sphere_has_no_top(rng: np.random.Generator) -> None:
    body = Sphere(10.0).body
    ups = np.array([resting_pose(body, rng)[0].inv().apply([0, 0, 1]) for _ in range(600)])
    np.testing.assert_allclose(ups.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose((ups**2).mean(axis=0), 1 / 3, atol=0.06)


def test_a_cylinder_stands_or_lies_and_a_cone_does_not_stand_on_its_tip() -> None:
    upright = np.abs(stable_faces(Cylinder(8, 13).body).normals[:, 2])
    assert np.all((upright > 0.999) | (upright < 0.03))
    assert stable_faces(Cone(12, 9).body).normals[:, 2].max() < 0.9


def test_the_turn_about_the_beam_is_even(rng: np.random.Generator) -> None:
    body = Tetrahedron().body
    xs = np.array([resting_pose(body, rng)[0].apply([1.0, 0, 0]) for _ in range(600)])
    assert abs(xs[:, 0].mean()) < 0.1 and abs(xs[:, 1].mean()) < 0.1


def test_the_origin_of_every_shape_is_its_centre_of_mass(shape: Shape) -> None:
    assert np.abs(centre_of_mass(shape.body)).max() < 2e-3 * shape.radius


def test_cut_bodies_rest_too(rng: np.random.Generator) -> None:
    cut = TruncatedCorners.random(Cuboid(8, 9, 10), 3, rng)
    particle = Particle(Cuboid(8, 9, 10), deformations=(cut,))
    assert np.abs(centre_of_mass(particle.body)).max() > 1e-3
    rotation, z = resting_pose(particle.body, rng)
    assert rotation.apply(surface_points(particle.body))[:, 2].min() + z == pytest.approx(0)


def test_a_series_of_resting_particles(rng: np.random.Generator) -> None:
    series = simulate(Cuboid(4, 6, 8), frames=12, particles=2, poses="resting")
    heights = {round(row["z_nm"], 6) for i in range(12) for p in series.scene(i).particles
               for row in [p.truth()]}  # fmt: skip
    assert heights <= {2.0, 3.0, 4.0} and len(heights) > 1
    afloat = simulate(Cuboid(4, 6, 8), poses="random").scene(0).particles[0]
    assert afloat.z == 0


def test_unknown_poses_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"poses must be one of random, resting\. Received: 'flat'"
    ):
        simulate(Cuboid(), poses="flat")
