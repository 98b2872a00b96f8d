"""Nobody knows the scale of the grey values, so nothing may depend on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_stem3d.networks.normalization import fill_gaps, normalize_crop, normalize_frame

quiet = settings(max_examples=40, deadline=None, derandomize=True)
gain = st.floats(1e-6, 1e6)
offset = st.floats(-1e6, 1e6)


def picture(seed: int = 0) -> np.ndarray:
    """Noise with a bright square, which spans 0 to 1 give or take."""
    image = np.random.default_rng(seed).normal(0.1, 0.02, (40, 50))
    image[10:25, 12:30] += 0.8
    return image


INSIDE = picture() > 0.5


@quiet
@given(gain=gain, offset=offset)
def test_gain_and_offset_of_an_image_do_not_matter(gain: float, offset: float) -> None:
    image = picture()
    precision = 1e-6 + 1e-14 * abs(offset) / gain  # of the doubles that the offset is added in
    np.testing.assert_allclose(
        normalize_frame(fill_gaps(gain * image + offset)),
        normalize_frame(fill_gaps(image)),
        atol=10 * precision,
    )


@quiet
@given(gain=gain, offset=offset)
def test_gain_and_offset_of_a_crop_do_not_matter(gain: float, offset: float) -> None:
    image = picture()
    precision = 1e-6 + 1e-14 * abs(offset) / gain
    np.testing.assert_allclose(
        normalize_crop(fill_gaps(gain * image + offset), INSIDE),
        normalize_crop(fill_gaps(image), INSIDE),
        atol=10 * precision,
    )


def test_gaps_get_the_median_of_the_rest() -> None:
    image = np.array([[1.0, np.nan, 3.0], [np.inf, 8.0, -np.inf]])
    filled = fill_gaps(image)
    np.testing.assert_array_equal(filled, [[-2, 0, 0], [0, 5, 0]])
    assert filled.dtype == np.float32


def test_gaps_alone_are_zeros() -> None:
    np.testing.assert_array_equal(fill_gaps(np.full((3, 4), np.nan)), np.zeros((3, 4)))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float16, bool])
def test_every_kind_of_number_is_taken(kind: type) -> None:
    filled = fill_gaps(np.array([[0, 1, 1], [1, 0, 1]], kind))
    np.testing.assert_array_equal(np.ptp(filled), 1)


def test_a_huge_offset_costs_no_contrast() -> None:
    # 1e9 + 1 is 1e9 in single precision.
    image = picture()
    np.testing.assert_allclose(fill_gaps(image + 1e9), fill_gaps(image), atol=2e-7)


def test_the_image_is_not_changed_in_place() -> None:
    image = np.array([[1.0, np.nan]])
    fill_gaps(image)
    np.testing.assert_array_equal(image, [[1.0, np.nan]])


def test_percentiles_of_an_image_become_0_and_1() -> None:
    image = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    scaled = normalize_frame(image)
    np.testing.assert_allclose(np.percentile(scaled, (1, 99.9)), (0, 1), atol=1e-5)
    assert scaled.dtype == np.float32


def test_one_hot_pixel_does_not_darken_the_image() -> None:
    image = picture().astype(np.float32)
    hot = image.copy()
    hot[0, 0] = 1e6
    np.testing.assert_allclose(normalize_frame(hot)[1:], normalize_frame(image)[1:], atol=0.02)
    assert normalize_frame(hot)[0, 0] == 1.5
    hot[0, 0] = -1e6
    assert normalize_frame(hot)[0, 0] == -0.5


def test_an_even_image_is_nothing() -> None:
    even = np.full((5, 6), 7.0, np.float32)
    np.testing.assert_array_equal(normalize_frame(even), 0)
    np.testing.assert_array_equal(normalize_crop(even, np.ones((5, 6), bool)), 0)


def test_the_background_of_a_crop_is_0_and_its_particle_1() -> None:
    scaled = normalize_crop(picture().astype(np.float32), INSIDE)
    assert np.percentile(scaled, 5) == pytest.approx(0, abs=1e-6)
    assert scaled[INSIDE].mean() == pytest.approx(1, abs=1e-5)
    assert scaled.dtype == np.float32


def test_a_particle_darker_than_its_surroundings_is_nothing() -> None:
    dark = -picture().astype(np.float32)
    dark[:5] = -5  # something darker still, so that the background is not the particle
    dark[INSIDE] = -6
    np.testing.assert_array_equal(normalize_crop(dark, INSIDE), 0)


def test_a_crop_without_a_mask_is_scaled_by_its_brightest_pixel() -> None:
    image = picture().astype(np.float32)
    scaled = normalize_crop(image, np.zeros(image.shape, bool))
    assert scaled.max() == pytest.approx(1)
