"""Whether `SecondDifferences` helps the particle classifier: one small budget, with and without.

Either classifier is narrow, learns from the same crops in the same order, and counts the deformed
corners of the same fresh cuboids.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from benchmarks.simulation import show
from benchmarks.weak import percent
from numpy.typing import NDArray

SEEDS = (1, 2, 3)
CROPS, FRESH = 3000, 2000
STEPS, BATCH = 600, 64
WIDTHS = (16, 32, 48)
ARMS = {"without the layer": False, "with the layer": True}


def main(seed: int) -> None:
    from napari_stem3d.networks.classifiers import build_particle_classifier
    from napari_stem3d.networks.losses import weighted_marks
    from napari_stem3d.tasks.training_settings import Training
    from napari_stem3d.tasks.weak import learn, mcnemar

    images, truth = crops(FRESH, seed, cuboids=True)
    rows, gains = [], []
    for number in SEEDS:
        training = crops(CROPS, seed + number)
        settings = Training(
            steps=STEPS,
            batch=BATCH,
            views=2,
            average=0.99,
            seed=number,
            validation_seed=seed,
            interval=STEPS,
            loss_weights={"corner_maps": 4.0, "corners": 1.0},
        )
        loss = {"corner_maps": weighted_marks, "corners": "sparse_categorical_crossentropy"}
        right = []
        for arm, differences in ARMS.items():
            build = partial(build_particle_classifier, WIDTHS, differences)
            told = learn(build, training, loss, settings).predict(images, 128, verbose=0)
            right.append(told["corners"].argmax(axis=1) == truth["corners"])
            rows.append((str(number), arm, percent(right[-1])))
        gains.append(100 * (right[1].mean() - right[0].mean()))
        rows[-1] = (*rows[-1], f"{gains[-1]:+.1f}", f"{mcnemar(*right):.1g}")
    columns = ("seed", "classifier", "number of corners", "difference", "p (McNemar)")
    show(f"{CROPS} crops, {STEPS} steps", columns, [(*row, "", "")[:5] for row in rows])
    spread = np.std(gains, ddof=1) / np.sqrt(len(gains))
    print(f"difference {np.mean(gains):+.1f} ± {spread:.1f} percentage points over the seeds")
    most = np.bincount(truth["corners"]).max()
    print(f"the most frequent number is right for {100 * most / FRESH:.1f} %")


def crops(
    count: int, seed: int, cuboids: bool = False
) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
    """Crops of a series, or those of its cuboids alone, with their corners."""
    from itertools import count as numbers

    from napari_stem3d.networks.contracts import CLASSES
    from napari_stem3d.tasks.crops import CropTask

    task = CropTask(seed)
    cuboid = CLASSES.index("cuboid")
    found: list[Any] = []
    for number in numbers():
        crop = task[number]
        if not cuboids or crop.shape == cuboid:
            found.append(crop)
        if len(found) == count:
            break
    targets = {
        "corner_maps": np.stack([crop.corner_maps for crop in found]),
        "corners": np.array([crop.corners for crop in found]),
    }
    return np.stack([crop.image for crop in found]), targets
