"""All that is measured of the particles of one image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.features import (
    FLAT_FACED,
    Corners,
    Features,
    corners_of,
    distances_between,
    find_features,
    measure_sizes,
    seen_of,
)
from napari_stem3d.analysis.fitting.frame import fit_frame
from napari_stem3d.analysis.fitting.result import Fit
from napari_stem3d.analysis.frames import checked_frame, checked_labels
from napari_stem3d.analysis.measurement.seeing import Seen, corner_chances, see
from napari_stem3d.analysis.weighing import Balance, Weighing, weigh_frame
from napari_stem3d.networks.prediction import Progress

_GUESSED = 0.12  # relative error of a volume or height that a network guesses from the form
_CLASSES = {
    "shape": "shape",
    "shape_probability": "shape_probability",
    "deformed_probability": "deformed_probability",
    "corners": "deformed_corners",
}
_LENGTHS = ("diameter", "perimeter", "feret_max", "feret_min")
_WEIGHED, _SHAPED = "weighing", "network"  # where a volume is from
_LEVELS, _FITTED = "grey values", "fit"  # where corners are from

Sampling = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Measurement:
    """What is measured of the particles of an image.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per particle; ``docs/measuring.md`` tells all columns. Lengths are in nm, or in
        pixels where the name says ``px``; a column of standard errors, ``..._sigma``, follows
        each quantity. Lists of places and distances are arrays.
    height : ndarray, shape (ny, nx), float32
        Thickness along the beam [`unit`], 0 where there is none.
    unit : {"nm", "px"}
        Unit of lengths.
    notes : tuple of str
        What was assumed, and what could not be told.
    """

    table: pd.DataFrame
    height: NDArray[np.float32]
    unit: str
    notes: tuple[str, ...]


def measure_frame(
    frame: ArrayLike,
    labels: ArrayLike,
    sampling: Sampling | None = None,
    balance: Balance | None = None,
    *,
    classification: str = "particle-classes",
    segmentation: str = "particle-unet",
    fit: bool = False,
    progress: Progress | None = None,
) -> Measurement:
    """Measure the particles of one image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values of an annular dark-field image, particles brighter; NaN marks gaps.
    labels : array_like of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.
    sampling : tuple of float, optional
        Distance of neighbouring pixels (dy, dx) [nm], where it is known.
    balance : Balance, optional
        Calibration of grey values. Without one the volumes are those that the segmentation
        network guesses from the form of each particle.
    classification, segmentation : str
        Registered networks, or paths of ``.keras`` files.
    fit : bool
        Whether bodies are fitted to particles of flat faces, half a second or a few each: corners
        are then those of the bodies, where these explain the image.
    progress : callable, optional
        Called with the number of steps done and their total.

    Returns
    -------
    Measurement
        Table, heights and notes.

    Raises
    ------
    InputError
        If the image, the labels, the sampling, the balance or a network cannot be used.
    """
    image = checked_frame(frame)
    particles = checked_labels(labels, image.shape)
    # What has no contrast has no weight, and is no reason to lose the other images of a stack.
    weighing = weigh_frame(frame, particles, sampling, balance) if np.ptp(image) else None
    unit, spacing = "px" if sampling is None else "nm", sampling or (1.0, 1.0)
    steps = _Steps(progress, 4 if fit else 3)  # network, classes, features, and fits before them
    seen = see(image, particles, segmentation, steps.part(0))
    classes = classify_frame(image, particles, classification, progress=steps.part(1))
    flat = classes["particle"][classes["shape"].isin(FLAT_FACED)]
    bodies: dict[int, Fit] = {}
    if fit and len(flat):
        kept = np.where(np.isin(particles, flat), particles, 0)
        bodies = _bodies(frame, kept, sampling, classification, steps.part(2))
    rows: list[dict[str, Any]] = []
    for found in find_features(image, particles):
        own, shown = bodies.get(found.label), _Shown()
        if own is not None:
            polygon, corners = seen_of(own.look, spacing)
            chance = own.corners[own.alternatives[0].corners] * own.shapes[own.particle.shape.name]
            found = replace(found, polygon=polygon)
            shown = _Shown(_FITTED, corners, np.full(len(corners.places), chance))
        elif found.label in flat.to_numpy():
            corners = corners_of(image, particles, found)
            chances = corner_chances(seen, corners.places, corners.on_outline)
            shown = _Shown(_LEVELS, corners, chances)
        rows.append(_row(found, shown, spacing, unit))
        steps.part(3 if fit else 2)(len(rows), len(classes))
    table = classes[["particle", "y", "x", *_CLASSES]].rename(columns=_CLASSES)
    table.insert(3, "whole", _whole(particles, table["particle"].to_numpy(int)))
    weights, height, notes = _weights(weighing, seen, particles, spacing, unit)
    table = pd.concat([table, weights, pd.DataFrame(rows, columns=_columns(unit))], axis=1)
    notes += ("Corners are told of shapes of flat faces alone.",)
    if fit:
        share = f"{len(bodies)} of {len(flat)}"
        notes += (f"Corners of {share} particles of flat faces are those of fitted bodies.",)
    return Measurement(table, height, unit, notes)


class _Shown(NamedTuple):
    """Corners of a particle, how probable each is, and what tells them."""

    by: str = ""
    corners: Corners = Corners(
        np.empty((0, 2)), np.empty(0), np.empty(0, bool), np.empty((0, 2), int)
    )
    chances: NDArray[np.float64] = np.empty(0)


class _Steps:
    """Progress of parts of the work, each of which counts on its own."""

    def __init__(self, progress: Progress | None, parts: int) -> None:
        self._progress, self._parts = progress, parts

    def part(self, index: int) -> Progress:
        def tell(done: int, total: int) -> None:
            if self._progress:
                self._progress(index * total + done, self._parts * total)

        return tell


def _bodies(
    frame: ArrayLike,
    labels: NDArray[np.int32],
    sampling: Sampling | None,
    network: str,
    progress: Progress,
) -> dict[int, Fit]:
    """Fits of particles of flat faces, by label, that leave nothing but noise of the image."""
    fits = fit_frame(frame, labels, sampling, network=network, progress=progress)
    flat = (fit for fit in fits if fit.particle.shape.name in FLAT_FACED)
    return {fit.label: fit for fit in flat if fit.believable}


def _whole(labels: NDArray[np.int32], present: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Whether no edge of the image cuts each label."""
    edges = np.concatenate([*labels[[0, -1]], *labels[:, [0, -1]].T])
    return ~np.isin(present, edges)


