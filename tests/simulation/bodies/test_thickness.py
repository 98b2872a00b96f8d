"""Thickness maps against geometry that is computed in another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation
from scipy.special import elliprg

from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    CutCorners,
    Cylinder,
    Ellipsoid,
    Grid,
    Particle,
    Polyhedron,
    Shape,
    Sphere,
    project,
    project_batch,
    project_particles,
    random_rotation,
)
from napari_stem3d.simulation.shapes import register_shapes

GridFor = Callable[..., Grid]
quiet = settings(max_examples=25, deadline=None, derandomize=True)


def random_pose(shape: Shape, grid: Grid, rng: np.random.Generator, cuts: int = 0) -> Particle:
    """Particle whose centre lies anywhere within the central pixel."""
    position = np.array(grid.centre) + rng.uniform(-0.5, 0.5, 2) * grid.sampling
    deformations = (CutCorners.random(shape, cuts, rng),) if cuts else ()
    return Particle(shape, tuple(position.tolist()), random_rotation(rng), deformations)


def volume(image: NDArray, grid: Grid) -> float:
    return float(image.sum(dtype=float) * np.prod(grid.sampling))


def pixels(grid: Grid) -> tuple[NDArray, NDArray]:
    y, x = np.indices(grid.gpts)
    return y * grid.sampling[0], x * grid.sampling[1]


def surface(shape: Shape) -> float:
    """Area of the surface [nm²], in closed form."""
    if isinstance(shape, Ellipsoid):
        a, b, c = (shape.a / 2) ** 2, (shape.b / 2) ** 2, (shape.c / 2) ** 2
        return float(4 * np.pi * elliprg(a * b, a * c, b * c))
    if isinstance(shape, Polyhedron):
        return float(ConvexHull(shape.vertices()).area)
    r = shape.diameter / 2  # type: ignore[attr-defined]
    if isinstance(shape, Sphere):
        return 4 * np.pi * r**2
    if isinstance(shape, Cylinder):
        return 2 * np.pi * r * (r + shape.height)
    return np.pi * r * (r + float(np.hypot(r, shape.height)))  # type: ignore[attr-defined]


def test_thickness_adds_up_to_the_volume_in_every_pose(shape: Shape, grid_for: GridFor) -> None:
    """SIM-02, SIM-03: within 0.5 % at about 128 x 128 pixels, in 20 random poses."""
    rng = np.random.default_rng(1)
    grid = grid_for(shape.radius)
    for _ in range(20):
        assert volume(project(random_pose(shape, grid, rng), grid), grid) == pytest.approx(
            shape.volume, rel=0.005
        )


@pytest.mark.parametrize("name", sorted({s.name for s in register_shapes()} - {"mesh"}))
def test_so_it_does_for_every_shape_that_is_registered(name: str, grid_for: GridFor) -> None:
    """SIM-02, SIM-03: as they come by default; `mesh` needs a file and has its own test."""
    shape, rng = get_shape(name)(), np.random.default_rng(16)
    grid = grid_for(shape.radius, (128, 128))
    for _ in range(20):
        image = project(Particle(shape, grid.centre, random_rotation(rng)), grid)
        assert volume(image, grid) == pytest.approx(shape.volume, rel=0.005)


@pytest.mark.parametrize("gpts", [(100, 100), (128, 128), (256, 256), (256, 130)])
def test_so_it_does_in_images_of_any_size(gpts: tuple[int, int], grid_for: GridFor) -> None:
    """SIM-21, SIM-22: the sizes of the seeds, and one that is not square."""
    shape, rng = Cuboid(6.0, 7.0, 8.0), np.random.default_rng(15)
    grid = grid_for(shape.radius, gpts)
    image = project(random_pose(shape, grid, rng), grid)
    assert image.shape == gpts
    assert volume(image, grid) == pytest.approx(shape.volume, rel=0.005)


def test_so_it_does_with_deformed_corners(polyhedron: Polyhedron, grid_for: GridFor) -> None:
    """SIM-06."""
    rng = np.random.default_rng(2)
    grid = grid_for(polyhedron.radius)
    for _ in range(20):
        count = int(rng.integers(1, len(polyhedron.vertices()) + 1))
        particle = random_pose(polyhedron, grid, rng, count)
        assert particle.volume < polyhedron.volume
        assert volume(project(particle, grid), grid) == pytest.approx(particle.volume, rel=0.005)


def test_the_mean_silhouette_is_a_quarter_of_the_surface(shape: Shape, grid_for: GridFor) -> None:
    """SIM-02: Cauchy's theorem for convex bodies, within 1 %."""
    # 3,000 poses leave a standard error of 0.3 %.
    rng = np.random.default_rng(3)
    grid = grid_for(shape.radius, (80, 90))
    poses = [random_pose(shape, grid, rng) for _ in range(3000)]
    area = (project_batch(poses, grid) > 0).mean() * np.prod(grid.extent)
    assert area == pytest.approx(surface(shape) / 4, rel=0.01)


