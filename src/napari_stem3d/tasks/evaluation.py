"""Accuracy of the whole chain, from an image to statements, on objects never trained on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.networks.evaluation import proportion
from napari_stem3d.networks.prediction import Progress
from napari_stem3d.simulation import Dataset, Sample
from napari_stem3d.tasks.corners128 import DOSES, SHAPES, TASKS, Corners128

SEED = 900_001  # of the published figures; training uses the seeds of recipes.py
CHANGES: dict[str, Callable[[NDArray[np.float32]], NDArray]] = {
    "none": lambda image: image,
    "x0.01": lambda image: image * np.float32(0.01),
    "+500": lambda image: image + np.float32(500),
    "uint16": lambda image: np.clip(np.rint(image), 0, 65_535).astype(np.uint16),
}
# What guessing without looking at the image would reach.
BASELINES = {"deformed": 1 / 2, "corners": 1 / 9, "shape": 1 / len(SHAPES)}


def evaluate(
    network: str = "particle-classes",
    task: str = "corners",
    dose: str = "standard",
    *,
    change: str = "none",
    count: int = 2000,
    seed: int = SEED,
    segmenter: str = "particle-unet",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Accuracy of segmentation and classification together at "corners-128".

    An object counts as right if the largest particle found in its image is called what it is; an
    image in which nothing is found counts as wrong.

    Parameters
    ----------
    network : str
        Network for classification.
    task : str
        ``"deformed"``, ``"corners"`` or ``"shape"``.
    dose : str
        ``"clean"``, ``"standard"``, ``"low"`` or ``"very-low"``.
    change : str
        What is done to the grey values: ``"none"``, ``"x0.01"``, ``"+500"`` or ``"uint16"``.
    count : int
        Number of objects, each in one image.
    seed : int
        Seed of the objects.
    segmenter : str
        Network for segmentation.
    progress : callable, optional
        Called with the number of objects done and their total.

    Returns
    -------
    pandas.DataFrame
        One row: conditions, ``accuracy`` with the ends ``low`` and ``high`` of its Wilson 95 %
        interval, ``within_one`` (corners at most one off), and ``baseline``, the accuracy of the
        best guess that ignores the image; all in percent.
    """
    if change not in CHANGES:
        raise InputError(f"change must be one of {', '.join(CHANGES)}. Received: {change!r}")
    # Every task has objects of its own: none may lend another its luck.
    objects = Dataset(Corners128(task, dose), count, seed + 10 * TASKS.index(task))
    errors = []
    for done, sample in enumerate(objects, start=1):
        errors.append(_error(sample, CHANGES[change](sample.image), task, network, segmenter))
        if progress:
            progress(done, count)
    accuracy = proportion(sum(e == 0 for e in errors), count)
    row = {
        "network": network,
        "task": task,
        "dose": dose,
        "change": change,
        "objects": count,
        "seed": seed,
        **{
            name: round(100 * value, 2)
            for name, value in zip(("accuracy", "low", "high"), accuracy)
        },
        "within_one": round(100 * float(np.mean(np.array(errors) <= 1)), 2),
        "baseline": round(100 * BASELINES[task], 2),
    }
    return pd.DataFrame([row])


def _error(sample: Sample, image: NDArray, task: str, network: str, segmenter: str) -> int:
    """How far off the statement about a sample is: 0 if right; 9 if nothing was found."""
    labels = segment_frame(image, segmenter).labels
    if not labels.any():
        return 9
    largest = np.argmax(np.bincount(labels[labels > 0]))
    told = classify_frame(image, np.where(labels == largest, 1, 0), network).iloc[0]
    truth = sample.truth()[0]
    if task == "corners":
        return abs(int(told["corners"]) - truth["corners"])
    if task == "deformed":
        return int(bool(told["deformed"]) != (truth["corners"] > 0))
    return int(told["shape"] != truth["shape"])


__all__ = ["BASELINES", "CHANGES", "DOSES", "SEED", "TASKS", "evaluate"]
