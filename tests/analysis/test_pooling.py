"""One gain per image: guesses of thickness agree with each other afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_stem3d.analysis.pooling import pooled_thickness

RADII = (9, 11, 13, 10, 12, 14)


def spheres(brightness: tuple[float, ...] = (1,) * 6) -> tuple[NDArray, NDArray, NDArray]:
    """Image, labels and thickness of six spheres on an uneven background."""
    y, x = np.mgrid[:80, :120]
    labels, thickness = np.zeros((80, 120), np.int32), np.zeros((80, 120), np.float32)
    signal = np.zeros((80, 120))
    for k, radius in enumerate(RADII):
        square = radius**2 - (y - 20 - 40 * (k // 3)) ** 2 - (x - 20 - 40 * (k % 3)) ** 2
        own = 2 * np.sqrt(np.maximum(square, 0))
        labels[square > 0] = k + 1
        thickness += own.astype(np.float32)
        signal += brightness[k] * own
    image = gaussian_filter(signal, 0.8) * 7 + 100 + 0.05 * y
    return image.astype(np.float32), labels, thickness


def volumes(labels: NDArray, thickness: NDArray) -> NDArray:
    return np.bincount(labels.ravel(), thickness.ravel())[1:]


def test_one_wrong_guess_is_put_right_by_the_others() -> None:
    image, labels, truth = spheres()
    guess = np.where(labels == 3, np.float32(1.2) * truth, truth)
    found = volumes(labels, pooled_thickness(image, labels, guess)) / volumes(labels, truth)
    np.testing.assert_allclose(found, 1, atol=0.02)


def test_the_errors_of_many_guesses_average_out() -> None:
    image, labels, truth = spheres()
    factors = np.array([1, 1.15, 0.9, 1.1, 0.85, 1.0, 1.02])
    guess = (truth * factors[labels]).astype(np.float32)
    found = volumes(labels, pooled_thickness(image, labels, guess)) / volumes(labels, truth)
    assert np.ptp(found) < 0.1 < np.ptp(factors)
    assert abs(found.mean() - 1) < 0.05


def test_guesses_stay_where_brightness_does_not_tell_the_thickness() -> None:
    image, labels, truth = spheres((1, 3, 0.4, 2, 0.7, 5))  # as if of six materials
    found = volumes(labels, pooled_thickness(image, labels, truth)) / volumes(labels, truth)
    np.testing.assert_allclose(found, 1, atol=0.05)


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_the_intensity_scale_does_not_matter(scale: float) -> None:
    image, labels, truth = spheres()
    guess = np.where(labels == 2, np.float32(0.8) * truth, truth)
    expected = pooled_thickness(image, labels, guess)
    changed = (image * scale - 50).astype(np.float32)
    np.testing.assert_allclose(pooled_thickness(changed, labels, guess), expected, rtol=2e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_few_particles_have_nothing_to_agree_on(count: int) -> None:
    image, labels, truth = spheres()
    few = np.where(labels <= count, labels, 0)
    np.testing.assert_array_equal(pooled_thickness(image, few, truth), truth)


def test_labels_need_not_be_consecutive_nor_leave_any_background() -> None:
    image, labels, truth = spheres()
    guess = np.where(labels == 3, np.float32(1.2) * truth, truth)
    expected = pooled_thickness(image, labels, guess)
    np.testing.assert_allclose(pooled_thickness(image, 3 * labels, guess), expected, rtol=1e-5)
    full = np.repeat(np.arange(1, 5, dtype=np.int32), 20)[None].repeat(30, axis=0)
    ramp = np.tile(np.linspace(1, 2, 80, dtype=np.float32), (30, 1))
    assert np.isfinite(pooled_thickness(ramp, full, ramp)).all()
