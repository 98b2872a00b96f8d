"""Training samples of the U-Net: deterministic, and right about every pixel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.networks.contracts import REGIONS
from napari_stem3d.tasks.scenes import Pixels, SceneTask, random_pile, regions_of

BACKGROUND, INTERIOR, BOUNDARY = (REGIONS.index(n) for n in ("background", "interior", "boundary"))


@pytest.fixture(scope="module")
def scenes() -> list[Pixels]:
    task = SceneTask(3)
    return [task[i] for i in range(60)]


def test_a_sample_is_the_same_whenever_it_is_asked_for(scenes: list[Pixels]) -> None:
    task = SceneTask(3)
    for i in (50, 2, 31):
        for again, first in zip(task[i], scenes[i]):
            np.testing.assert_array_equal(again, first)
    assert not np.array_equal(SceneTask(4)[2].image, scenes[2].image)


def test_shapes_and_types(scenes: list[Pixels]) -> None:
    for scene in scenes:
        assert {array.shape for array in scene} == {(192, 192)}
        kinds = [np.float32, np.uint8, np.float32, np.int32, np.float32, np.float32]
        assert [array.dtype for array in scene] == kinds
        assert np.isfinite(scene.image).all()
        assert scene.image.min() >= -0.5
        assert scene.image.max() <= 1.5
    assert SceneTask(3, size=64)[0].image.shape == (64, 64)


def test_regions_thickness_and_labels_tell_the_same(scenes: list[Pixels]) -> None:
    for scene in scenes:
        np.testing.assert_array_equal(scene.regions > 0, scene.labels > 0)
        np.testing.assert_array_equal(scene.thickness > 0, scene.labels > 0)


def test_the_bright_parts_of_an_image_are_its_particles(scenes: list[Pixels]) -> None:
    # The image is blurred, jittered, enlarged and noisy, but it shows its own scene.
    agreement = [
        np.corrcoef(s.image.ravel(), s.thickness.ravel())[0, 1] for s in scenes if s.labels.any()
    ]
    assert np.median(agreement) > 0.8
    assert np.mean(np.array(agreement) > 0.3) > 0.9


def test_images_show_few_and_many_particles(scenes: list[Pixels]) -> None:
    counts = [len(np.unique(s.labels[s.labels > 0])) for s in scenes]
    assert min(counts) <= 2
    assert max(counts) >= 12


def squares() -> np.ndarray:
    labels = np.zeros((30, 40), np.int32)
    labels[5:15, 5:15] = 1
    labels[5:15, 15:25] = 2  # touches the first
    labels[20:30, 30:40] = 3  # cut by the edges of the image
    labels[20:24, 5:9] = 4  # too small for an interior... but for none at all
    labels[20:23, 15:18] = 5
    return labels


def test_the_outermost_two_pixels_of_a_particle_are_its_boundary() -> None:
    expected = np.full((30, 40), BACKGROUND)
    expected[squares() > 0] = BOUNDARY
    expected[7:13, 7:13] = expected[7:13, 17:23] = INTERIOR
    expected[22:30, 32:40] = INTERIOR  # the image's edge is no boundary
    regions = regions_of(squares())
    np.testing.assert_array_equal(regions, expected)
    assert regions.dtype == np.uint8


def test_an_empty_image_is_background() -> None:
    assert not regions_of(np.zeros((9, 9), np.int32)).any()


@pytest.mark.parametrize("radius", [6.0, 20.0, 50.0])
def test_piles_are_of_about_one_radius_and_within_reach(radius: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        pile = random_pile(rng, radius, 128)
        assert 1 <= len(pile) <= 60
        radii = np.array([p.shape.radius for p in pile])
        assert (radii >= 0.59 * radius).all()
        assert (radii <= 1.51 * radius).all()
        assert np.isfinite([p.position for p in pile]).all()
