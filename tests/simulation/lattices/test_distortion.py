from __future__ import annotations

import numpy as np

from napari_stem3d.simulation.lattices.distortion import seen_at

PLACES = np.array([[20.3, 30.7], [40.0, 41.5], [-3.0, 70.0]])
WIDTHS = np.array([2.0, 1.5])


def test_an_even_displacement_moves_spots_against_it():
    """A pixel that shows what lies 1.5 px further down shows a spot 1.5 px too early."""
    shifts = np.stack([np.full((64, 80), 1.5), np.full((64, 80), -0.25)])
    np.testing.assert_allclose(seen_at(PLACES, shifts, WIDTHS), PLACES - [1.5, -0.25], atol=1e-3)


def test_a_steady_stretch_is_undone():
    """Where pixel p shows p + 0.1 p, a place is seen at its eleventh part less."""
    y = np.repeat(np.arange(64.0)[:, None], 80, axis=1)
    seen = seen_at(PLACES[:2], np.stack([0.1 * y, 0 * y]), WIDTHS)
    np.testing.assert_allclose(seen[:, 0], PLACES[:2, 0] / 1.1, atol=1e-3)


def test_a_torn_spot_is_where_its_light_is():
    rng = np.random.default_rng(1)
    shifts = np.stack([np.zeros((64, 80)), np.repeat(rng.normal(0, 1, (64, 1)), 80, axis=1)])
    y, x = np.indices((64, 80))
    seen = seen_at(PLACES[:2], shifts, WIDTHS)
    for (py, px), found in zip(PLACES, seen):
        light = np.exp(-(((y - py) / 2.0) ** 2 + ((x + shifts[1] - px) / 1.5) ** 2) / 2)
        centre = np.array([(y * light).sum(), (x * light).sum()]) / light.sum()
        np.testing.assert_allclose(found, centre, atol=0.02)


def test_no_spots_are_seen_nowhere():
    assert seen_at(np.zeros((0, 2)), np.zeros((2, 8, 8)), WIDTHS).shape == (0, 2)
