"""Rows of images of what moves, against images of what stands still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    Cylinder,
    Grid,
    Helix,
    Particle,
    Rod,
    Shape,
    Sphere,
    project,
    project_particles,
    random_rotation,
)
from napari_stem3d.simulation.motion.trajectory import Trajectory

GRID = Grid((64, 80), (0.4, 0.3))
TIMES = np.linspace(0.5, 1.5, 64)


def moving(shape: Shape, degrees: float, seed: int = 0, drift: float = 2.0) -> Particle:
    """Particle that turns and drifts through the image between the times 0 and 2."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    times = np.linspace(0, 2, 41)
    turns = np.radians(degrees) * times[:, None] * axis / np.linalg.norm(axis)
    rotations = Rotation.from_rotvec(turns) * random_rotation(rng)
    places = np.array(GRID.centre) + (times[:, None] - 1) * (drift, -drift)
    return Particle(shape, GRID.centre, motion=Trajectory(times, rotations, places))


def row_by_row(particle: Particle, times: NDArray) -> NDArray:
    stills = (project(particle.at(t), GRID) for t in times)
    return np.array([image[j] for j, image in enumerate(stills)])


@pytest.mark.parametrize("degrees", [1.0, 90.0, 700.0])
def test_every_row_is_that_of_the_pose_at_its_time(shape: Shape, degrees: float) -> None:
    """SIM-13, SIM-14: to 1e-6 of the largest thickness."""
    particle = moving(shape, degrees)
    image = project(particle, GRID, times=TIMES)
    np.testing.assert_allclose(image, row_by_row(particle, TIMES), rtol=0, atol=1e-6 * image.max())


@pytest.mark.parametrize("shape", [Helix(), Rod()], ids=lambda s: s.name)
@pytest.mark.parametrize("degrees", [20.0, 400.0])
def test_so_it_is_of_meshes_and_sums_of_pieces(shape: Shape, degrees: float) -> None:
    """SIM-13."""
    particle = moving(shape, degrees, seed=1)
    image = project(particle, GRID, times=TIMES)
    np.testing.assert_allclose(image, row_by_row(particle, TIMES), rtol=0, atol=1e-6 * image.max())


def test_what_leaves_the_image_and_comes_back_is_seen_on_the_rows_that_it_is_over() -> None:
    times = np.linspace(0, 1, 9)
    places = np.where(np.arange(9)[:, None] % 2, (12.0, 12.0), (500.0, 12.0))
    motion = Trajectory(times, Rotation.identity(9), places)
    particle = Particle(Sphere(8.0), motion=motion)
    rows = np.repeat(times[1::2], 16)
    image = project(particle, GRID, times=rows)
    np.testing.assert_allclose(image, row_by_row(particle, rows), atol=1e-6 * image.max())
    assert image.any()


def test_no_motion_is_the_static_image(shape: Shape) -> None:
    particle = moving(shape, 0.0, drift=0.0)
    image = project(particle, GRID, times=TIMES)
    still = project(particle.at(0.0), GRID)
    np.testing.assert_allclose(image, still, rtol=0, atol=1e-6 * still.max())
    resting = Particle(shape, GRID.centre)
    np.testing.assert_array_equal(project(resting, GRID, times=TIMES), project(resting, GRID))


def test_labels_follow_what_moves() -> None:
    scene = [moving(Cuboid(5, 6, 7), 90.0), Particle(Sphere(6.0), (5.0, 6.0))]
    scene.append(moving(Cylinder(4, 12), 50.0, seed=2))
    total, labels = project_particles(scene, GRID, times=TIMES)
    alone = np.array([project(p, GRID, times=TIMES) for p in scene])
    np.testing.assert_allclose(total, alone.sum(axis=0), atol=1e-5)
    np.testing.assert_array_equal(labels, np.where(alone.any(0), 1 + alone.argmax(0), 0))
    np.testing.assert_allclose(project(scene, GRID, times=TIMES), total, atol=1e-5)


@pytest.mark.parametrize("times", [[0.0], np.zeros(80), np.full(64, np.nan), np.zeros((64, 1))])
def test_times_are_one_for_each_row(times: NDArray) -> None:
    with pytest.raises(InputError, match="times must be 64 finite times, one for each row"):
        project(Particle(Sphere()), GRID, times=times)


@pytest.mark.parametrize("shape", [Cuboid(14, 13, 12), Cylinder(12, 12), Helix()])
def test_turning_during_the_scan_costs_little_more_than_standing_still(
    shape: Shape, least_times: Callable[..., list[float]]
) -> None:
    # About twice where the machine is quiet; the rest is for when it is not.
    grid = Grid((256, 256), (0.08, 0.08))
    particle = moving(shape, 60.0, drift=0.0)
    particle = Particle(
        shape,
        motion=Trajectory(particle.motion.times, particle.motion.rotations, np.full((41, 2), 10.2)),
    )
    still, times = particle.at(1.0), np.linspace(0.5, 1.5, 256)
    static, turning = least_times(
        lambda: project(still, grid), lambda: project(particle, grid, times=times)
    )
    assert turning < 3 * static
