"""Frames that follow each other in time."""

from __future__ import annotations

import itertools
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Cuboid,
    Dataset,
    Grid,
    Motion,
    Movie,
    Particle,
    Scene,
    Sphere,
    simulate,
)

GRID = Grid((40, 44), (0.5, 0.4))
IDEAL = PRESETS["ideal"]
WANDERING = Motion(
    rotation=40, velocity=2, step=10, random_step=True, axis="random", rotational_diffusion=0.05
)


def film(motion: Motion, frames: int = 6, **options: object) -> Dataset:
    return simulate(Cuboid(6, 7, 8), frames=frames, motion=motion, movie=True, grid=GRID, **options)


def test_a_movie_shows_the_same_particles_all_the_time() -> None:
    """SIM-25."""
    movie = film(WANDERING, particles=2, deformed_corners=2)
    assert isinstance(movie, Movie) and len(movie) == 6
    rows = [sample.truth() for sample in movie]
    for row in rows[1:]:
        for first, now in zip(rows[0], row):
            for name in ("shape", "dimensions_nm", "deformations", "volume_nm3", "corner_orbit"):
                assert now[name] == first[name]
            assert now["orientation_xyzw"] != first["orientation_xyzw"]
    other_seed = film(WANDERING, particles=2, deformed_corners=2, seed=1)
    assert other_seed[0].truth()[0]["deformations"] != rows[0][0]["deformations"]


def test_frames_follow_each_other_at_once() -> None:
    """SIM-25: frame k begins k frame times after the first."""
    movie = film(Motion(velocity=1.0), microscope=IDEAL)
    frame_time = movie.scene(0).frame_time
    assert frame_time == pytest.approx(40 * (44 * 10e-6 + 100e-6))
    for k, sample in enumerate(movie):
        np.testing.assert_allclose(sample.times, movie[0].times + k * frame_time)
        assert sample.truth()[0]["vx_nm_s"] == pytest.approx(1.0)
    gap = movie[1].times[0] - movie[0].times[-1]
    assert gap == pytest.approx(np.diff(movie[0].times).mean())


@pytest.mark.parametrize("motion", [WANDERING, Motion(step=25), Motion(velocity=3), Motion()])
def test_each_frame_can_be_made_alone(motion: Motion) -> None:
    """SIM-25, P-10: the same bytes in any order, and in a longer movie."""
    movie, again = film(motion), film(motion)
    forwards = [sample.image for sample in movie]
    for k in (5, 2, 0):
        np.testing.assert_array_equal(again[k].image, forwards[k])
    np.testing.assert_array_equal(film(motion, 17)[4].image, forwards[4])
    np.testing.assert_array_equal(movie.images(), forwards)
    copy = pickle.loads(pickle.dumps(movie))
    assert copy == movie
    np.testing.assert_array_equal(copy[3].image, forwards[3])
    assert len(pickle.dumps(movie)) < 20_000  # the path is drawn again from the seed


def test_the_noise_of_every_frame_is_new() -> None:
    images = [sample.image for sample in film(Motion())]
    assert not any((a == b).all() for a, b in itertools.pairwise(images))
    still = film(Motion(), microscope=IDEAL)
    np.testing.assert_array_equal(still[0].image, still[5].image)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_constant_step_makes_a_rotation_movie(axis: str) -> None:
    """SIM-12, SIM-25: rotation movies about each axis."""
    movie = film(Motion(step=15.0, axis=axis), 13, microscope=IDEAL)
    poses = [
        Rotation.from_quat([float(q) for q in sample.truth()[0]["orientation_xyzw"].split()])
        for sample in movie
    ]
    for k in range(1, 13):
        turn = poses[k] * poses[0].inv() * Rotation.from_euler(axis, -15 * k, degrees=True)
        assert turn.magnitude() < 1e-12


def test_the_recorded_quaternions_reproduce_each_frame_bit_for_bit() -> None:
    """SIM-12."""
    motion = Motion(step=35.0, random_step=True, axis="random")
    for sample in film(motion, 8, microscope=IDEAL):
        (row,) = sample.truth()
        turn = Rotation.from_quat([float(q) for q in row["orientation_xyzw"].split()])
        scene = Scene([Particle(Cuboid(6, 7, 8), (row["y_nm"], row["x_nm"]), turn)], GRID, IDEAL)
        again = scene.image(np.random.default_rng(0))
        np.testing.assert_array_equal(again.image, sample.image)


def test_motion_without_a_movie_starts_anew_in_each_frame() -> None:
    series = simulate(Sphere(5.0), frames=4, motion=Motion(velocity=2.0), grid=GRID)
    assert not isinstance(series, Movie)
    positions = [sample.truth()[0]["y_nm"] for sample in series]
    assert len(set(positions)) == 4
    for sample in series:
        assert sample.times[0] < 1e-3
        assert sample.truth()[0]["vx_nm_s"] == pytest.approx(2.0)


def test_every_particle_wanders_on_its_own() -> None:
    movie = film(Motion(translational_diffusion=5.0), 3, particles=2)
    first, last = movie[0].truth(), movie[2].truth()
    moves = [(b["y_nm"] - a["y_nm"], b["x_nm"] - a["x_nm"]) for a, b in zip(first, last)]
    assert moves[0] != moves[1]


def test_what_is_no_motion_is_refused() -> None:
    with pytest.raises(InputError, match=r"motion must be a Motion\. Received: 3"):
        Movie(lambda rng: Scene([]), 3, 0, 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"motion must be a Motion\. Received: 'fast'"):
        simulate(Sphere(), motion="fast")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"movie must be true or false\. Received: 1"):
        simulate(Sphere(), movie=1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"grid must be a Grid\. Received: 64"):
        simulate(Sphere(), grid=64)  # type: ignore[arg-type]


@pytest.mark.parametrize("motion", [Motion(), Motion(velocity=0.5)])
def test_the_stage_drifts_and_settles_on_from_frame_to_frame(motion: Motion) -> None:
    """SIM-25: the last row of a frame and the first of the next are one line apart in time."""
    drifting = replace(
        IDEAL.scan, drift=60.0, drift_direction=90.0, settling=2.0, settling_time=0.1
    )
    movie = film(motion, frames=3, microscope=replace(IDEAL, scan=drifting))
    still = film(motion, frames=3, microscope=IDEAL)
    period = movie.scene(0).frame_time
    for k in range(3):
        way = 1.0 * k * period + 2.0 * (1 - math.exp(-k * period / 0.1))
        moved = movie.scene(k).particles[0].position
        assert moved[0] == pytest.approx(still.scene(k).particles[0].position[0] + way)
        assert moved[1] == pytest.approx(still.scene(k).particles[0].position[1])
        left = movie.scene(k).microscope.scan
        assert drifting.travel(k * period)[0] + left.travel(0.03)[0] == pytest.approx(
            drifting.travel(k * period + 0.03)[0]
        )
