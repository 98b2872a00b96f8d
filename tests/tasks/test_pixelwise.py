"""The reference scenes "pixel-wise", and the figures that are measured on them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.segmentation import Segmentation
from napari_stem3d.tasks import pixel_evaluation
from napari_stem3d.tasks.pixel_evaluation import FIGURES, evaluate_pixels
from napari_stem3d.tasks.pixelwise import PixelWise
from napari_stem3d.tasks.scenes import Pixels


@pytest.fixture(scope="module")
def scenes() -> list[Pixels]:
    return [PixelWise(3)[k] for k in range(6)]


def test_a_scene_is_the_same_whenever_it_is_asked_for(scenes: list[Pixels]) -> None:
    for again, first in zip(PixelWise(3)[4], scenes[4]):
        np.testing.assert_array_equal(again, first)
    assert not np.array_equal(PixelWise(4)[4].image, scenes[4].image)


def test_particles_are_as_many_and_as_large_as_the_conditions_say(scenes: list[Pixels]) -> None:
    counts = [len(np.unique(s.labels)) - 1 for s in scenes]
    assert 5 <= min(counts) < max(counts) <= 30
    sizes = np.concatenate([np.bincount(s.labels.ravel())[1:] for s in scenes])
    assert sizes.max() > 30**2
    assert sizes.min() < 20**2


def test_some_particles_touch_none_is_covered_or_cut(scenes: list[Pixels]) -> None:
    parts = sum(label(s.labels > 0, np.ones((3, 3)))[1] for s in scenes)
    particles = sum(s.labels.max() for s in scenes)
    assert 0.3 * particles < parts < 0.95 * particles
    for scene in scenes:
        inner = np.zeros(scene.labels.shape, bool)
        inner[1:-1, 1:-1] = True
        # A particle at the very edge shows its full outline up to the last pixel.
        assert np.mean(scene.labels[~inner] > 0) < 0.15


def test_the_doses_differ_in_noise_alone(scenes: list[Pixels]) -> None:
    low = PixelWise(3, "low")[0]
    np.testing.assert_array_equal(low.thickness, scenes[0].thickness)

    def noise(scene: Pixels) -> float:
        empty = (scene.labels == 0) & (scene.image > 0)
        return float(scene.image[empty].std())

    assert 2 < noise(low) / noise(scenes[0]) < 5
    with pytest.raises(InputError, match="dose must be one of standard, low"):
        PixelWise(3, "huge")


def test_the_truth_itself_is_without_fault(scenes: list[Pixels]) -> None:
    for scene in scenes[:2]:
        tally = pixel_evaluation._compared(scene, Segmentation(scene.labels, scene.thickness))
        values = {
            name: figure(tally[key]) for name, (key, figure) in FIGURES.items() if key in tally
        }
        assert values == {
            "foreground_iou": 100,
            "f1": 100,
            "boundary_f1": 100,
            "thickness_error": 0,
            "volume_error": 0,
            "volume_bias": 0,
        }


def test_each_fault_shows_in_its_figure(scenes: list[Pixels]) -> None:
    scene = scenes[0]
    thick = Segmentation(scene.labels, scene.thickness * np.float32(1.1))
    tally = pixel_evaluation._compared(scene, thick)
    for name in ("thickness_error", "volume_error", "volume_bias"):
        assert FIGURES[name][1](tally[FIGURES[name][0]]) == pytest.approx(10, abs=0.01)
    shifted = np.roll(scene.labels, 4, axis=1)
    tally = pixel_evaluation._compared(scene, Segmentation(shifted, scene.thickness))
    assert FIGURES["boundary_f1"][1](tally["boundary"]) < 80
    assert FIGURES["foreground_iou"][1](tally["foreground"]) < 90
    none = pixel_evaluation._compared(
        scene, Segmentation(np.zeros_like(scene.labels), np.zeros_like(scene.thickness))
    )
    assert FIGURES["f1"][1](none["instances"]) == 0


def test_a_count_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="count must be at least 1"):
        evaluate_pixels(count=0)


@pytest.mark.tensorflow
def test_the_network_beats_the_threshold() -> None:
    """ML-06: outlines, instances, thickness and volumes."""
    table = evaluate_pixels(count=3, seed=5).set_index("figure")
    for name in ("foreground_iou", "f1", "boundary_f1"):
        assert table.loc[name, "value"] > table.loc[name, "baseline"] + 10
    for name in ("thickness_error", "volume_error"):
        assert table.loc[name, "value"] < table.loc[name, "baseline"]
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
