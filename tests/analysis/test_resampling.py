from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_stem3d.analysis.resampling import enlarge, resample, zoomed_shape


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 80)).astype(np.float32)


def plane(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.indices(shape)
    return (3 * y - 2 * x).astype(np.float32)


def test_the_same_raster_gives_the_same_image(noise: np.ndarray) -> None:
    np.testing.assert_array_equal(resample(noise, (60, 80), 1.0, (0.0, 0.0)), noise)
    np.testing.assert_array_equal(resample(noise, (10, 20), 1.0, (7.0, 30.0)), noise[7:17, 30:50])


@pytest.mark.parametrize("step", [0.3, 1.0, 2.5])
def test_points_lie_at_start_and_multiples_of_step(step: float) -> None:
    found = resample(plane((60, 80)), (12, 9), step, (20.25, 31.5))
    y, x = 20.25 + step * np.arange(12), 31.5 + step * np.arange(9)
    np.testing.assert_allclose(found, 3 * y[:, None] - 2 * x, atol=2e-3)


def test_coarser_rasters_average_over_the_noise(noise: np.ndarray) -> None:
    coarse = resample(noise, (15, 20), 4.0, (1.5, 1.5))
    assert coarse.std() < 0.5  # every fourth pixel of white noise would have 1
    stripes = np.tile(np.float32([0, 1]), (60, 40))
    np.testing.assert_allclose(resample(stripes, (12, 16), 4.0, (5.0, 7.0)), 0.5, atol=0.05)


def test_the_mean_stays(noise: np.ndarray) -> None:
    smooth = gaussian_filter(noise, 3)
    for step, shape in ((0.5, (120, 160)), (2.0, (30, 40))):
        start = (0.5 * step - 0.5, 0.5 * step - 0.5)
        assert resample(smooth, shape, step, start).mean() == pytest.approx(
            smooth.mean(), abs=float(0.02 * smooth.std())
        )


def test_beyond_the_edges_lies_the_nearest_pixel_or_a_value() -> None:
    image = plane((5, 6)) + 10
    nearest = resample(image, (9, 10), 1.0, (-2.0, -2.0))
    np.testing.assert_array_equal(nearest, np.pad(image, 2, mode="edge"))
    zeros = resample(image, (9, 10), 1.0, (-2.0, -2.0), outside=0.0)
    np.testing.assert_array_equal(zeros, np.pad(image, 2))


@pytest.mark.parametrize("start", [(-500.0, 3.0), (3.0, 900.0), (900.0, -500.0)])
def test_a_raster_wholly_outside_is_the_edge_or_a_value(noise, start) -> None:
    assert np.isfinite(resample(noise, (4, 4), 1.0, start)).all()
    np.testing.assert_array_equal(resample(noise, (4, 4), 1.0, start, outside=7.0), 7.0)


def test_only_the_neighbourhood_is_looked_at() -> None:
    image = np.full((200, 200), np.nan, np.float32)
    image[80:120, 80:120] = 1
    np.testing.assert_array_equal(resample(image, (8, 8), 1.5, (94.0, 94.0)), 1)


@pytest.mark.parametrize("zoom", [0.25, 0.5, 2.0, 3.0])
def test_an_enlarged_image_covers_the_same_area(zoom: float) -> None:
    image = np.zeros((60, 80), np.float32)
    image[12:20, 50:62] = 1
    image = gaussian_filter(image, 2)
    large = enlarge(image, zoom)
    assert large.shape == (60 * zoom, 80 * zoom)
    for axis in (0, 1):
        # Centre of mass in units of the image's side, counted from its edge.
        middle, found = (
            ((np.indices(i.shape)[axis] + 0.5) * i).sum() / i.sum() / i.shape[axis]
            for i in (image, large)
        )
        assert found == pytest.approx(middle, abs=1e-3)
    assert large.sum() / zoom**2 == pytest.approx(image.sum(), rel=0.02)


def test_no_zoom_is_no_change(noise: np.ndarray) -> None:
    assert enlarge(noise, 1) is noise


def test_zoomed_shapes_are_never_empty() -> None:
    assert zoomed_shape((10, 30), 0.01) == (1, 1)
    assert zoomed_shape((10, 30), 2.5) == (25, 75)
