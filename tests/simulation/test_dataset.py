"""A series is the same in any order, in any process, and says what is true of it."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    Dataset,
    Grid,
    Microscope,
    Particle,
    Sample,
    Scene,
    Sphere,
    project,
    simulate,
)

GRID = Grid((48, 60), (0.5, 0.4))


def fingerprint(sample: Sample) -> str:
    arrays = (sample.image, sample.thickness, sample.labels)
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


@pytest.fixture
def series() -> Dataset:
    return simulate(Cuboid(8, 9, 10), deformed_corners=3, frames=6, particles=2, grid=GRID, seed=4)


def test_a_sample_is_an_image_with_its_truth(series: Dataset) -> None:
    sample = series[0]
    assert sample.image.shape == sample.thickness.shape == sample.labels.shape == (48, 60)
    assert [a.dtype for a in (sample.image, sample.thickness, sample.labels)] == [
        np.float32, np.float32, np.int32,
    ]  # fmt: skip
    assert set(np.unique(sample.labels)) == {0, 1, 2}
    np.testing.assert_allclose(sample.thickness, project(sample.particles, GRID), atol=1e-5)
    assert [row["particle"] for row in sample.truth()] == [1, 2]
    assert [row["corners"] for row in sample.truth()] == [3, 3]


def test_a_sample_is_the_same_in_any_order(series: Dataset) -> None:
    forwards = [fingerprint(sample) for sample in series]
    backwards = [fingerprint(series[i]) for i in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 6
    assert fingerprint(series[-1]) == forwards[5]
    assert len(series) == 6


def test_a_longer_series_begins_with_the_shorter_one(series: Dataset) -> None:
    longer = Dataset(series.draw, 20, seed=4)
    assert fingerprint(longer[5]) == fingerprint(series[5])


def test_no_two_seeds_share_a_sample(series: Dataset) -> None:
    others = {fingerprint(sample) for sample in Dataset(series.draw, 6, seed=5)}
    assert not others & {fingerprint(sample) for sample in series}


def test_another_process_makes_the_same_bytes(series: Dataset) -> None:
    # The series travels to the process as a pickle, whose code comes with the package alone.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = [pool.submit(series.__getitem__, i).result() for i in (3, 1)]
    for i, sample in zip((3, 1), there):
        assert fingerprint(sample) == fingerprint(series[i])
        assert sample.truth() == series[i].truth()


def test_a_series_pickles(series: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(series))
    assert copy.draw == series.draw
    assert fingerprint(copy[2]) == fingerprint(series[2])


def test_the_recorded_quaternions_reproduce_the_thickness(series: Dataset) -> None:
    sample = series[1]
    again = [Particle(p.shape, p.position, p.rotation, p.deformations) for p in sample.particles]
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(Scene(again, GRID).image(rng).thickness, sample.thickness)
    for particle, row in zip(sample.particles, sample.truth()):
        quaternion = np.array(row["orientation_xyzw"].split(), float)
        turn = particle.rotation * particle.rotation.from_quat(quaternion).inv()
        assert turn.magnitude() < 1e-7


@pytest.mark.parametrize("index", [6, -7, 1000])
def test_there_is_nothing_beyond_the_ends(series: Dataset, index: int) -> None:
    with pytest.raises(IndexError, match=f"series of 6. Received: {index}"):
        series[index]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"frames": 0}, "length must be a whole number from 1 on. Received: 0"),
        ({"frames": -3}, "length must be a whole number from 1 on. Received: -3"),
        ({"frames": 2.5}, "length must be a whole number from 1 on. Received: 2.5"),
        ({"seed": -1}, "seed must be a whole number from 0 on. Received: -1"),
        ({"seed": 1.5}, "seed must be a whole number from 0 on. Received: 1.5"),
        ({"seed": True}, "seed must be a whole number from 0 on. Received: True"),
        ({"deformed_corners": 9}, "A cuboid has 8 corners to deform. Received: 9"),
        ({"deformed_corners": -1}, "must be whole numbers from 0 on. Received: -1 and 1"),
        ({"deformed_corners": 1.5}, "must be whole numbers from 0 on. Received: 1.5 and 1"),
        ({"particles": -1}, "must be whole numbers from 0 on. Received: 0 and -1"),
        ({"particles": True}, "must be whole numbers from 0 on. Received: 0 and True"),
    ],
)
def test_series_that_make_no_sense_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        simulate(Cuboid(), **options)
    assert str(error.value).endswith(sentence)


def test_a_sphere_has_no_corners_to_deform() -> None:
    with pytest.raises(InputError, match="Only a polyhedron has corners to deform"):
        simulate(Sphere(), deformed_corners=1)


def test_an_image_without_particles_shows_the_film() -> None:
    sample = simulate(Sphere(), particles=0, frames=1, grid=GRID)[0]
    assert not sample.thickness.any()
    assert sample.truth() == []
    assert sample.image.any()


def test_anything_that_draws_scenes_makes_a_series() -> None:
    draw: Callable[[np.random.Generator], Scene] = lambda rng: Scene(  # noqa: E731
        [Particle(Sphere(float(rng.uniform(2, 8))), GRID.centre)], GRID, Microscope()
    )
    diameters = {sample.particles[0].shape.diameter for sample in Dataset(draw, 5)}
    assert len(diameters) == 5
