"""What the child process does for the panels, frame by frame; napari is not imported here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.matching import Match, match_microscope, retake
from napari_stem3d.analysis.particles import measure_particles
from napari_stem3d.analysis.segmentation import segment_frame
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
    if labels is None:
        labels = segment_frame(frame, segmentation, progress=progress).labels
    else:
        labels = relabel_sequential(labels)[0].astype(np.int32)
    classes = classify_frame(frame, labels, network, progress=progress)
    sizes = measure_particles(labels, sampling_nm).drop(columns=["y", "x"])
    return labels, _readable(classes.merge(sizes, on="particle"))


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Put what is shown under the pointer first, and leave out columns without content."""
    table = table.loc[:, (table != "").any()]
    details = [name for name in table if name.startswith(("p_", "y", "x", "area"))]
    return table[[name for name in table if name not in details] + details].round(3)


def match(
    frame: NDArray[Any], sampling_nm: Sampling, vacuum: NDArray[Any] | None, known: Microscope
) -> tuple[Match, NDArray[Any]]:
    """Match a microscope to a frame, and take the frame's particles again with it."""
    found = match_microscope(frame, sampling_nm, vacuum, known.contrast.material, known)
    return found, retake(frame, found, np.random.default_rng(0))
