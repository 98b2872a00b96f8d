"""Batches that the networks take, with the targets that their outputs are compared with."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks.batches import stream
from napari_stem3d.networks.contracts import CLASSES, CROP, ORBITS, OTHER, REGIONS
from napari_stem3d.plugins import registry
from napari_stem3d.tasks import evaluation
from napari_stem3d.tasks.crops import CropTask
from napari_stem3d.tasks.recipes import (
    CLASSES_SEEDS,
    PARTICLE_CLASSES,
    PARTICLE_UNET,
    UNET_SEEDS,
    Recipe,
    classes_batch,
    unet_batch,
)
from napari_stem3d.tasks.training import get_recipe
from napari_stem3d.testing import check_recipe

NAMES = sorted(name for name, spec in registry().networks.items() if spec.recipe)


def recipe_of(name: str) -> Recipe:
    return get_recipe(registry().networks[name])


def test_a_batch_of_crops() -> None:
    seed, size = CLASSES_SEEDS["seed"], 24
    images, targets, weights = classes_batch(seed, size, 2)
    assert images.shape == (size, CROP, CROP, 2)
    assert {name: values.shape for name, values in targets.items()} == {
        "corner_maps": (size, CROP, CROP, 2),
        "edge_maps": (size, CROP, CROP, 3),
        "shape": (size,),
        "corners": (size,),
        "orbit": (size, len(ORBITS)),
        "edges": (size, 3),
    }
    cuboid = targets["shape"] == CLASSES.index("cuboid")
    other = targets["shape"] == CLASSES.index(OTHER)
    np.testing.assert_array_equal(weights["shape"], np.where(cuboid, np.float32(0.25), 1))
    told = np.where(other, 0, np.where(cuboid, 1, np.float32(0.3)))
    np.testing.assert_array_equal(weights["corners"], told)
    np.testing.assert_array_equal(weights["corner_maps"], 1)
    sample = CropTask(seed)[2 * size + 5]
    np.testing.assert_array_equal(images[5], sample.image)
    assert (targets["shape"][5], targets["corners"][5]) == (sample.shape, sample.corners)


def test_a_batch_of_scenes() -> None:
    images, targets = unet_batch(UNET_SEEDS["seed"], 2, 1)
    assert images.shape[0] == 2
    assert images.shape[:3] == targets["regions"].shape[:3]
    assert targets["thickness"].shape == images.shape
    assert set(np.unique(targets["regions"])) == set(range(len(REGIONS)))


def test_no_seed_of_training_is_used_for_evaluation_nor_for_another() -> None:
    used = [
        seed
        for name in NAMES
        for seed in (recipe_of(name).training.seed, recipe_of(name).training.validation_seed)
    ]
    assert len(set(used)) == len(used)
    assert not {evaluation.SEED + 10 * k for k in range(len(evaluation.TASKS))} & set(used)
    assert {**CLASSES_SEEDS} == {
        "seed": PARTICLE_CLASSES.training.seed,
        "validation_seed": PARTICLE_CLASSES.training.validation_seed,
    }
    assert PARTICLE_UNET.training.seed == UNET_SEEDS["seed"]


def batch_and_modules(number: int) -> tuple[Any, set[str]]:
    import sys

    return unet_batch(5, 2, number), set(sys.modules)


def test_another_process_makes_the_same_batch_and_loads_no_network() -> None:
    batches = stream(batch_and_modules, 1, 3)
    (images, *_), modules = next(itertools.islice(batches, 1))
    batches.close()  # type: ignore[attr-defined]
    np.testing.assert_array_equal(images, unet_batch(5, 2, 3)[0])
    assert not modules & {"keras", "tensorflow", "napari"}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["particle-classes", "particle-unet"])
def test_the_network_learns_by_its_recipe(name: str) -> None:
    check_recipe(registry().networks[name])
