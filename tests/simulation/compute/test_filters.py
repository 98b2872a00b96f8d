from __future__ import annotations

import time
from collections.abc import Iterator

import numba
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import ndtri

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._filters import blur, smooth_fields
from napari_stem3d.simulation.compute._random import draw_keys

KEYS = draw_keys(np.random.default_rng(11), 400)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((3, 61, 90)).astype(np.float32)


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.mark.parametrize("sigmas", [(0.5, 0.5), (1.0, 1.5), (0.0, 2.0), (3.0, 0.3), (2.99, 2.99)])
def test_blur_is_that_of_scipy(images: np.ndarray, sigmas: tuple[float, float]) -> None:
    """SIM-15: a narrow Gaussian, tap by tap."""
    wanted = gaussian_filter(images.astype(float), (0, *sigmas), mode="nearest", truncate=4)
    np.testing.assert_allclose(blur(images, sigmas), wanted, atol=1e-5)


@pytest.mark.parametrize(
    "sigmas", [(3.01, 3.01), (8.0, 20.0), (0.6, 30.0), (50.0, 0.0), (75.0, 200.0), (1e3, 1e3)]
)
def test_wide_blur_is_that_of_scipy(images: np.ndarray, sigmas: tuple[float, float]) -> None:
    """SIM-15: through the nodes of a coarse raster; also where σ exceeds the image."""
    wanted = gaussian_filter(images.astype(float), (0, *sigmas), mode="nearest", truncate=6)
    np.testing.assert_allclose(blur(images, sigmas), wanted, atol=1e-5)


@pytest.mark.parametrize("sigma", (1.0, 1.5, 2.5, 6.0, 25.0))
def test_an_edge_becomes_as_wide_as_predicted(sigma: float) -> None:
    """SIM-15: the 20-80 % width of an edge is 2 · 0.8416 σ."""
    edge = np.zeros((1, 4, 400), np.float32)
    edge[:, :, 200:] = 1
    profile = blur(edge, (sigma, sigma))[0, 2]
    # Between pixels, the quantile of the profile is straight where the profile itself is not.
    scores = ndtri(np.clip(profile.astype(float), 1e-4, 1 - 1e-4))
    low, high = np.interp(ndtri([0.2, 0.8]), scores, np.arange(400))
    assert high - low == pytest.approx(2 * ndtri(0.8) * sigma, rel=0.05)


@pytest.mark.parametrize("sigma", (0.7, 2.0, 4.0, 9.0))
def test_energy_inside_is_conserved(sigma: float) -> None:
    """SIM-15: what does not reach the edges keeps its sum, and its centre."""
    image = np.zeros((1, 121, 141), np.float32)
    image[0, 58:63, 66:71] = np.random.default_rng(0).random((5, 5))
    blurred = blur(image, (sigma, sigma)).astype(float)
    assert blurred.sum() == pytest.approx(image.sum(dtype=float), rel=1e-5)
    columns = np.arange(141)
    middle = (image[0].astype(float).sum(0) @ columns) / image.sum(dtype=float)
    assert (blurred[0].sum(0) @ columns) / blurred.sum() == pytest.approx(middle, abs=1e-3)


@pytest.mark.parametrize("sigmas", [(1.0, 2.0), (40.0, 7.0)])
def test_an_even_image_stays_even(sigmas: tuple[float, float]) -> None:
    even = np.full((2, 30, 40), 7.25, np.float32)
    np.testing.assert_allclose(blur(even, sigmas), even, rtol=2e-6)


def test_no_blur_returns_a_copy(images: np.ndarray) -> None:
    same = blur(images, (0, 0))
    np.testing.assert_array_equal(same, images)
    assert same is not images


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 7), (2, 7, 1), (1, 2, 3), (0, 4, 4)])
@pytest.mark.parametrize("sigmas", [(1.3, 2.0), (4.0, 60.0)])
def test_the_smallest_images_blur(shape: tuple[int, int, int], sigmas: tuple[float, float]) -> None:
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    wanted = gaussian_filter(image.astype(float), (0, *sigmas), mode="nearest", truncate=6)
    np.testing.assert_allclose(blur(image, sigmas), wanted, atol=2e-4)


@pytest.mark.usefixtures("one_thread")
def test_time_hardly_grows_with_the_width() -> None:
    """SIM-15: hundreds of pixels cost no more than three times three pixels do."""
    image = np.zeros((4, 256, 256), np.float32)

    def least(sigma: float) -> float:
        times = []
        for _ in range(9):
            start = time.perf_counter()
            blur(image, (sigma, sigma))
            times.append(time.perf_counter() - start)
        return min(times[1:])

    assert least(300.0) < 3 * least(3.0)


