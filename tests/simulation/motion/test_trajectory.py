"""Poses between keyframes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Trajectory

TURNS = Rotation.from_euler("z", [[0], [90], [90], [30]], degrees=True)
PLACES = np.array([[0.0, 0.0], [2.0, 1.0], [2.0, 1.0], [2.0, -5.0]])


@pytest.fixture
def path() -> Trajectory:
    return Trajectory([0.0, 1.0, 2.0, 4.0], TURNS, PLACES)


def test_it_passes_through_its_keyframes(path: Trajectory) -> None:
    """SIM-13."""
    rotations, positions = path.poses(path.times)
    assert (rotations * TURNS.inv()).magnitude().max() < 1e-15
    np.testing.assert_array_equal(positions, PLACES)


def test_between_keyframes_it_turns_and_moves_evenly(path: Trajectory) -> None:
    """SIM-13: slerp."""
    rotations, positions = path.poses([0.25, 0.5, 1.5, 3.0])
    np.testing.assert_allclose(rotations.as_euler("xyz", degrees=True)[:, 2], [22.5, 45, 90, 60])
    np.testing.assert_allclose(positions, [[0.5, 0.25], [1.0, 0.5], [2.0, 1.0], [2.0, -2.0]])


def test_slerp_takes_the_shortest_turn_about_a_fixed_axis() -> None:
    """SIM-13: against the closed form of spherical interpolation of quaternions."""
    rng = np.random.default_rng(3)
    first, last = Rotation.random(rng=rng), Rotation.random(rng=rng)
    path = Trajectory([0.0, 1.0], Rotation.concatenate([first, last]), np.zeros((2, 2)))
    p, q = first.as_quat(), last.as_quat()
    q = q if p @ q > 0 else -q
    angle = math.acos(p @ q)
    for t in (0.1, 0.4, 0.9):
        expected = (math.sin((1 - t) * angle) * p + math.sin(t * angle) * q) / math.sin(angle)
        between = path.poses([t])[0].as_quat()[0]
        assert abs(between @ expected) == pytest.approx(1, abs=1e-14)


def test_it_stands_still_before_and_after(path: Trajectory) -> None:
    rotations, positions = path.poses([-7.0, 0.0, 4.0, 1e9])
    assert (rotations[:2] * TURNS[0].inv()).magnitude().max() == 0
    assert (rotations[2:] * TURNS[3].inv()).magnitude().max() < 1e-15
    np.testing.assert_array_equal(positions, PLACES[[0, 0, 3, 3]])


def test_one_keyframe_is_a_pose_for_ever() -> None:
    path = Trajectory([5.0], TURNS[1:2], PLACES[1:2])
    rotations, positions = path.poses([0.0, 5.0, 9.0])
    assert (rotations * TURNS[1].inv()).magnitude().max() < 1e-15
    np.testing.assert_array_equal(positions, PLACES[[1, 1, 1]])


def test_mean_speeds_are_those_of_the_path(path: Trajectory) -> None:
    assert path.speeds([0.0, 0.5, 1.0]) == (pytest.approx((2, 1)), pytest.approx(90))
    assert path.speeds([2.0, 3.0, 4.0]) == (pytest.approx((0, -3)), pytest.approx(30))
    to_and_fro = Trajectory([0, 1, 2], TURNS[[0, 1, 0]], PLACES[[0, 1, 0]])
    assert to_and_fro.speeds([0.0, 1.0, 2.0])[1] == pytest.approx(0, abs=1e-12)
    assert path.speeds([1.0]) == ((0.0, 0.0), 0.0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"times": [0, 1, 1, 2]}, "times must be in ascending order."),
        ({"times": [0, 2, 1, 3]}, "times must be in ascending order."),
        ({"times": [0, 1, 2]}, "A trajectory must have n times, a stack of n rotations"),
        ({"times": [[0, 1, 2, 3]]}, "A trajectory must have n times"),
        ({"times": [0, 1, 2, math.nan]}, "times and positions of a trajectory must be finite"),
        ({"times": [0, 1, 2, math.inf]}, "times and positions of a trajectory must be finite"),
        ({"times": "abcd"}, "times and positions of a trajectory must be finite"),
        ({"positions": PLACES[:, :1]}, "A trajectory must have n times"),
        ({"positions": PLACES * math.nan}, "times and positions of a trajectory must be finite"),
        ({"rotations": TURNS[0]}, "A trajectory must have n times"),
        ({"rotations": TURNS.as_quat()}, "A trajectory must have n times"),
        (
            {"rotations": Rotation.from_euler("x", [[0], [10], [190], [200]], degrees=True)},
            "rotations must be less than half a turn apart from one to the next. "
            "Received: a turn by 180°",
        ),
    ],
)
def test_what_is_no_path_is_refused(change: dict[str, Any], sentence: str) -> None:
    """SIM-13: half a turn leaves open which way to go."""
    parts = {"times": [0.0, 1.0, 2.0, 4.0], "rotations": TURNS, "positions": PLACES, **change}
    with pytest.raises(InputError) as error:
        Trajectory(**parts)
    assert str(error.value).startswith(sentence)


def test_just_less_than_half_a_turn_is_taken() -> None:
    turns = Rotation.from_euler("x", [[0], [179.99]], degrees=True)
    middle = Trajectory([0, 1], turns, PLACES[:2]).poses([0.5])[0]
    assert middle.as_euler("xyz", degrees=True)[0, 0] == pytest.approx(89.995)
