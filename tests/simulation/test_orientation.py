"""Orientations are uniform on SO(3)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import random_rotation


@pytest.fixture(scope="module")
def rotations() -> Rotation:
    return random_rotation(np.random.default_rng(11), 60_000)


def test_the_mean_angle_is_that_of_so3(rotations: Rotation) -> None:
    # The density of the angle is (1 - cos a) / pi, its mean pi / 2 + 2 / pi = 126.5 degrees.
    assert np.degrees(rotations.magnitude().mean()) == pytest.approx(126.476, abs=0.5)


@pytest.mark.parametrize("face", np.eye(3), ids="xyz")
def test_every_face_points_anywhere_with_equal_chances(rotations: Rotation, face) -> None:
    x, y, z = rotations.apply(face).T
    assert stats.kstest(z, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(np.arctan2(y, x), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3
    octants = np.bincount((x > 0) + 2 * (y > 0) + 4 * (z > 0), minlength=8)
    assert stats.chisquare(octants).pvalue > 1e-3


def test_the_turn_about_the_beam_is_independent_of_the_tilt(rotations: Rotation) -> None:
    matrix = rotations.as_matrix()
    turn, tilt = np.arctan2(matrix[:, 2, 1], matrix[:, 2, 0]), matrix[:, 2, 2]
    assert abs(np.corrcoef(np.cos(turn), tilt)[0, 1]) < 0.015
    assert stats.kstest(turn, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_one_or_many() -> None:
    rng = np.random.default_rng(0)
    assert random_rotation(rng).single
    assert len(random_rotation(rng, 5)) == 5
