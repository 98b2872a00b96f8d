"""Motion between frames and while an image is scanned."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Cuboid, Motion, Particle

FRAME, LINE = 0.5, 0.01  # s


@pytest.fixture
def particle() -> Particle:
    return Particle(Cuboid(4, 6, 8), (3.0, 5.0), Rotation.random(rng=np.random.default_rng(2)))


def course(motion: Motion, particle: Particle, frames: int = 1, seed: int = 0) -> Any:
    return motion.course(particle, np.random.default_rng(seed), FRAME, LINE, frames)


def test_by_default_nothing_moves(particle: Particle) -> None:
    """SIM-13: without a rate, the particle is the very same."""
    frames = course(Motion(), particle, 3)
    for k in range(3):
        still = frames.frame(k)
        assert still.motion is None
        assert (still.rotation.as_quat() == particle.rotation.as_quat()).all()
        assert still.position == particle.position and still.body is particle.body


def test_steady_motion_goes_on_through_the_frames(particle: Particle) -> None:
    """SIM-13, SIM-14: velocity and rate are those asked for, in every frame."""
    motion = Motion(rotation=200, axis="x", velocity=4, direction=30)
    frames = course(motion, particle, 4)
    for k in range(4):
        moving, time = frames.frame(k), (k + 0.5) * FRAME
        turn = moving.at(time).rotation * particle.rotation.inv()
        expected = Rotation.from_euler("x", 200 * time, degrees=True)
        assert (turn * expected.inv()).magnitude() < 1e-12
        vy, vx = 4 * np.sin(np.pi / 6), 4 * np.cos(np.pi / 6)
        np.testing.assert_allclose(moving.at(time).position, (3 + vy * time, 5 + vx * time))
        velocity, spin = moving.motion.speeds(np.linspace(k, k + 1, 50) * FRAME)
        assert velocity == pytest.approx((vy, vx)) and spin == pytest.approx(200)


def test_a_constant_step_turns_from_frame_to_frame(particle: Particle) -> None:
    """SIM-12."""
    frames = course(Motion(step=40, axis="y"), particle, 12)
    for k in range(12):
        assert frames.frame(k).motion is None
        turn = frames.frame(k).rotation * particle.rotation.inv()
        assert (turn * Rotation.from_euler("y", -40 * k, degrees=True)).magnitude() < 1e-12


def test_a_random_step_is_uniform_about_one_axis(particle: Particle) -> None:
    """SIM-12: steps are uniform between none and twice the mean."""
    frames = course(Motion(step=20, random_step=True, axis="random"), particle, 500)
    poses = Rotation.concatenate([frames.frame(k).rotation for k in range(500)])
    steps = (poses[1:] * poses[:-1].inv()).as_rotvec(degrees=True)
    angles = np.linalg.norm(steps, axis=1)
    assert stats.kstest(angles, stats.uniform(0, 40).cdf).pvalue > 1e-3
    axes = steps[angles > 1] / angles[angles > 1, None]
    assert np.abs(axes - axes[0]).max() < 1e-9


def test_steps_and_spin_share_the_random_axis(particle: Particle) -> None:
    frames = course(Motion(step=30, rotation=50, axis="random"), particle, 3)
    path = frames.frame(2).motion.poses([2 * FRAME, 3 * FRAME])[0]
    along = (path[1] * path[0].inv()).as_rotvec()
    between = (frames.frame(2).rotation * frames.frame(1).rotation.inv()).as_rotvec()
    assert np.linalg.norm(np.cross(along, between)) < 1e-12


def test_random_axes_point_everywhere(particle: Particle) -> None:
    vectors = np.array(
        [course(Motion(step=10, axis="random"), particle, 2, k).turns[1].as_rotvec()
         for k in range(1500)]
    )  # fmt: skip
    z = vectors[:, 2] / np.linalg.norm(vectors, axis=1)
    assert stats.kstest(z, stats.uniform(-1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "motion",
    [
        Motion(rotation=300, velocity=3),
        Motion(rotational_diffusion=0.5, translational_diffusion=2, rotation=10, axis="random"),
        Motion(rotational_diffusion=40.0, step=15, random_step=True, axis="random"),
    ],
)
def test_a_longer_movie_begins_with_the_shorter_one(motion: Motion, particle: Particle) -> None:
    """SIM-25."""
    short, long = course(motion, particle, 3), course(motion, particle, 9)
    times = 2 * FRAME + LINE * np.arange(50)
    for a, b in zip(short.frame(2).poses(times), long.frame(2).poses(times)):
        np.testing.assert_array_equal(a, b)


def test_diffusion_has_its_coefficients(particle: Particle) -> None:
    """SIM-13: Brownian motion, with kicks at every line, about a steady rotation too."""
    motion = Motion(rotational_diffusion=0.02, translational_diffusion=2, rotation=90)
    path = course(motion, particle, 100).frame(0).motion
    assert path.times[1] == pytest.approx(LINE)
    moves = np.diff(path.positions, axis=0)
    assert (moves**2).mean() == pytest.approx(2 * 2 * LINE, rel=0.05)
    steady = Rotation.from_euler("z", 90 * LINE, degrees=True)
    kicks = path.rotations[1:] * path.rotations[:-1].inv() * steady.inv()
    assert (kicks.magnitude() ** 2).mean() == pytest.approx(6 * 0.02 * LINE, rel=0.05)


def test_fast_diffusion_is_kicked_more_often(particle: Particle) -> None:
    path = course(Motion(rotational_diffusion=100), particle).frame(0).motion
    assert path.times[1] < LINE / 10
    assert (path.rotations[1:] * path.rotations[:-1].inv()).magnitude().max() < 2


def test_forms_find_units_and_bounds() -> None:
    for field in fields(Motion):
        assert field.metadata["doc"]
        assert "unit" in field.metadata or isinstance(field.default, (bool, str))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rotation": float("nan")}, "Motion.rotation must lie between -1e+06 and 1e+06 °/s."),
        ({"axis": "w"}, "Motion.axis must be one of x, y, z, random. Received: 'w'"),
        ({"velocity": -1}, "Motion.velocity must lie between 0 and 1e+06 nm/s. Received: -1"),
        ({"step": 181}, "Motion.step must lie between -180 and 180 °. Received: 181"),
        ({"random_step": 1}, "Motion.random_step must be true or false. Received: 1"),
        ({"rotational_diffusion": -1}, "Motion.rotational_diffusion must lie between 0 and"),
        ({"translational_diffusion": True}, "Motion.translational_diffusion must lie between"),
    ],
)
def test_what_is_no_motion_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        Motion(**options)
    assert str(error.value).startswith(sentence)
