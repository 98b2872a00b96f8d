"""The same particle, seen at any size, anywhere, on any scale of grey, gives the same crop."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.crops import Circle, crop_particle, enclosing_circle, outlines
from napari_stem3d.networks.contracts import CROP, RADIUS
from napari_stem3d.simulation import Cuboid, Grid, Particle, project, random_rotation


def seen(pixel: float, shift: tuple[float, float] = (0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """Thickness and mask of one cuboid, 12 nm large, with pixels of a given size [nm]."""
    n = int(24 / pixel)
    position = (n // 2 * pixel + shift[0], n // 2 * pixel + shift[1])
    rotation = random_rotation(np.random.default_rng(5))
    image = project(Particle(Cuboid(8, 7, 6), position, rotation), Grid((n, n + 5), (pixel, pixel)))
    return image, image > 0


def test_the_circle_holds_every_pixel_and_no_room_to_spare() -> None:
    _, mask = seen(0.1)
    circle = enclosing_circle(mask)
    y, x = np.nonzero(mask)
    distances = np.hypot(y - circle.y, x - circle.x)
    assert distances.max() == pytest.approx(circle.radius - 0.5)
    assert circle.y == (y.min() + y.max()) / 2
    assert circle.x == (x.min() + x.max()) / 2


def test_a_single_pixel_has_a_circle_of_half_a_pixel() -> None:
    mask = np.zeros((5, 9), bool)
    mask[2, 7] = True
    assert enclosing_circle(mask) == Circle(2.0, 7.0, 0.5)


def test_positions_in_the_crop() -> None:
    circle = Circle(40.0, 60.0, 14.0)
    assert circle.step == pytest.approx(14 / RADIUS)
    middle = (CROP - 1) / 2
    places = circle.to_crop(np.array([[40.0, 60.0], [40.0, 74.0], [26.0, 60.0], circle.start]))
    expected = [[middle, middle], [middle, middle + RADIUS], [middle - RADIUS, middle], [0, 0]]
    np.testing.assert_allclose(places, expected, atol=1e-9)


def test_a_crop_is_grey_values_and_mask() -> None:
    image, mask = seen(0.2)
    crop = crop_particle(image, mask, enclosing_circle(mask))
    assert crop.shape == (CROP, CROP, 2)
    assert crop.dtype == np.float32
    assert 0 <= crop[..., 1].min() < crop[..., 1].max() <= 1
    inside = crop[..., 1] > 0.5
    assert crop[..., 0][inside].mean() == pytest.approx(1, abs=1e-5)
    assert np.percentile(crop[..., 0], 5) == pytest.approx(0, abs=1e-6)
    # The particle's circle is centred and has its radius.
    y, x = np.nonzero(inside)
    assert np.hypot(y - 31.5, x - 31.5).max() == pytest.approx(RADIUS, abs=1.0)


@pytest.mark.parametrize("pixel", [0.05, 0.1, 0.4])
def test_magnification_does_not_matter(pixel: float) -> None:
    crops = []
    for size in (0.2, pixel):
        image, mask = seen(size)
        crops.append(crop_particle(image, mask, enclosing_circle(mask)))
    assert np.corrcoef(crops[0][..., 0].ravel(), crops[1][..., 0].ravel())[0, 1] > 0.99
    assert abs(crops[0] - crops[1]).mean() < 0.04


def test_the_place_in_the_image_does_not_matter() -> None:
    crops = []
    for shift in ((0.0, 0.0), (1.4, -2.2)):  # whole pixels
        image, mask = seen(0.2, shift)
        crops.append(crop_particle(image, mask, enclosing_circle(mask)))
    np.testing.assert_allclose(*crops, atol=1e-3)


def test_gain_and_offset_do_not_matter() -> None:
    image, mask = seen(0.2)
    circle = enclosing_circle(mask)
    np.testing.assert_allclose(
        crop_particle(30 * image - 7, mask, circle), crop_particle(image, mask, circle), atol=1e-5
    )


def test_at_the_edge_of_the_image_there_is_no_mask_beyond() -> None:
    image, mask = seen(0.2)
    y = int(enclosing_circle(mask).y)
    half, half_mask = image[y:], mask[y:]
    circle = Circle(0.0, enclosing_circle(mask).x, enclosing_circle(mask).radius)
    crop = crop_particle(half, half_mask, circle)
    assert np.isfinite(crop).all()
    assert not crop[:31, :, 1].any()
    assert crop[32:, :, 1].any()


def disk(radius: float, shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    y, x = np.indices(shape)
    return np.hypot(y - 20, x - 20) <= radius


@pytest.mark.parametrize("radius", [3.4, 5.4, 15.4])
def test_a_outlines_stays_as_it_is(radius: float) -> None:
    mask = disk(radius)
    assert (outlines(mask)[0] != mask).sum() <= 0.15 * mask.sum()
    assert enclosing_circle(outlines(mask)[0]).radius == pytest.approx(radius + 0.5, abs=0.6)


def test_tails_specks_and_second_parts_are_dropped() -> None:
    mask = disk(8.0)
    mask[20, 28:42] = True  # a tail
    mask[2, 2] = True  # a speck
    mask[30:36, 40:46] = True  # a smaller part
    tidy = outlines(mask)[0]
    assert not tidy[:, 30:].any()
    assert not tidy[:8].any()
    assert (tidy != disk(8.0)).sum() < 20


def test_a_needle_is_left_alone() -> None:
    needle = np.zeros((40, 50), bool)
    needle[20, 5:45] = True
    np.testing.assert_array_equal(outlines(needle)[0], needle)


def test_the_edge_of_the_image_is_not_the_particles() -> None:
    half, whole = outlines(disk(15.4)[20:])[0], outlines(disk(15.4))[0][20:]
    assert half[0].sum() >= 30
    assert (half != whole).sum() <= 4