def _weights(
    weighing: Weighing | None,
    seen: Seen,
    labels: NDArray[np.int32],
    sampling: Sampling,
    unit: str,
) -> tuple[pd.DataFrame, NDArray[np.float32], tuple[str, ...]]:
    """Columns of volume and height, the heights of all pixels, and what to note."""
    table, notes = pd.DataFrame(), tuple[str, ...]()
    if weighing is not None:
        table = weighing.table.drop(columns=["particle", "whole"])
        notes = weighing.notes
        if f"volume_{unit}3" in table:
            table.insert(2, "volume_by", _WEIGHED)
            return table, weighing.height, notes
    # Isotropic pixels are what the network takes an image to have.
    scale = float(np.sqrt(np.prod(sampling)))
    height = (seen.thickness * scale).astype(np.float32)
    present = np.unique(labels[labels > 0])
    sums = np.bincount(labels.ravel(), height.ravel().astype(float), labels.max() + 1)
    tops = np.zeros(labels.max() + 1)
    np.maximum.at(tops, labels.ravel(), height.ravel())
    guessed = {
        f"volume_{unit}3": sums[present] * np.prod(sampling),
        f"height_{unit}": tops[present],
    }
    columns: dict[str, NDArray] = {}
    for name, values in guessed.items():
        columns |= {name: values, f"{name}_sigma": _GUESSED * values}
    fresh = pd.DataFrame(columns)
    fresh.insert(2, "volume_by", _SHAPED)
    told = f"Volumes and heights in {unit} are the network's guess from the form of particles."
    return pd.concat([fresh, table], axis=1), height, (*notes, told)


def _columns(unit: str) -> list[str]:
    """Names of the columns of what is seen of a particle, in their order."""
    sizes = [f"area_{unit}2", *(f"{name}_{unit}" for name in _LENGTHS), "circularity"]
    names = [column for name in sizes for column in (name, f"{name}_sigma")]
    names += ["vertices", f"vertices_{unit}", f"vertices_{unit}_sigma"]
    names += [
        "corners_seen",
        "corners_by",
        f"corners_{unit}",
        f"corners_{unit}_sigma",
        "corners_probability",
    ]
    names += ["edges_seen", f"corner_distances_{unit}", f"corner_distances_{unit}_sigma"]
    return names


def _row(found: Features, shown: _Shown, sampling: Sampling, unit: str) -> dict[str, Any]:
    """Tell what is seen of a particle, as the columns of `_columns`."""
    pixel = float(np.sqrt(np.prod(sampling)))
    polygon, corners = found.polygon, shown.corners
    distances = distances_between(corners, sampling)
    values: list[Any] = []
    for measure in measure_sizes(found.outline, polygon, sampling):
        values += measure
    values += [len(polygon.vertices), polygon.vertices * sampling, polygon.sigma * pixel]
    values += [len(corners.places), shown.by, corners.places * sampling, corners.sigma * pixel]
    values += [shown.chances, corners.edges, distances.values, distances.sigma]
    return dict(zip(_columns(unit), values))
