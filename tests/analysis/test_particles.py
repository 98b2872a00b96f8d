from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.particles import measure_particles


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((20, 30), np.int32)
    labels[2:4, 5:11] = 1
    labels[10, 20] = 7
    return labels


def test_sizes_in_nm_and_positions_in_pixels(labels: np.ndarray) -> None:
    table = measure_particles(labels, (2.0, 0.5))
    assert list(table) == ["particle", "y", "x", "area_nm2", "diameter_nm"]
    assert table["particle"].tolist() == [1, 7]
    np.testing.assert_allclose(table[["y", "x"]], [[2.5, 7.5], [10, 20]])
    np.testing.assert_allclose(table["area_nm2"], [12.0, 1.0])
    np.testing.assert_allclose(table["diameter_nm"], np.sqrt(4 * np.array([12, 1]) / np.pi))


def test_sizes_in_pixels_where_the_pixel_is_unknown(labels: np.ndarray) -> None:
    table = measure_particles(labels)
    assert table["area_px2"].tolist() == [12, 1]


def test_an_image_without_particles() -> None:
    table = measure_particles(np.zeros((8, 8), int), (1.0, 1.0))
    assert (len(table), "diameter_nm" in table) == (0, True)
