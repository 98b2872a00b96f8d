"""Make a classifier as sure as it is right.

A network that is taught on harder images than it will see is less sure of its answers than it
might be, and the mean over several views blurs them further. One number per output, by which its
scores are divided (its temperature, Guo et al. 2017), mends both. It changes no answer of a single
view.

``python -m napari_stem3d.tasks.calibration NETWORK.keras`` does so in place.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from napari_stem3d.analysis.batches import segment_frames
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.voting import VIEWS, particle_views
from napari_stem3d.networks import store
from napari_stem3d.networks.contracts import CLASSES, MOST_CORNERS, OTHER
from napari_stem3d.networks.prediction import predict_batches
from napari_stem3d.simulation import Dataset, Particle
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.particles import allowed_orbits

_LOG = logging.getLogger(__name__)
SEED = 20_201  # neither of a training nor of an evaluation
COUNT = 300  # objects of each of the conditions
CONDITIONS = {
    "shape": [Corners128("shape-all", dose) for dose in ("standard", "low")],
    "corners": [Corners128("corners", dose) for dose in ("standard", "low")],
    "orbit": [Corners128("pair-box", dose) for dose in ("standard", "low")],
}
_LEAST = 1e-9  # probability


def calibrate(
    model: Any, count: int = COUNT, seed: int = SEED, segmenter: str = "particle-unet"
) -> dict[str, float]:
    """Fit the temperatures of a classifier and divide the scores of its last layers by them.

    Parameters
    ----------
    model : keras.Model
        As `build_particle_classifier` builds it; changed in place.
    count : int
        Objects of each of the `CONDITIONS`.
    seed : int
        Seed of the objects.
    segmenter : str
        Network that finds them.

    Returns
    -------
    dict of str to float
        Temperature of each output.
    """
    temperatures = {}
    for output, conditions in CONDITIONS.items():
        answers = [_answers(model, output, own, count, seed, segmenter) for own in conditions]
        votes, right = (np.concatenate(parts) for parts in zip(*answers))
        temperatures[output] = best_temperature(votes, right)
    for output, temperature in temperatures.items():
        layer = model.get_layer(f"{output}_scores")
        layer.set_weights([values / temperature for values in layer.get_weights()])
    return temperatures


def best_temperature(votes: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Find the temperature with which the mean over views best foretells the truth.

    Parameters
    ----------
    votes : ndarray, shape (objects, views, classes)
        Probabilities that each view tells.
    right : ndarray, shape (objects, classes)
        1 for every answer that is right.

    Returns
    -------
    float
        Between 1/8 and 8; above 1 where the votes are too sure.
    """
    scores = np.log(np.maximum(votes, _LEAST))

    def surprise(exponent: float) -> float:
        sharp = scores / 2**exponent
        sharp = np.exp(sharp - sharp.max(axis=-1, keepdims=True))
        told = (sharp / sharp.sum(axis=-1, keepdims=True)).mean(axis=1)
        return -float(np.log(np.maximum((told * right).sum(axis=1), _LEAST)).mean())

    return float(2 ** minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x)


def _answers(
    model: Any, output: str, conditions: Corners128, count: int, seed: int, segmenter: str
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Votes (n, 8, classes) on the objects that are found, and what is right (n, classes)."""
    objects = Dataset(conditions, count, seed)
    images = [sample.image for sample in objects]
    views, right = [], []
    for index, labels in enumerate(segment_frames(images, segmenter)):
        sizes = np.bincount(labels.ravel())[1:]
        if sizes.any():
            mask = (labels == 1 + np.argmax(sizes)).astype(np.int32)
            views += [own.crops for own in particle_views(checked_frame(images[index]), mask)]
            right.append(_truth(output, objects.scene(index).particles[0]))
    told = [batch[output] for batch in predict_batches(model, itertools.chain(*views))]
    return np.concatenate(told).reshape(len(right), VIEWS, -1), np.array(right)


def _truth(output: str, particle: Particle) -> NDArray[np.floating]:
    if output == "orbit":
        return allowed_orbits(particle)
    if output == "corners":
        return np.eye(MOST_CORNERS + 1)[len(particle.deformed_corners)]
    name = particle.shape.name
    return np.eye(len(CLASSES))[CLASSES.index(name if name in CLASSES else OTHER)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Calibrate a file in place, and say so in its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path, help="file of a trained classifier, with its card")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    model = store.load(str(options.network)).model
    card = store.read_card(options.network)
    found = {name: round(value, 4) for name, value in calibrate(model).items()}
    _LOG.info("temperatures: %s", found)
    # Each calibration starts from what the last one left.
    before = card.get("temperatures", {})
    total = {name: round(value * before.get(name, 1.0), 4) for name, value in found.items()}
    store.write(model, options.network, card | {"temperatures": total})


if __name__ == "__main__":
    main()