@pytest.mark.parametrize("sigmas", [(0.4, 0.4), (2.0, 5.0), (50.0, 50.0), (10.0, 400.0)])
def test_fields_have_mean_zero_and_variance_one(sigmas: tuple[float, float]) -> None:
    """SIM-16: at each pixel, over the realisations, at the edges and in the middle."""
    fields = smooth_fields(KEYS, (40, 50), sigmas).astype(float)
    n = len(KEYS)
    for place in ((0, 0), (39, 49), (20, 25), (0, 31)):
        values = fields[:, place[0], place[1]]
        assert abs(values.mean()) < 4 / np.sqrt(n)
        assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)
    assert fields.var(axis=0).mean() == pytest.approx(1, abs=4 * np.sqrt(2 / n))


@pytest.mark.parametrize("sigmas", [(3.0, 6.0), (1.5, 1.5), (20.0, 12.0)])
def test_fields_are_correlated_as_requested(sigmas: tuple[float, float]) -> None:
    """SIM-16: exp(-Δy²/(4 σ_y²) - Δx²/(4 σ_x²)), the same everywhere."""
    fields = smooth_fields(KEYS, (48, 48), sigmas).astype(float)
    for dy, dx in ((0, 3), (4, 0), (2, 5), (12, 12), (0, 30)):
        wanted = np.exp(-(dy**2) / (4 * sigmas[0] ** 2) - dx**2 / (4 * sigmas[1] ** 2))
        products = fields[:, dy:, dx:] * fields[:, : 48 - dy, : 48 - dx]
        per_field = products.mean((1, 2))
        error = per_field.std() / np.sqrt(len(KEYS))
        assert abs(per_field.mean() - wanted) < 4.5 * error


def test_the_finest_fields_are_white() -> None:
    fields = smooth_fields(KEYS[:50], (64, 64), (0.0, 0.0))
    pairs = (fields[:, 1:] * fields[:, :-1]).mean() * np.sqrt(50 * 63 * 64)
    assert abs(pairs) < 4.5
    assert fields.var() == pytest.approx(1, abs=0.02)


def test_the_widest_fields_are_even() -> None:
    fields = smooth_fields(KEYS[:20], (64, 32), (1e7, 1e7))
    assert np.ptp(fields, axis=(1, 2)).max() < 1e-4
    assert len(np.unique(fields[:, 0, 0].round(3))) > 15


@pytest.mark.usefixtures("one_thread")
def test_fields_cost_no_more_than_microseconds() -> None:
    """SIM-16: a film correlated over 50 pixels takes less than 100 µs per image of 128 x 128."""
    smooth_fields(KEYS[:8], (128, 128), (50.0, 50.0))
    times = []
    for _ in range(10):
        start = time.perf_counter()
        smooth_fields(KEYS[:8], (128, 128), (50.0, 50.0))
        times.append(time.perf_counter() - start)
    assert min(times) / 8 < 100e-6


@pytest.mark.usefixtures("one_thread")
def test_images_do_not_depend_on_their_batch(images: np.ndarray) -> None:
    """SIM-24: the same bytes in any batch, on any number of threads."""
    for sigmas in ((1.2, 0.7), (9.0, 30.0)):
        numba.set_num_threads(1)
        together = blur(images, sigmas)
        fields = smooth_fields(KEYS[:5], (31, 45), sigmas)
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
        np.testing.assert_array_equal(blur(images[1:2], sigmas), together[1:2])
        np.testing.assert_array_equal(blur(images[::-1], sigmas), together[::-1])
        np.testing.assert_array_equal(smooth_fields(KEYS[3:5], (31, 45), sigmas), fields[3:5])


@pytest.mark.parametrize("sigmas", [(-1.0, 1.0), (np.nan, 1.0), (1.0, np.inf), (1.0,), (1, 2, 3)])
def test_widths_that_are_none_are_refused(images: np.ndarray, sigmas: tuple[float, ...]) -> None:
    for call in (lambda: blur(images, sigmas), lambda: smooth_fields(KEYS, (4, 4), sigmas)):  # type: ignore[arg-type]
        with pytest.raises(InputError, match="sigmas must be two standard deviations"):
            call()


def test_what_is_no_stack_is_refused() -> None:
    with pytest.raises(InputError, match="images must have the shape"):
        blur(np.zeros((4, 4)), (1, 1))
