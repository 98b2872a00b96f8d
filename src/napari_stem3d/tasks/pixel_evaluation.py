"""How right the maps of a network are, pixel by pixel, at the conditions "pixel-wise"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.segmentation import Segmentation, segment_frame
from napari_stem3d.networks import store
from napari_stem3d.networks.prediction import Maps, Progress, predict_maps
from napari_stem3d.tasks.pixelwise import PixelWise
from napari_stem3d.tasks.scene_evaluation import f1, found_pairs, match, threshold_labels
from napari_stem3d.tasks.scenes import Pixels

SEED = 900_201  # of the published figures; training uses the seeds of recipes.py
_NEAR = 2  # pixels that outlines, edges and corners may be off
_HALF = 127  # probability one half in the maps' bytes
_RESAMPLES = 1000  # of the scenes, for the intervals

Numbers = NDArray[Any]


def _near_f1(counts: Numbers) -> float:
    """Harmonic mean of precision and recall, from pixels told, right, asked for and found."""
    precision, recall = counts[1] / max(counts[0], 1), counts[3] / max(counts[2], 1)
    return 200 * precision * recall / max(precision + recall, 1e-9)


#: Of each figure, what is gathered for it in every scene, and how it follows from that [%].
FIGURES: dict[str, tuple[str, Callable[[Numbers], float]]] = {
    "foreground_iou": ("foreground", lambda n: 100 * n[0] / max(n[1], 1)),
    "f1": ("instances", f1),
    "boundary_f1": ("boundary", _near_f1),
    "thickness_error": ("thickness", lambda n: 100 * n[0] / max(n[1], 1)),
    "volume_error": ("volumes", lambda v: 100 * float(np.median(np.abs(v - 1)))),
    "volume_bias": ("volumes", lambda v: 100 * float(np.mean(v - 1))),
    "edges_f1": ("edges", _near_f1),
    "corners_f1": ("corners", _near_f1),
}


def evaluate_pixels(
    network: str = "particle-unet",
    dose: str = "standard",
    *,
    count: int = 100,
    seed: int = SEED,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Measure segmentation, thickness, edges and corners in scenes of 5 to 30 particles.

    Parameters
    ----------
    network : str
        Network for segmentation.
    dose : str
        ``"standard"`` or ``"low"``.
    count : int
        Number of scenes of 256 x 256 pixels.
    seed : int
        Seed of the scenes.
    progress : callable, optional
        Called with the number of scenes done and their total.

    Returns
    -------
    pandas.DataFrame
        One row per ``figure``, in percent: ``value`` with the ends ``low`` and ``high`` of its
        95 % interval (bootstrap over scenes), and ``baseline``, what Otsu's threshold, connected
        parts and the volume of the sphere of the same area reach. ``thickness_error`` is the sum
        of differences over the sum of thickness inside true particles; ``volume_error`` the
        median difference of the volumes of particles that were found and ``volume_bias`` the
        mean, both relative; of ``boundary_f1``, ``edges_f1`` and ``corners_f1`` counts what lies
        within two pixels. The last two are those of networks that mark edges and corners.

    Raises
    ------
    InputError
        If the count is not positive or the dose or the network cannot be used.
    """
    if count < 1:
        raise InputError(f"count must be at least 1. Received: {count!r}")
    scenes, model = PixelWise(seed, dose), store.load(network).model
    marks = {"edges", "corners"} <= set(model.output)
    own, simple = [], []
    for index in range(count):
        scene = scenes[index]
        told = _compared(scene, segment_frame(scene.image, network))
        if marks:
            told |= _marked(scene, predict_maps(model.predict_on_batch, scene.image, marks=True))
        own.append(told)
        simple.append(_compared(scene, _by_threshold(scene.image)))
        if progress:
            progress(index + 1, count)
    draws = np.random.default_rng(seed).integers(count, size=(_RESAMPLES, count))
    rows = []
    for name, (key, figure) in FIGURES.items():
        if key not in own[0]:
            continue
        values = [figure(_joined(own, key, range(count)))]
        values += np.percentile([figure(_joined(own, key, d)) for d in draws], (2.5, 97.5)).tolist()
        values.append(figure(_joined(simple, key, range(count))) if key in simple[0] else np.nan)
        rows.append((network, "pixel-wise", dose, count, seed, name, *np.round(values, 2)))
    columns = ["network", "task", "dose", "scenes", "seed", "figure"]
    return pd.DataFrame(rows, columns=[*columns, "value", "low", "high", "baseline"])


def _joined(scenes: Sequence[dict[str, Numbers]], key: str, chosen: Iterable[int]) -> Numbers:
    """Add up the counts of some scenes; line up the volumes of all their particles."""
    parts = [scenes[k][key] for k in chosen]
    return np.concatenate(parts) if key == "volumes" else np.sum(parts, axis=0)


def _compared(scene: Pixels, told: Segmentation) -> dict[str, Numbers]:
    """Count and add up what a scene takes; volumes are over those of the particles found."""
    truth, labels = scene.labels, told.labels
    inside = truth > 0
    pairs = found_pairs(truth, labels)
    volumes = np.bincount(labels.ravel(), told.thickness.ravel())[pairs[1]]
    outlines = [find_boundaries(one, mode="inner") for one in (truth, labels)]
    return {
        "foreground": np.array([np.sum(inside & (labels > 0)), np.sum(inside | (labels > 0))]),
        "instances": match(truth, labels),
        "boundary": _near(*outlines),
        "thickness": np.array(
            [
                np.abs(told.thickness - scene.thickness)[inside].sum(),
                scene.thickness[inside].sum(),
            ]
        ),
        "volumes": volumes / np.bincount(truth.ravel(), scene.thickness.ravel())[pairs[0]],
    }


def _marked(scene: Pixels, maps: Maps) -> dict[str, Numbers]:
    return {
        name: _near(getattr(scene, name) > 0.5, getattr(maps, name) > _HALF)
        for name in ("edges", "corners")
    }


def _near(truth: NDArray[np.bool_], told: NDArray[np.bool_]) -> Numbers:
    """Pixels told, those of them that are right, pixels asked for, those of them found."""
    pairs = ((told, truth), (truth, told))
    counts = [(own.sum(), own[_grown(other)].sum()) for own, other in pairs]
    return np.array(counts, float).ravel()


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All that lies within a few pixels."""
    distance = distance_transform_edt(~mask) if mask.any() else np.full(mask.shape, np.inf)
    return distance <= _NEAR


def _by_threshold(image: NDArray[np.float32]) -> Segmentation:
    """Find particles by a threshold: as thick as bright, with the volumes of spheres as wide."""
    labels = threshold_labels(image)
    signal = np.maximum(image - np.median(image[labels == 0]), 0)
    sums, areas = np.bincount(labels.ravel(), signal.ravel()), np.bincount(labels.ravel())
    scale = 4 / 3 * np.pi * (areas / np.pi) ** 1.5 / np.maximum(sums, 1e-9)
    return Segmentation(labels, np.where(labels > 0, signal * scale[labels], 0))