def test_the_chords_of_a_sphere() -> None:
    """P-1, SIM-02: the chord at the distance d from the axis is 2 √(R² - d²)."""
    grid = Grid((61, 41), (0.2, 0.3))
    image = project(Particle(Sphere(9.0), grid.centre), grid)
    y, x = pixels(grid)
    squares = 4.5**2 - (y - grid.centre[0]) ** 2 - (x - grid.centre[1]) ** 2
    np.testing.assert_allclose(image, 2 * np.sqrt(np.maximum(squares, 0)), atol=2e-5)
    assert image[30, 20] == pytest.approx(9.0, rel=1e-6)


def test_every_pixel_agrees_with_a_count_of_points_inside(shape: Shape, grid_for: GridFor) -> None:
    rng = np.random.default_rng(4)
    grid = grid_for(shape.radius, (13, 16))
    depth, step = np.linspace(-shape.radius, shape.radius, 401, retstep=True)
    for _ in range(4):
        particle = random_pose(shape, grid, rng)
        y, x = pixels(grid)
        points = np.stack(
            np.broadcast_arrays(
                (x - particle.position[1])[..., None], (y - particle.position[0])[..., None], depth
            ),
            axis=-1,
        )
        own = particle.rotation.inv().apply(points.reshape(-1, 3))
        planes, quadric = shape.half_spaces(), shape.quadric()
        inside = np.ones(len(own), bool)
        if planes is not None:
            inside &= (own @ planes[0].T <= planes[1]).all(axis=1)
        if quadric is not None:
            ones = np.column_stack([own, np.ones(len(own))])
            inside &= np.einsum("ni,ij,nj->n", ones, quadric, ones) <= 0
        counted = inside.reshape(points.shape[:-1]).sum(axis=-1) * step
        np.testing.assert_allclose(project(particle, grid), counted, atol=2 * step)


def test_beams_steeper_than_the_mantle_of_a_cone() -> None:
    # Seen along its axis every beam is steeper, seen from the side every beam is flatter.
    cone = Cone(diameter=8.0, height=20.0)
    grid = Grid((81, 101), (0.25, 0.2))
    y, x = (p - c for p, c in zip(pixels(grid), grid.centre))
    along = project(Particle(cone, grid.centre), grid)
    expected = 20.0 * np.maximum(0, 1 - np.hypot(x, y) / 4.0)
    np.testing.assert_allclose(along, expected, atol=1e-4)
    # The axis turned from the beam into the rows: the apex points along +x.
    side = project(Particle(cone, grid.centre, Rotation.from_euler("y", 90, degrees=True)), grid)
    radius = np.where((x >= -5.0) & (x <= 15.0), 4.0 * (15.0 - x) / 20.0, 0.0)
    expected = 2 * np.sqrt(np.maximum(0, radius**2 - y**2))
    inner = abs(abs(x + 5.0)) > 0.01  # the base's own column is a matter of rounding
    np.testing.assert_allclose(side[inner], expected[inner], atol=2e-3)


def test_a_mirror_behind_shows_the_same_image(shape: Shape, grid_for: GridFor) -> None:
    """P-9, SIM-11."""
    # Half a turn about x swaps front and back, and turns the image upside down.
    rng = np.random.default_rng(5)
    grid = grid_for(shape.radius)
    turn = Rotation.from_rotvec([np.pi, 0, 0])
    for _ in range(3):
        front = Particle(shape, grid.centre, random_rotation(rng))
        back = replace(front, rotation=turn * front.rotation)
        difference = project(back, grid)[::-1] - project(front, grid)
        assert np.abs(difference).sum() < 1e-4 * project(front, grid).sum()


def test_a_quaternion_and_its_negative_are_one_pose(shape: Shape, grid_for: GridFor) -> None:
    """SIM-11."""
    grid = grid_for(shape.radius)
    quaternion = random_rotation(np.random.default_rng(6)).as_quat()
    one, two = (
        project(Particle(shape, grid.centre, Rotation.from_quat(q)), grid)
        for q in (quaternion, -quaternion)
    )
    np.testing.assert_array_equal(one, two)


def test_x_runs_along_the_rows_and_y_down_the_columns() -> None:
    grid = Grid((100, 60), (0.1, 0.4))
    image = project(Particle(Cuboid(a=8.02, b=2.02, c=5.0), position=(3.0, 12.0)), grid)
    rows, columns = np.nonzero(image)
    assert (rows.min(), rows.max()) == (20, 40)  # 3.0 +- 1.01 nm at 0.1 nm
    assert (columns.min(), columns.max()) == (20, 40)  # 12.0 +- 4.01 nm at 0.4 nm
    assert image[30, 30] == pytest.approx(5.0)


