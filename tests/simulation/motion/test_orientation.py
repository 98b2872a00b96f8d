"""Orientations are uniform on SO(3)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import Cuboid, CutCorners, Grid, Particle, project, random_rotation
from napari_stem3d.simulation.motion.orientation import canonical, random_direction


@pytest.fixture(scope="module")
def rotations() -> Rotation:
    return random_rotation(np.random.default_rng(11), 60_000)


def test_the_mean_angle_is_that_of_so3(rotations: Rotation) -> None:
    """SIM-11."""
    # The density of the angle is (1 - cos a) / pi, its mean pi / 2 + 2 / pi = 126.5 degrees.
    assert np.degrees(rotations.magnitude().mean()) == pytest.approx(126.476, abs=0.5)


@pytest.mark.parametrize("face", np.eye(3), ids="xyz")
def test_every_face_points_anywhere_with_equal_chances(rotations: Rotation, face) -> None:
    """SIM-11: χ² on the directions of face normals, in cells of one area."""
    x, y, z = rotations.apply(face).T
    assert stats.kstest(z, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(np.arctan2(y, x), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3
    rings, sectors = ((z + 1) * 5).astype(int), ((np.arctan2(y, x) / np.pi + 1) * 6).astype(int)
    cells = np.bincount(np.minimum(rings, 9) * 12 + np.minimum(sectors, 11), minlength=120)
    assert stats.chisquare(cells).pvalue > 1e-3


def test_the_turn_about_the_beam_is_independent_of_the_tilt(rotations: Rotation) -> None:
    matrix = rotations.as_matrix()
    turn, tilt = np.arctan2(matrix[:, 2, 1], matrix[:, 2, 0]), matrix[:, 2, 2]
    assert abs(np.corrcoef(np.cos(turn), tilt)[0, 1]) < 0.015
    assert stats.kstest(turn, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_one_or_many() -> None:
    rng = np.random.default_rng(0)
    assert random_rotation(rng).single
    assert len(random_rotation(rng, 5)) == 5


def test_the_angle_has_the_density_of_so3(rotations: Rotation) -> None:
    """SIM-11: the whole distribution of angles, (a - sin a) / pi."""
    cdf = lambda a: (a - np.sin(a)) / np.pi  # noqa: E731
    assert stats.kstest(rotations.magnitude(), cdf).pvalue > 1e-3


def test_directions_are_uniform_on_the_sphere() -> None:
    rng = np.random.default_rng(5)
    x, y, z = np.array([random_direction(rng) for _ in range(4000)]).T
    np.testing.assert_allclose(x**2 + y**2 + z**2, 1)
    assert stats.kstest(z, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(np.arctan2(y, x), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_the_right_factor_acts_first() -> None:
    """SIM-11: a turn on the left is about the laboratory's axes, on the right about the body's."""
    tilted = Rotation.from_euler("x", 90, degrees=True)
    turn = Rotation.from_euler("z", 90, degrees=True)
    c = np.array([0.0, 0.0, 1.0])  # the edge c of a cuboid
    np.testing.assert_allclose(tilted.apply(c), [0, -1, 0], atol=1e-15)
    np.testing.assert_allclose((turn * tilted).apply(c), [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose((tilted * turn).apply(c), [0, -1, 0], atol=1e-15)


def test_a_turn_about_the_beam_turns_the_image_from_x_to_y() -> None:
    """SIM-11: x runs along the rows, y down the columns."""
    grid = Grid((41, 41), (0.5, 0.5))
    long_in_x = Particle(Cuboid(16.0, 4.0, 4.0), grid.centre)
    turned = long_in_x.posed(grid.centre, Rotation.from_euler("z", 30, degrees=True))
    y, x = np.meshgrid(*(np.arange(41) - 20,) * 2, indexing="ij")
    image = project(turned, grid)
    slope = (image * x * y).sum() / (image * x * x).sum()
    assert slope == pytest.approx(np.tan(np.pi / 6), rel=0.1)
    assert (image > 0)[:, 20].sum() < (image > 0)[20].sum()


def test_a_quaternion_and_its_negative_make_the_same_image() -> None:
    """SIM-11: bit for bit."""
    rng = np.random.default_rng(2)
    grid = Grid((50, 52), (0.3, 0.3))
    shape = Cuboid(6, 7, 8)
    cut = CutCorners.random(shape, 3, rng)
    for _ in range(50):
        q = rng.normal(size=4)
        images = [
            project(Particle(shape, grid.centre, Rotation.from_quat(sign * q), (cut,)), grid)
            for sign in (1, -1)
        ]
        np.testing.assert_array_equal(*images)
        raw = [Rotation.from_quat(sign * q).as_matrix() for sign in (1, -1)]
        np.testing.assert_array_equal(*raw)


def test_a_canonical_rotation_survives_being_written(rotations: Rotation) -> None:
    """SIM-12: its quaternion is read again bit for bit, also from its decimal digits."""
    moved = 0
    for rotation in rotations[:3000]:
        kept = canonical(rotation)
        quaternion = kept.as_quat()
        written = [float(repr(number)) for number in quaternion.tolist()]
        np.testing.assert_array_equal(Rotation.from_quat(written).as_quat(), quaternion)
        assert (kept.as_quat() == canonical(kept).as_quat()).all()
        assert (rotation * kept.inv()).magnitude() < 1e-14
        assert quaternion[3] >= 0
        again = rotation.as_quat(canonical=True)
        moved += (Rotation.from_quat(again).as_quat() != again).any()
    assert moved > 100  # without it, a third would change when read


@pytest.mark.parametrize("q", [(0, 0, 0, -1), (1, 1, 1, 1), (0, 0, -1, 0), (-0.6, 0, 0, -0.8)])
def test_canonical_rotations_have_no_negative_zeros(q: tuple[float, ...]) -> None:
    quaternion = canonical(Rotation.from_quat(q)).as_quat()
    assert not (np.signbit(quaternion) & (quaternion == 0)).any()
