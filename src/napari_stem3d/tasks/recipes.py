"""How the networks that ship are trained: batches, losses and weights of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_stem3d.networks.contracts import REGIONS, SHAPES
from napari_stem3d.tasks.crops import CropTask
from napari_stem3d.tasks.scenes import SceneTask

# Evaluations draw from other seeds: no training seed may be used anywhere else.
CLASSES_SEED = 20_001
UNET_SEED = 20_002
_CLASSES_BATCH = 64
_UNET_BATCH = 16
_CUBOID_WEIGHT = 0.25  # cuboids are drawn more often, for their corners; not so for the shapes


@dataclass(frozen=True)
class Recipe:
    """All that `napari_stem3d.networks.training.train` needs to know of one network.

    Attributes
    ----------
    batch : callable
        From the number of a batch to ``(inputs, targets, weights)``.
    samples : int
        Samples in a batch.
    rounds : tuple of (int, float)
        Batches and highest learning rate of each round; a round starts from the one before.
    loss : dict
        Per output, a Keras loss or the name of a function of `networks.training`.
    loss_weights : dict
        Per output.
    card : dict
        What the card says of the network before its figures.
    metrics : dict
        Per output, Keras metrics to report.
    """

    batch: Callable[[int], tuple[Any, ...]]
    samples: int
    rounds: tuple[tuple[int, float], ...]
    loss: dict[str, str]
    loss_weights: dict[str, float]
    card: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)


def classes_batch(number: int) -> tuple[Any, ...]:
    """Batch `number` of ``particle-classes``: crops, targets, weight of each sample."""
    task = CropTask(CLASSES_SEED)
    crops = [task[number * _CLASSES_BATCH + k] for k in range(_CLASSES_BATCH)]
    targets = {
        "corner_maps": np.stack([c.corner_maps for c in crops]),
        "shape": np.array([c.shape for c in crops]),
        "corners": np.array([c.corners for c in crops]),
    }
    weights = {name: np.ones(_CLASSES_BATCH, np.float32) for name in targets}
    weights["shape"][targets["shape"] == SHAPES.index("cuboid")] = _CUBOID_WEIGHT
    return np.stack([c.image for c in crops]), targets, weights


def unet_batch(number: int) -> tuple[Any, ...]:
    """Batch `number` of ``particle-unet``: images and targets."""
    task = SceneTask(UNET_SEED)
    scenes = [task[number * _UNET_BATCH + k] for k in range(_UNET_BATCH)]
    targets = {
        "regions": np.stack([s.regions for s in scenes]),
        "thickness": np.stack([s.thickness for s in scenes])[..., None],
    }
    return np.stack([s.image for s in scenes])[..., None], targets


RECIPES = {
    "particle-classes": Recipe(
        classes_batch,
        _CLASSES_BATCH,
        ((4800, 2e-3), (1600, 1e-3)),
        {
            "corner_maps": "weighted_marks",
            "shape": "sparse_categorical_crossentropy",
            "corners": "sparse_categorical_crossentropy",
        },
        {"corner_maps": 4.0, "shape": 0.5, "corners": 1.0},
        {
            "input": "64 x 64 crops: grey values and mask of one particle",
            "shapes": list(SHAPES),
            "corners": "0 to 8 deformed",
        },
        {"shape": ["accuracy"], "corners": ["accuracy"]},
    ),
    "particle-unet": Recipe(
        unet_batch,
        _UNET_BATCH,
        ((600, 2e-3), (1600, 2e-3)),
        {"regions": "sparse_categorical_crossentropy", "thickness": "log_thickness"},
        {"regions": 1.0, "thickness": 0.5},
        {"input": "images with particles of 12 to 100 pixels", "regions": list(REGIONS)},
        {"regions": ["accuracy"]},
    ),
}
