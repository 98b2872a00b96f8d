"""SIM-03: the rod is the union of a cylinder and two spheres, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid, Particle, Rod, Sphere, project, random_rotation


def test_the_volume_is_that_of_a_cylinder_and_a_sphere() -> None:
    rod = Rod(6.0, 16.0)
    assert rod.volume == pytest.approx(np.pi * 9 * 10 + np.pi * 36)
    assert rod.body.volume == pytest.approx(rod.volume, rel=1e-4)


def test_a_rod_without_a_middle_is_a_sphere() -> None:
    grid = Grid((61, 71), (0.2, 0.17))
    pose = random_rotation(np.random.default_rng(0))
    rod, sphere = (project(Particle(s, grid.centre, pose), grid) for s in (Rod(9, 9), Sphere(9)))
    np.testing.assert_allclose(rod, sphere, atol=2e-3)


def test_its_chords_across_and_along() -> None:
    grid = Grid((101, 81), (0.2, 0.25))
    along = project(Particle(Rod(6.0, 16.0), grid.centre), grid)
    assert along[50, 40] == pytest.approx(16.0)
    assert along[50, 48] == pytest.approx(10 + 2 * np.sqrt(9 - 4), rel=1e-5)
    lying = Rotation.from_rotvec([np.pi / 2, 0, 0])  # z comes to lie along the columns
    across = project(Particle(Rod(6.0, 16.0), grid.centre, lying), grid)
    np.testing.assert_allclose(across[26:75, 40], 6.0, rtol=1e-5)  # within 4.8 nm of the middle
    assert across[85, 40] == pytest.approx(2 * np.sqrt(9 - (7.0 - 5.0) ** 2), rel=1e-5)
    assert (across > 0).any(axis=1).sum() == 81  # up to 8 nm on both sides


def test_a_rod_shorter_than_its_caps_is_refused() -> None:
    with pytest.raises(InputError, match="height of a rod must be at least its diameter"):
        Rod(6.0, 5.9)
