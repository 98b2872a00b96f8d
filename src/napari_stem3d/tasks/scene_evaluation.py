"""How well particles are found in broadly varied scenes never trained on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.networks.evaluation import proportion
from napari_stem3d.networks.prediction import Progress
from napari_stem3d.tasks.scenes import SceneTask

SEED = 900_101  # of the published figures; training uses the seeds of recipes.py
SIZE = 256  # pixels of the scenes' sides; training uses 192
_VISIBLE = 20  # pixels: what shows less of itself than this is not asked for


def evaluate_scenes(
    network: str = "particle-unet",
    *,
    count: int = 200,
    seed: int = SEED,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure detection in scenes of all shapes, sizes, doses and degrees of crowding.

    A particle is found if a label covers it with an intersection over union above one half.

    Parameters
    ----------
    network : str
        Network for segmentation.
    count : int
        Number of scenes of 256 x 256 pixels.
    seed : int
        Seed of the scenes.
    progress : callable, optional
        Called with the number of scenes done and their total.

    Returns
    -------
    pandas.DataFrame
        One row, all in percent: ``found`` of the particles with the ends ``low`` and ``high`` of
        its Wilson 95 % interval, ``right`` of the labels, ``f1`` of both, ``foreground_iou`` of
        the pixels, and ``baseline``, the F1 of Otsu's threshold and connected parts.

    Raises
    ------
    InputError
        If the count is not positive or the network cannot be used.
    """
    if count < 1:
        raise InputError(f"count must be at least 1. Received: {count!r}")
    scenes = SceneTask(seed, SIZE)
    tallies, simple, pixels = np.zeros(3, int), np.zeros(3, int), np.zeros(2, int)
    for index in range(count):
        image, truth = scenes[index].image, scenes[index].labels
        labels = segment_frame(image, network).labels
        tallies += match(truth, labels)
        simple += match(truth, threshold_labels(image))
        pixels += [np.sum((truth > 0) & (labels > 0)), np.sum((truth > 0) | (labels > 0))]
        if progress:
            progress(index + 1, count)
    found, particles, told = (int(n) for n in tallies)
    if particles == 0:
        raise InputError(f"count must give scenes with particles. Received: {count}")
    share = proportion(found, particles)
    row = {
        "network": network,
        "task": "scenes",
        "particles": particles,
        "seed": seed,
        **{key: round(100 * v, 2) for key, v in zip(("found", "low", "high"), share)},
        "right": round(100 * found / max(told, 1), 2),
        "f1": round(f1(tallies), 2),
        "foreground_iou": round(100 * pixels[0] / max(pixels[1], 1), 2),
        "baseline": round(f1(simple), 2),
    }
    return pd.DataFrame([row])


def match(truth: NDArray[np.integer], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Particles found, particles there are, and labels told, of one scene.

    Parameters
    ----------
    truth, labels : ndarray of int, shape (ny, nx)
        Label images, 0 for the background.

    Returns
    -------
    ndarray, shape (3,), int64
        Counts. Particles that show fewer than 20 pixels are not counted, nor is a label that
        covers nothing but such.
    """
    asked = np.bincount(truth.ravel())[1:] >= _VISIBLE
    hits = asked[found_pairs(truth, labels)[0] - 1]
    told = np.count_nonzero(np.bincount(labels.ravel())[1:]) - np.count_nonzero(~hits)
    return np.array([np.count_nonzero(hits), np.count_nonzero(asked), told])


def found_pairs(truth: NDArray[np.integer], labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Particles and the labels, shape (2, n), whose intersection over union exceeds one half."""
    sizes, areas = np.bincount(truth.ravel()), np.bincount(labels.ravel())
    pairs, shared = np.unique(np.stack([truth.ravel(), labels.ravel()]), axis=1, return_counts=True)
    overlap = shared / (sizes[pairs[0]] + areas[pairs[1]] - shared)
    return pairs[:, (pairs > 0).all(axis=0) & (overlap > 0.5)]


def threshold_labels(image: NDArray[np.float32]) -> NDArray[np.int32]:
    """Segment in the simple way that a network must beat: Otsu's threshold, connected parts."""
    from scipy.ndimage import gaussian_filter, label
    from skimage.filters import threshold_otsu

    smooth = gaussian_filter(image, 1.0)
    parts, _ = label(smooth > threshold_otsu(smooth))
    sizes = np.bincount(parts.ravel())
    return np.where((sizes >= _VISIBLE)[parts], parts, 0).astype(np.int32)


def f1(tallies: NDArray[np.int64]) -> float:
    """Harmonic mean of recall and precision, in percent."""
    return float(200 * tallies[0] / max(tallies[1] + tallies[2], 1))
