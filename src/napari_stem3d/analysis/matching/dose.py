"""The dose, from particles taken to be as thick as they are wide."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects

from napari_stem3d.analysis.matching.background import smooth
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Frame, Mask
from napari_stem3d.analysis.segmentation import segment_frame

_SHARE = 0.25  # of a particle's highest signal, where its outline is drawn
_SMALLEST = 12  # pixels of the smallest particle looked at
_FEWEST = 16  # bright pixels without which there are no particles


def grey_per_nm(frame: Frame, film: Mask) -> Estimate | None:
    """Grey values per nm of the particles' matter; None where there are no particles.

    The segmentation parts particles that touch. The highest grey value above the film of each is
    divided by the diameter of the disc of its area: exact for spheres, of which
    ``sqrt(1 - share²)`` of the radius has more signal than the share, and within a third for
    bodies of which width and height are alike.

    Parameters
    ----------
    frame : Frame
        Image.
    film : ndarray of bool
        Its empty film.
    """
    level = smooth(frame.values, frame.known, 0.7)
    base = float(np.mean(frame.values[film])) if film.any() else float(np.nanmin(level))
    signal = np.where(np.isfinite(level), level - base, 0.0)
    scatter = float(np.std(signal[film])) if film.any() else 0.0
    least = max(5 * scatter, _SHARE * float(signal.max()))
    if (signal > least).sum() < _FEWEST:
        return None
    labels = segment_frame(signal).labels
    ratios = []
    for label, box in enumerate(find_objects(labels), start=1):
        if box is None or _at_edge(box, signal.shape):
            continue
        own = signal[box][labels[box] == label]
        highest = float(own.max())
        pixels = int((own > _SHARE * highest).sum())
        if highest > 5 * scatter and pixels >= _SMALLEST:
            area = pixels * float(np.prod(frame.grid.sampling)) / (1 - _SHARE**2)
            ratios.append(highest / (2 * np.sqrt(area / np.pi)))
    if not ratios:
        return None
    middle = float(np.median(ratios))
    spread = 1.4826 * float(np.median(abs(np.array(ratios) - middle)))
    error = 1.2533 * spread / np.sqrt(len(ratios))
    return Estimate(middle, float(np.hypot(error, 0.1 * middle)), "1/nm")


def _at_edge(box: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    return any(side.start == 0 or side.stop == size for side, size in zip(box, shape))
