"""How networks are trained: batches, losses and settings of each that ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_stem3d.networks.contracts import CLASSES, OTHER, REGIONS
from napari_stem3d.tasks.crops import CropTask
from napari_stem3d.tasks.scenes import SceneTask
from napari_stem3d.tasks.training_settings import Training

# Evaluations draw from other seeds: no seed of a training, nor of the validation that may end it,
# is used anywhere else.
CLASSES_SEEDS: dict[str, Any] = {"seed": 20_001, "validation_seed": 20_101}
UNET_SEEDS: dict[str, Any] = {"seed": 20_002, "validation_seed": 20_102}
_CUBOID_WEIGHT = 0.25  # cuboids are drawn more often, for their corners; not so for the shapes
_OTHERS_WEIGHT = 0.3  # most other shapes have no corners to count
_OURS = "napari_stem3d.networks.losses:"


@dataclass(frozen=True)
class Recipe:
    """All that it takes to train one network, named by `NetworkSpec.recipe`.

    Attributes
    ----------
    batch : callable
        From a seed, the number of samples and the number of the batch to ``(inputs, targets)`` or
        ``(inputs, targets, weights)`` as `keras.Model.train_on_batch` takes them. It must be
        importable, for other processes call it, and give the same batch whenever it is asked.
    loss : mapping of str to str
        Per output, a Keras loss by name, or a function as ``"package.module:function"``.
    training : Training
        Settings to start from; the ``loss_weights`` name every output that has a loss.
    card : mapping
        What the card says of the network before its figures.
    metrics : mapping of str to list of str
        Per output, Keras metrics to report.
    """

    batch: Callable[[int, int, int], tuple[Any, ...]]
    loss: Mapping[str, str]
    training: Training
    card: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, list[str]] = field(default_factory=dict)


def classes_batch(seed: int, size: int, number: int) -> tuple[Any, ...]:
    """Batch `number` of ``particle-classes``: crops, targets, weight of each sample."""
    task = CropTask(seed)
    crops = [task[number * size + k] for k in range(size)]
    image, *values = (np.stack(arrays) for arrays in zip(*crops))
    targets = dict(zip(("corner_maps", "edge_maps", "shape", "corners", "orbit", "edges"), values))
    weights = {name: np.ones(size, np.float32) for name in targets}
    shapes = targets["shape"]
    cuboid = shapes == CLASSES.index("cuboid")
    weights["shape"][cuboid] = _CUBOID_WEIGHT
    weights["corners"][~cuboid] = _OTHERS_WEIGHT
    weights["corners"][shapes == CLASSES.index(OTHER)] = 0
    return image, targets, weights


def unet_batch(seed: int, size: int, number: int) -> tuple[Any, ...]:
    """Batch `number` of ``particle-unet``: images and targets."""
    task = SceneTask(seed)
    scenes = [task[number * size + k] for k in range(size)]
    maps = {
        name: np.stack([getattr(scene, name) for scene in scenes])[..., None]
        for name in ("image", "regions", "thickness", "edges", "corners")
    }
    return maps.pop("image"), maps


PARTICLE_CLASSES = Recipe(
    classes_batch,
    {
        "corner_maps": f"{_OURS}weighted_marks",
        "edge_maps": f"{_OURS}weighted_marks",
        "shape": "sparse_categorical_crossentropy",
        "corners": "sparse_categorical_crossentropy",
        "orbit": f"{_OURS}any_of",
        "edges": f"{_OURS}known_distance",
    },
    Training(
        steps=10_000,
        batch=128,
        views=4,
        rate=1.5e-3,
        average=0.998,
        loss_weights={
            "corner_maps": 4.0,
            "edge_maps": 0.5,
            "shape": 0.5,
            "corners": 1.0,
            "orbit": 2.0,
            "edges": 0.5,
        },
        **CLASSES_SEEDS,
    ),
    {
        "input": "64 x 64 crops: grey values and mask of one particle",
        "shapes": list(CLASSES),
        "corners": "0 to 8 deformed",
    },
    {"shape": ["accuracy"], "corners": ["accuracy"]},
)

PARTICLE_UNET = Recipe(
    unet_batch,
    {
        "regions": "sparse_categorical_crossentropy",
        "thickness": f"{_OURS}log_thickness",
        "edges": f"{_OURS}weighted_marks",
        "corners": f"{_OURS}weighted_marks",
    },
    Training(
        steps=6_000,
        batch=8,
        views=6,
        rate=1.2e-3,
        average=0.996,
        validation=64,
        loss_weights={"regions": 1.0, "thickness": 1.5, "edges": 0.2, "corners": 0.3},
        **UNET_SEEDS,
    ),
    {"input": "images with particles of 12 to 140 pixels", "regions": list(REGIONS)},
    {"regions": ["accuracy"]},
)
