"""Batches against single images, and what they cost."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    CutCorners,
    Grid,
    Helix,
    Particle,
    Rod,
    Shape,
    Sphere,
    project,
    project_batch,
    random_rotation,
)
from napari_stem3d.simulation.bodies.projection import pack, project_packed

Times = Callable[..., list[float]]
GRID = Grid((60, 50), (0.4, 0.5))


def anywhere(shape: Shape, rng: np.random.Generator, grid: Grid = GRID) -> Particle:
    return Particle(shape, tuple(rng.uniform(0, grid.extent)), random_rotation(rng))


def many(rng: np.random.Generator) -> list[list[Particle]]:
    """Scenes of none to four particles of any kind."""
    shapes = (Cuboid(5, 6, 7), Sphere(6.0), Cone(7, 9), Helix(), Rod(), Cuboid(5, 6, 7))
    return [[anywhere(shapes[k], rng) for k in rng.integers(6, size=n % 5)] for n in range(17)]


def test_a_batch_holds_the_very_numbers_of_single_images(shape: Shape) -> None:
    rng = np.random.default_rng(10)
    # Bodies with fewer planes, and with none at all, share the batch.
    poses = [anywhere(s, rng) for s in (shape, Sphere(5.0), Cuboid(3, 4, 5), shape)]
    poses.append(
        Particle(
            Cuboid(3, 4, 5),
            GRID.centre,
            deformations=(CutCorners.random(Cuboid(3, 4, 5), 8, rng),),
        )
    )
    images = project_batch(poses, GRID)
    assert images.dtype == np.float32
    for image, particle in zip(images, poses):
        np.testing.assert_array_equal(image, project(particle, GRID))


def test_so_it_does_of_scenes_of_several_particles_of_any_kind() -> None:
    """SIM-04, SIM-24: bit by bit, whatever else is in the batch."""
    scenes = many(np.random.default_rng(11))
    images = project_batch(scenes, GRID)
    assert images.shape == (17, 60, 50)
    for image, scene in zip(images, scenes):
        np.testing.assert_array_equal(image, project(scene, GRID))
    np.testing.assert_array_equal(project_batch(scenes[::-1], GRID), images[::-1])


def test_the_number_of_threads_changes_nothing() -> None:
    """SIM-24."""
    scenes, threads = many(np.random.default_rng(12)), numba.get_num_threads()
    images = project_batch(scenes, GRID)
    try:
        numba.set_num_threads(1)
        np.testing.assert_array_equal(project_batch(scenes, GRID), images)
    finally:
        numba.set_num_threads(threads)


def test_nothing_and_empty_scenes_make_batches_as_well() -> None:
    assert project_batch([], GRID).shape == (0, 60, 50)
    assert not project_batch([[], []], GRID).any()


def test_a_batch_is_written_where_one_likes() -> None:
    packed = pack([Particle(Sphere(6.0), GRID.centre)], GRID)
    out = np.full((1, 60, 50), 7, np.float32)
    assert project_packed(packed, GRID, out) is out
    np.testing.assert_array_equal(out[0], project(Particle(Sphere(6.0), GRID.centre), GRID))


def test_a_body_that_many_share_is_packed_once() -> None:
    shape, rng = Helix(), np.random.default_rng(13)
    *_, faces, ends, _ = pack([anywhere(shape, rng) for _ in range(50)], GRID).scene[0]
    assert len(faces) == len(shape.body.pieces[0][1].mesh[1])
    assert ends.shape == (4, 2)


@pytest.mark.parametrize("shape", [Cuboid(14, 14, 14), Sphere(20.0)])
def test_the_cost_grows_with_the_pixels_and_no_faster(shape: Shape, least_times: Times) -> None:
    small, large = (Grid((n, n), (24 / n, 24 / n)) for n in (256, 1024))
    few, many = least_times(
        lambda: project(Particle(shape, small.centre), small),
        lambda: project(Particle(shape, large.centre), large),
    )
    assert many < 16 * 2.5 * few


def test_small_particles_cost_their_own_pixels_and_not_the_image(least_times: Times) -> None:
    # A particle of 6 x 6 pixels among 1,000 x 1,000: without its window each of the 5,000 would
    # cost as much as one that fills the image.
    grid, rng = Grid((1000, 1000), (1.0, 1.0)), np.random.default_rng(14)
    small = [pack([[anywhere(Cuboid(5, 5, 5), rng, grid)] * n], grid) for n in (1, 5000)]
    whole = pack([Particle(Cuboid(999, 999, 999), grid.centre)], grid)
    out = np.empty((1, 1000, 1000), np.float32)
    one, many, full = least_times(
        *(lambda p=p: project_packed(p, grid, out) for p in (*small, whole)), repeats=5
    )
    assert many - one < 40 * full


def test_the_cost_grows_with_the_particles_and_no_faster(least_times: Times) -> None:
    rng = np.random.default_rng(15)
    scenes = [[anywhere(Cuboid(5, 6, 7), rng) for _ in range(n)] for n in (200, 2000)]
    few, many = least_times(*(lambda s=s: project(s, GRID) for s in scenes))
    assert many < 10 * 2.5 * few
