"""What the child process does for the panels, frame by frame; napari is not imported here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.fitting.frame import fit_frame
from napari_stem3d.analysis.fitting.surfaces import Surface, join_surfaces, place_mesh
from napari_stem3d.analysis.fitting.table import fit_table
from napari_stem3d.analysis.matching import Match, match_microscope, retake
from napari_stem3d.analysis.measurement import as_text, measure_frame
from napari_stem3d.analysis.particles import measure_particles
from napari_stem3d.analysis.planning import Limits, Plan, Question
from napari_stem3d.analysis.planning import plan as plan_experiment
from napari_stem3d.analysis.same_object import describe_frame, object_table, the_object
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.analysis.weighing import Balance
from napari_stem3d.simulation import Microscope

Sampling = tuple[float, float] | None
Report = Callable[[int, int], None]


def segment(
    frame: NDArray[Any], network: str, sampling_nm: Sampling, progress: Report | None = None
) -> tuple[NDArray[Any], NDArray[Any], pd.DataFrame]:
    """Segment a frame: labels 1 … n, thickness map, and position and size of each particle."""
    found = segment_frame(frame, network, progress=progress)
    table = measure_particles(found.labels, sampling_nm)
    return found.labels, found.thickness, _readable(table)


def classify(
    frame: NDArray[Any],
    labels: NDArray[Any] | None,
    network: str,
    segmentation: str,
    sampling_nm: Sampling,
    progress: Report | None = None,
) -> tuple[NDArray[Any], pd.DataFrame]:
    """Classify a frame's particles: labels 1 … n, and class, position and size of each.

    Without labels the particles are searched first, with the network `segmentation`.
    """
    labels = _labels_of(frame, labels, segmentation, progress)
    classes = classify_frame(frame, labels, network, progress=progress)
    sizes = measure_particles(labels, sampling_nm).drop(columns=["y", "x"])
    return labels, _readable(classes.merge(sizes, on="particle"))


def classify_object(
    frame: NDArray[Any],
    labels: NDArray[Any] | None,
    earlier: list[NDArray[Any]],
    network: str,
    segmentation: str,
    ground_truth: str,
    sampling_nm: Sampling,
    progress: Report | None = None,
) -> tuple[NDArray[Any], pd.DataFrame, NDArray[Any], pd.DataFrame]:
    """Classify the object of a frame, alone and together with its views in earlier frames.

    Returns its label 1, what this frame says of it, its view, and what all views say of it.
    """
    labels = _labels_of(frame, labels, segmentation, progress)
    mask = the_object(labels)
    view = describe_frame(frame, labels, network)
    views = np.concatenate([*earlier, view])
    together = object_table(views, ground_truth) if len(views) else pd.DataFrame()
    if mask is None:
        return labels, pd.DataFrame({"particle": []}, dtype=int), view, together
    told = object_table(view, ground_truth)
    alone = told.drop(columns=["images", "same_object", "more_images"])
    sizes = measure_particles(mask.astype(np.int32), sampling_nm)
    return mask.astype(np.int32), _readable(pd.concat([alone, sizes], axis=1)), view, together


def fit(
    frame: NDArray[Any],
    labels: NDArray[Any] | None,
    network: str,
    segmentation: str,
    sampling_nm: Sampling,
    shapes: list[str] | None = None,
    selected: int | None = None,
    same_material: bool = False,
    progress: Report | None = None,
) -> tuple[NDArray[Any], pd.DataFrame, NDArray[Any], Surface]:
    """Fit a frame's particles, or the selected label alone.

    Returns labels 1 … n of what was fitted, the table, the residual in units of the noise, and
    the bodies' surfaces as vertices (z, y, x) and triangles.
    """
    if labels is None:
        labels = segment_frame(frame, segmentation, progress=progress).labels
    options: dict[str, Any] = {"shapes": shapes, "network": network, "progress": progress}
    options |= {"only": selected, "same_material": same_material}
    fits = list(fit_frame(frame, labels, sampling_nm, **options))
    left = sum((one.residual_in(frame.shape) for one in fits), np.zeros(frame.shape))
    own = np.searchsorted([one.label for one in fits], labels).astype(np.int32) + 1
    fitted = np.where(np.isin(labels, [one.label for one in fits]), own, 0)
    table = fit_table(fits, sampling_nm)
    bodies = join_surfaces(place_mesh(one.particle) for one in fits)
    return fitted.astype(np.int32), table.round(4), left.astype(np.float32), bodies


def measure(
    frame: NDArray[Any],
    labels: NDArray[Any] | None,
    balance: Balance,
    network: str,
    segmentation: str,
    fit: bool,
    sampling_nm: Sampling,
    progress: Report | None = None,
) -> tuple[NDArray[Any], pd.DataFrame, NDArray[Any], tuple[str, ...]]:
    """Measure a frame's particles: labels 1 … n, table, heights, and what is to be noted."""
    labels = _labels_of(frame, labels, segmentation, progress)
    found = measure_frame(
        frame,
        labels,
        sampling_nm,
        balance,
        classification=network,
        segmentation=segmentation,
        fit=fit,
        progress=progress,
    )
    return labels, as_text(found.table.map(_in_short)), found.height, found.notes


def _labels_of(
    frame: NDArray[Any], labels: NDArray[Any] | None, segmentation: str, progress: Report | None
) -> NDArray[Any]:
    """Return the labels that were given, counted from 1 on, or those of a search."""
    if labels is None:
        return segment_frame(frame, segmentation, progress=progress).labels
    return relabel_sequential(labels)[0].astype(np.int32)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Put what is shown under the pointer first, and leave out columns without content."""
    table = table.loc[:, (table != "").any()]
    details = [name for name in table if name.startswith(("p_", "y", "x", "area"))]
    return table[[name for name in table if name not in details] + details].round(3)


def _in_short(value: Any) -> Any:
    """Round a number to what is worth reading; anything else stays as it is."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def match(
    frame: NDArray[Any], sampling_nm: Sampling, vacuum: NDArray[Any] | None, known: Microscope
) -> tuple[Match, NDArray[Any]]:
    """Match a microscope to a frame, and take the frame's particles again with it."""
    found = match_microscope(frame, sampling_nm, vacuum, known.contrast.material, known)
    return found, retake(frame, found, np.random.default_rng(0))


def plan(
    question: Question,
    microscope: Microscope,
    limits: Limits,
    particles: int,
    progress: Report | None = None,
) -> Plan:
    """Plan an experiment."""
    return plan_experiment(question, microscope, limits, particles=particles, report=progress)
