from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.simulation._rows import shift_rows


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)


def test_whole_pixels_move_rows_without_interpolation(image: np.ndarray) -> None:
    moved = shift_rows(image, np.array([0.0, 1.0, -2.0, 3.0, -40.0]))
    np.testing.assert_array_equal(moved[0], image[0])
    np.testing.assert_array_equal(moved[1, :-1], image[1, 1:])
    np.testing.assert_array_equal(moved[2, 2:], image[2, :-2])
    np.testing.assert_array_equal(moved[3, :-3], image[3, 3:])
    np.testing.assert_array_equal(moved[4], np.full(40, image[4, 0]))  # beyond the edge


def test_smooth_structure_is_sampled_between_the_pixels() -> None:
    x = np.arange(60.0)
    waves = np.tile(np.sin(x / 5), (3, 1)).astype(np.float32)
    shifts = np.array([0.3, -0.25, 2.5])
    moved = shift_rows(waves, shifts)
    np.testing.assert_allclose(
        moved[:, 5:-5], np.sin((x + shifts[:, None]) / 5)[:, 5:-5], atol=2e-4
    )
