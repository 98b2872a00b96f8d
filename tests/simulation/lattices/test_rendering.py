from __future__ import annotations

import time

import numpy as np
import pytest

from napari_stem3d.simulation import Grid
from napari_stem3d.simulation.lattices import draw_atoms

GRID = Grid((64, 48), (0.02, 0.03))
CELL = 0.02 * 0.03


@pytest.mark.parametrize("sigma", [0.001, 0.008, 0.02, 0.06])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.13, 0.4), (0.5, 0.5), (-0.37, 0.21)])
def test_moments_are_exact_wherever_an_atom_lies(sigma: float, shift: tuple[float, float]):
    """Integral, centre and variance of one Gaussian, even of one narrower than a pixel."""
    centre = (np.array([31, 23]) + shift) * GRID.sampling
    image = draw_atoms(centre[None], np.array([2.5e-4]), sigma, GRID) * CELL
    assert image.sum() == pytest.approx(2.5e-4, rel=1e-9)
    for axis in (0, 1):
        profile = image.sum(axis=1 - axis) / image.sum()
        places = np.arange(len(profile)) * GRID.sampling[axis]
        mean = profile @ places
        assert mean == pytest.approx(centre[axis], abs=1e-9)
        assert profile @ (places - mean) ** 2 == pytest.approx(sigma**2, rel=1e-6, abs=1e-12)


def test_a_wide_gaussian_is_one():
    y, x = (np.arange(n) * d for n, d in zip(GRID.gpts, GRID.sampling))
    image = draw_atoms(np.array([[0.613, 0.702]]), np.ones(1), 0.06, GRID)
    exact = np.exp(-((y[:, None] - 0.613) ** 2 + (x[None] - 0.702) ** 2) / (2 * 0.06**2)) / (
        2 * np.pi * 0.06**2
    )
    np.testing.assert_allclose(image, exact, atol=2e-4 * exact.max())


def test_atoms_add_up_and_reach_in_from_outside():
    places = np.array([[0.5, 0.5], [0.5, 0.5], [-0.02, 0.6], [5.0, 5.0]])
    weights = np.array([1.0, 2.0, 4.0, 8.0])
    image = draw_atoms(places, weights, 0.03, GRID) * CELL
    wide = Grid((84, 48), GRID.sampling)
    whole = draw_atoms(places + np.array([0.4, 0.0]), weights, 0.03, wide) * CELL
    np.testing.assert_allclose(image, whole[20:], atol=1e-12)
    assert whole.sum() == pytest.approx(7.0)
    assert 3.0 < image.sum() < 5.0


def test_no_atoms_give_no_signal():
    assert not draw_atoms(np.zeros((0, 2)), np.zeros(0), 0.01, GRID).any()


def test_five_thousand_atoms_take_less_than_a_third_of_a_second():
    grid = Grid((512, 512), (0.02, 0.02))
    places = np.random.default_rng(0).uniform(0, 10.24, (5000, 2))
    times = []
    for _ in range(3):
        start = time.process_time()
        draw_atoms(places, np.ones(5000), 0.008, grid)
        times.append(time.process_time() - start)
    assert min(times) < 0.3
