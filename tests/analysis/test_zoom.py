from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis import zoom
from napari_stem3d.analysis.zoom import suitable_zoom, typical_radius


def disks(radius: float, noise: float, size: int = 300, count: int = 9) -> np.ndarray:
    """Bright disks on a square lattice."""
    rng = np.random.default_rng(0)
    y, x = np.indices((size, size))
    side = round(count**0.5)
    pitch = size / side
    image = np.zeros((size, size))
    for i in range(side):
        for j in range(side):
            image += np.hypot(y - (i + 0.5) * pitch, x - (j + 0.5) * pitch) < radius
    return (image + rng.normal(0, noise, image.shape)).astype(np.float32)


@pytest.mark.parametrize("radius", [6.0, 12.0, 25.0, 40.0])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5])
def test_the_radius_of_disks_is_found_in_any_noise(radius: float, noise: float) -> None:
    assert typical_radius(disks(radius, noise)) == pytest.approx(radius, rel=0.2)


def test_specks_beside_a_few_particles_do_not_count_as_much() -> None:
    image = disks(25.0, 0.0)
    image[np.random.default_rng(1).random(image.shape) < 0.005] = 1
    assert typical_radius(image) > 15


def test_gain_and_offset_do_not_matter() -> None:
    image = disks(15.0, 0.1)
    assert typical_radius(1000 * image + 50) == pytest.approx(typical_radius(image))


def test_an_even_image_has_no_radius_and_needs_no_zoom() -> None:
    even = np.full((64, 64), 3.0, np.float32)
    assert typical_radius(even) == 0
    assert suitable_zoom(even) == 1


@pytest.mark.parametrize("radius", [10.0, 20.0, 35.0])
def test_particles_of_the_networks_size_stay_as_they_are(radius: float) -> None:
    assert suitable_zoom(disks(radius, 0.1)) == 1


@pytest.mark.parametrize(("radius", "count"), [(2.5, 400), (5.0, 100), (80.0, 1), (120.0, 1)])
def test_others_are_brought_to_it(radius: float, count: int) -> None:
    factor = suitable_zoom(disks(radius, 0.05, count=count))
    assert factor > 1 if radius < 8 else factor < 1
    assert zoom.SMALLEST_RADIUS <= radius * factor <= zoom.LARGEST_RADIUS


def test_an_enlarged_image_stays_within_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    image = disks(3.0, 0.0, count=225)
    assert suitable_zoom(image) > 2
    monkeypatch.setattr(zoom, "MOST_PIXELS", 2.25 * image.size)
    assert suitable_zoom(image) == pytest.approx(1.5)
    monkeypatch.setattr(zoom, "MOST_PIXELS", 10)
    assert suitable_zoom(image) == 1


def test_no_image_is_enlarged_beyond_reason() -> None:
    image = np.zeros((64, 64), np.float32)
    image[::8, ::8] = 1
    assert suitable_zoom(image) <= zoom.LARGEST_ZOOM


@pytest.mark.parametrize(("radius", "zoom"), [(20, 1.0), (4, 2.0)])
def test_a_large_image_is_judged_by_its_parts(radius: int, zoom: float) -> None:
    y, x = np.indices((1600, 1700)) % 100 - 50
    image = (np.hypot(y, x) <= radius).astype(np.float32)
    image[:500, :500] = 0  # a part without particles
    assert suitable_zoom(image) == pytest.approx(zoom, rel=0.25)
