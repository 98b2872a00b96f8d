"""Steady and Brownian paths."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Cuboid, Particle, Trajectory, brownian, spin

ROTATIONAL, TRANSLATIONAL, STEP = 0.5, 3.0, 1e-3  # rad²/s, nm²/s, s


@pytest.fixture(scope="module")
def particle() -> Particle:
    return Particle(Cuboid(4, 6, 8), (3.0, 5.0), Rotation.random(rng=np.random.default_rng(1)))


@pytest.fixture(scope="module")
def wandering(particle: Particle) -> Trajectory:
    rng = np.random.default_rng(12)
    return brownian(particle, rng, ROTATIONAL, TRANSLATIONAL, 60.0, STEP)


@pytest.mark.parametrize("speed", [30.0, -720.0])
def test_a_spin_turns_about_an_axis_of_the_laboratory(particle: Particle, speed: float) -> None:
    """SIM-13: the turn is a left factor, however the particle lies."""
    path = spin(particle, "y", speed, 2.0, (1.5, -2.0))
    for time in (0.0, 0.3, 1.1, 2.0):
        rotations, positions = path.poses([time])
        expected = Rotation.from_euler("y", speed * time, degrees=True) * particle.rotation
        assert (rotations * expected.inv()).magnitude()[0] < 1e-12
        np.testing.assert_allclose(positions[0], [3 + 1.5 * time, 5 - 2 * time], rtol=1e-12)
    after, places = path.poses([2.0, 50.0])
    assert (after[0] * after[1].inv()).magnitude() == 0
    assert (places[0] == places[1]).all()


def test_an_axis_may_point_anywhere(particle: Particle) -> None:
    path = spin(particle, (1.0, 2.0, 2.0), 90.0, 1.0)
    turn = path.poses([1.0])[0] * particle.rotation.inv()
    np.testing.assert_allclose(turn.as_rotvec(degrees=True)[0], [30, 60, 60], atol=1e-9)


def test_brownian_rotation_forgets_its_direction(wandering: Trajectory) -> None:
    """SIM-13: the mean cosine of an axis with itself decays as exp(-2 D t)."""
    axes = wandering.rotations.as_matrix()
    for lag in (10, 100, 400):
        cosines = np.einsum("nij,nij->nj", axes[lag:], axes[:-lag]).mean()
        expected = math.exp(-2 * ROTATIONAL * lag * STEP)
        assert 1 - cosines == pytest.approx(1 - expected, rel=0.12)


def test_brownian_rotation_is_a_random_walk_at_first(wandering: Trajectory) -> None:
    """SIM-13: the mean squared angle is 6 D t."""
    for lag in (1, 10):
        turns = wandering.rotations[lag::lag] * wandering.rotations[:-lag:lag].inv()
        assert (turns.magnitude() ** 2).mean() == pytest.approx(
            6 * ROTATIONAL * lag * STEP, rel=0.06
        )
        components = turns.as_rotvec() / math.sqrt(2 * ROTATIONAL * lag * STEP)
        assert stats.kstest(components.ravel(), "norm").pvalue > 1e-3


def test_brownian_translation_is_a_random_walk(wandering: Trajectory) -> None:
    """SIM-14: the mean squared displacement along each axis is 2 D t."""
    for lag in (1, 10, 50):
        moves = wandering.positions[lag::lag] - wandering.positions[:-lag:lag]
        scaled = moves / math.sqrt(2 * TRANSLATIONAL * lag * STEP)
        np.testing.assert_allclose((scaled**2).mean(axis=0), 1, rtol=0.14)
        assert stats.kstest(scaled.ravel(), "norm").pvalue > 1e-3
        assert abs(np.corrcoef(scaled.T)[0, 1]) < 0.12


def test_a_longer_path_begins_with_the_shorter_one(particle: Particle) -> None:
    short, long = (
        brownian(particle, np.random.default_rng(5), 1.0, 1.0, duration, 1e-3)
        for duration in (0.1, 0.4)
    )
    assert len(short.times) == 101 and len(long.times) == 401
    np.testing.assert_array_equal(long.positions[:101], short.positions)
    np.testing.assert_array_equal(long.rotations.as_quat()[:101], short.rotations.as_quat())


@pytest.mark.parametrize(
    ("walk", "sentence"),
    [
        (lambda p, rng: spin(p, "w", 1, 1), "axis must be x, y, z or a vector (x, y, z)."),
        (lambda p, rng: spin(p, (0, 0, 0), 1, 1), "axis must be x, y, z or a vector (x, y, z)."),
        (lambda p, rng: spin(p, (1, math.nan, 0), 1, 1), "axis must be x, y, z or a vector"),
        (lambda p, rng: spin(p, 3, 1, 1), "axis must be x, y, z or a vector (x, y, z)."),
        (lambda p, rng: spin(p, "x", math.nan, 1), "degrees_per_second must be a number"),
        (lambda p, rng: spin(p, "x", True, 1), "degrees_per_second must be a number"),
        (lambda p, rng: spin(p, "x", 1, 0), "duration must be a number that is positive."),
        (lambda p, rng: spin(p, "x", 1, 1, (1,)), "velocity must be two numbers (vy, vx)."),
        (lambda p, rng: spin(p, "x", 1, 1, 3), "velocity must be two numbers (vy, vx)."),
        (lambda p, rng: spin(p, "x", 1, 1, (1, math.inf)), "velocity must be a number"),
        (lambda p, rng: spin(p, "x", 1e12, 1e9), "A motion must need at most 2000000 keyframes"),
        (lambda p, rng: brownian(p, rng, -1, 0, 1, 0.1), "rotational_diffusion must be a number"),
        (lambda p, rng: brownian(p, rng, 0, math.nan, 1, 0.1), "translational_diffusion must be"),
        (lambda p, rng: brownian(p, rng, 0, 0, 1, 0), "step must be a number that is positive."),
        (lambda p, rng: brownian(p, rng, 0, 0, 1e300, 1e-300), "A motion must need at most"),
        (
            lambda p, rng: brownian(p, rng, 10, 0, 1, 0.1),
            "step must be so short that a particle turns by less than 0.3 rad rms. "
            "Received: 0.1 s, for a turn by 1.41 rad",
        ),
    ],
)
def test_what_is_no_motion_is_refused(
    particle: Particle, walk: Callable[..., Any], sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        walk(particle, np.random.default_rng(0))
    assert str(error.value).startswith(sentence)
    assert "Received: " in str(error.value)
