from __future__ import annotations

import numba
import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._filters import smooth_fields
from napari_stem3d.simulation.compute._random import draw_keys
from napari_stem3d.simulation.compute._resampling import cubic_weights, gather, shift_rows


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 30, 43)).astype(np.float32)


def sampled(image: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Catmull-Rom interpolation, pixel by pixel, in double precision."""
    (ny, nx), (rows, columns) = image.shape, np.indices(image.shape)
    y, x = np.floor(dy).astype(int), np.floor(dx).astype(int)
    wy, wx = cubic_weights(dy - y), cubic_weights(dx - x)
    total = np.zeros(image.shape)
    for k in range(4):
        for m in range(4):
            r = np.clip(rows + y + k - 1, 0, ny - 1)
            c = np.clip(columns + x + m - 1, 0, nx - 1)
            total += wy[k] * wx[m] * image[r, c]
    return total


def test_weights_reproduce_parabolas() -> None:
    t, nodes = np.linspace(0, 1, 11), np.arange(-1, 3)
    for power in range(3):
        np.testing.assert_allclose(nodes**power @ cubic_weights(t), t**power, atol=1e-12)
    np.testing.assert_array_equal(cubic_weights(np.array(0.0)), [0, 1, 0, 0])


def test_whole_pixels_move_rows_without_interpolation(images: np.ndarray) -> None:
    shifts = np.zeros((3, 30))
    shifts[0, :5] = (0.0, 1.0, -2.0, 3.0, -43.0)
    moved, image = shift_rows(images, shifts)[0], images[0]
    np.testing.assert_array_equal(moved[0], image[0])
    np.testing.assert_array_equal(moved[1, :-1], image[1, 1:])
    np.testing.assert_array_equal(moved[2, 2:], image[2, :-2])
    np.testing.assert_array_equal(moved[3, :-3], image[3, 3:])
    np.testing.assert_array_equal(moved[4], np.full(43, image[4, 0]))  # beyond the edge
    np.testing.assert_array_equal(shift_rows(images, shifts)[1:], images[1:])


def test_smooth_structure_is_sampled_between_the_pixels() -> None:
    x = np.arange(60.0)
    waves = np.tile(np.sin(x / 5), (1, 3, 1)).astype(np.float32)
    shifts = np.array([[0.3, -0.25, 2.5]])
    moved = shift_rows(waves, shifts)[0]
    wanted = np.sin((x + shifts[0, :, None]) / 5)
    np.testing.assert_allclose(moved[:, 5:-5], wanted[:, 5:-5], atol=2e-4)


@pytest.mark.parametrize("size", (0.3, 2.0, 40.0, 1e9))
def test_rows_move_as_single_pixels_do(images: np.ndarray, size: float) -> None:
    shifts = np.random.default_rng(1).normal(0, size, (3, 30)).astype(np.float32)
    dx = np.repeat(shifts[:, :, None], 43, axis=2)
    moved = shift_rows(images, shifts)
    np.testing.assert_allclose(gather(images, np.zeros_like(dx), dx), moved, atol=1e-6)


@pytest.mark.parametrize("size", (0.2, 1.5, 30.0))
@pytest.mark.parametrize("smooth", (0.0, 6.0))
def test_pixels_are_gathered_from_where_they_are_displaced_to(
    images: np.ndarray, size: float, smooth: float
) -> None:
    keys = draw_keys(np.random.default_rng(2), 6)
    dy, dx = size * smooth_fields(keys, (30, 43), (smooth, smooth)).reshape(2, 3, 30, 43)
    wanted = [sampled(*each) for each in zip(images, dy.astype(float), dx.astype(float))]
    np.testing.assert_allclose(gather(images, dy, dx), wanted, atol=3e-6)


def test_edges_go_on_evenly(images: np.ndarray) -> None:
    far = np.full(images.shape, 1e30, np.float32)
    corner = np.broadcast_to(images[:, -1:, :1], images.shape)
    np.testing.assert_allclose(gather(images, far, -far), corner, rtol=1e-6)


def test_an_even_image_stays_even_wherever_it_is_sampled() -> None:
    """SIM-18: a blank image is unaffected."""
    even = np.full((2, 20, 25), 3.5, np.float32)
    dy, dx = np.random.default_rng(0).normal(0, 5, (2, *even.shape))
    np.testing.assert_allclose(gather(even, dy, dx), even, rtol=1e-6)
    np.testing.assert_allclose(shift_rows(even, dy[:, :, 0]), even, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 5), (2, 5, 1), (0, 3, 3), (1, 2, 2)])
def test_the_smallest_images_are_sampled(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    dy, dx = np.random.default_rng(1).normal(0, 2, (2, *shape))
    wanted = [sampled(*each) for each in zip(image.astype(float), dy, dx)]
    np.testing.assert_allclose(gather(image, dy, dx), np.reshape(wanted, shape), atol=3e-6)


def test_images_do_not_depend_on_their_batch(images: np.ndarray) -> None:
    """SIM-24: the same bytes in any batch, on any number of threads."""
    dy, dx = np.random.default_rng(0).normal(0, 1, (2, *images.shape)).astype(np.float32)
    together = gather(images, dy, dx)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    np.testing.assert_array_equal(gather(images[1:], dy[1:], dx[1:]), together[1:])
    numba.set_num_threads(before)


def test_shapes_that_do_not_fit_are_refused(images: np.ndarray) -> None:
    with pytest.raises(InputError, match="shifts must have the shape"):
        shift_rows(images, np.zeros(30))
    with pytest.raises(InputError, match="dx must have the shape"):
        gather(images, np.zeros_like(images), np.zeros((3, 30, 1)))
    with pytest.raises(InputError, match="images must have the shape"):
        gather(images[0], images[0], images[0])
