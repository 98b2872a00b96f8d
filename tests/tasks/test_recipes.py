"""Batches that the networks take, with the targets that their outputs are compared with."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks.batches import stream
from napari_stem3d.networks.contracts import CORNER_MAP, CROP, REGIONS, SHAPES
from napari_stem3d.plugins import get_network
from napari_stem3d.tasks import evaluation
from napari_stem3d.tasks.crops import CropTask
from napari_stem3d.tasks.recipes import (
    CLASSES_SEED,
    RECIPES,
    UNET_SEED,
    classes_batch,
    unet_batch,
)


def test_a_batch_of_crops() -> None:
    images, targets, weights = classes_batch(2)
    assert images.shape == (64, CROP, CROP, 2)
    assert {name: values.shape for name, values in targets.items()} == {
        "corner_maps": (64, CORNER_MAP, CORNER_MAP, 2),
        "shape": (64,),
        "corners": (64,),
    }
    cuboids = targets["shape"] == SHAPES.index("cuboid")
    np.testing.assert_array_equal(weights["shape"], np.where(cuboids, 0.25, 1))
    np.testing.assert_array_equal(weights["corners"], 1)
    np.testing.assert_array_equal(weights["corner_maps"], 1)
    sample = CropTask(CLASSES_SEED)[2 * 64 + 5]
    np.testing.assert_array_equal(images[5], sample.image)
    assert (targets["shape"][5], targets["corners"][5]) == (sample.shape, sample.corners)


def test_a_batch_of_scenes() -> None:
    images, targets = unet_batch(1)
    assert images.shape == (16, 128, 128, 1)
    assert targets["regions"].shape == (16, 128, 128)
    assert targets["thickness"].shape == (16, 128, 128, 1)
    assert set(np.unique(targets["regions"])) == set(range(len(REGIONS)))


def test_no_seed_of_training_is_used_for_evaluation() -> None:
    seeds = {evaluation.SEED + 10 * k for k in range(len(evaluation.TASKS))}
    assert not seeds & {CLASSES_SEED, UNET_SEED}
    assert CLASSES_SEED != UNET_SEED


def test_another_process_makes_the_same_batch() -> None:
    batches = stream(unet_batch, 1, 3)
    images, targets = next(itertools.islice(batches, 1))
    batches.close()  # type: ignore[attr-defined]
    again, expected = unet_batch(3)
    np.testing.assert_array_equal(images, again)
    for name in targets:
        np.testing.assert_array_equal(targets[name], expected[name])


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_losses_and_metrics_fit_the_outputs_of_the_network(name: str) -> None:
    from napari_stem3d.networks import training

    recipe, build = RECIPES[name], get_network(name).load_builder()
    model: Any = build(widths=(8, 8, 8))
    assert set(recipe.loss) == set(recipe.loss_weights) == set(model.output)
    assert set(recipe.metrics) <= set(model.output)
    loss = {output: getattr(training, of, of) for output, of in recipe.loss.items()}
    model.compile("adam", loss, recipe.loss_weights, dict(recipe.metrics), jit_compile=False)
    few = [
        {key: values[:4] for key, values in part.items()} if isinstance(part, dict) else part[:4]
        for part in recipe.batch(0)
    ]
    assert np.isfinite(model.train_on_batch(*few)).all()
    assert recipe.samples == len(recipe.batch(0)[0])