def test_a_turn_of_the_body_turns_the_image_the_same_way() -> None:
    # A quarter turn about the beam takes the body's x axis to y: the long edge points down.
    grid = Grid((80, 80), (0.2, 0.2))
    quarter = Rotation.from_euler("z", 90, degrees=True)
    upright = project(Particle(Cuboid(2.1, 10.1, 3.0), grid.centre, quarter), grid)
    lying = project(Particle(Cuboid(10.1, 2.1, 3.0), grid.centre), grid)
    np.testing.assert_allclose(upright, lying, atol=1e-5)


def scene(rng: np.random.Generator, grid: Grid) -> list[Particle]:
    shapes = (Cuboid(6, 7, 8), Sphere(9), Cone(8, 9), Cylinder(5, 12))
    places = rng.uniform(0.3, 0.7, (len(shapes), 2)) * grid.extent
    return [
        Particle(shape, tuple(place), random_rotation(rng)) for shape, place in zip(shapes, places)
    ]


def test_where_particles_overlap_their_thicknesses_add_up() -> None:
    """SIM-04."""
    grid = Grid((90, 70), (0.2, 0.3))
    particles = scene(np.random.default_rng(7), grid)
    alone = np.array([project(p, grid) for p in particles])
    assert ((alone > 0).sum(axis=0) > 1).any()
    np.testing.assert_allclose(project(particles, grid), alone.sum(axis=0), atol=1e-5)


def test_labels_show_the_thickest_particle() -> None:
    """SIM-04."""
    grid = Grid((90, 70), (0.2, 0.3))
    particles = scene(np.random.default_rng(8), grid)
    alone = np.array([project(p, grid) for p in particles])
    total, labels = project_particles(particles, grid)
    np.testing.assert_array_equal(labels, np.where(alone.any(0), 1 + alone.argmax(0), 0))
    np.testing.assert_allclose(total, alone.sum(axis=0), atol=1e-5)
    assert labels.dtype == np.int32
    assert total.dtype == np.float32


def test_an_empty_scene_is_empty() -> None:
    thickness, labels = project_particles([], Grid((5, 6)))
    assert thickness.shape == labels.shape == (5, 6)
    assert not thickness.any()
    assert not labels.any()


def test_a_particle_partly_outside_is_the_same_inside(shape: Shape) -> None:
    rng = np.random.default_rng(9)
    large, step = Grid((120, 140), (0.25, 0.2)), np.array((0.25, 0.2))
    small, corner = Grid((30, 40), (0.25, 0.2)), np.array((45, 50))
    for _ in range(5):
        # Anywhere about the edge of the small image.
        position = (corner + rng.uniform(-0.2, 1.2, 2) * small.gpts) * step
        whole = Particle(shape, tuple(position), random_rotation(rng))
        part = replace(whole, position=tuple(position - corner * step))
        window = project(whole, large)[corner[0] : corner[0] + 30, corner[1] : corner[1] + 40]
        np.testing.assert_allclose(project(part, small), window, atol=1e-4)


def test_a_particle_wholly_outside_leaves_no_trace(shape: Shape) -> None:
    grid = Grid((32, 32))
    for position in ((-20.0, 3.0), (3.0, -20.0), (30.0, 3.0), (3.0, 30.0), (1e6, -1e6)):
        assert not project(Particle(shape, position), grid).any()


@quiet
@given(
    edges=st.tuples(*[st.floats(0.05, 500.0)] * 3),
    seed=st.integers(0, 2**32 - 1),
    gpts=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.floats(1e-3, 1e3),
)
def test_thickness_stays_within_the_longest_diagonal(edges, seed, gpts, scale) -> None:
    shape = Cuboid(*edges)
    grid = Grid(gpts, (shape.radius * scale / gpts[0], shape.radius * scale / gpts[1]))
    image = project(random_pose(shape, grid, np.random.default_rng(seed)), grid)
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.max() <= 2 * shape.radius * (1 + 1e-4)


@pytest.mark.parametrize("edge", [0.01, 1e-1, 1e4])
def test_a_thin_plate_has_its_own_thickness_and_none_outside(edge: float) -> None:
    plate, grid = Cuboid(edge, edge, 0.01), Grid((64, 64), (edge / 40, edge / 50))
    image = project(Particle(plate, grid.centre), grid)
    np.testing.assert_allclose(image[image > 0], 0.01, rtol=1e-4)
    tilted = project(Particle(plate, grid.centre, Rotation.from_euler("x", 60, True)), grid)
    assert volume(tilted, grid) == pytest.approx(plate.volume, rel=0.05)
    edge_on = project(Particle(plate, grid.centre, Rotation.from_euler("x", 90, True)), grid)
    assert np.isfinite(edge_on).all()
    assert edge_on.max() <= edge * (1 + 1e-4)


def test_particles_smaller_than_a_pixel_keep_their_volume_on_average() -> None:
    rng = np.random.default_rng(12)
    grid, shape = Grid((3, 3), (1.0, 1.0)), Sphere(0.8)
    images = project_batch([random_pose(shape, grid, rng) for _ in range(10_000)], grid)
    assert images.sum() / len(images) == pytest.approx(shape.volume, rel=0.03)
