"""The dose, from particles taken to be as thick as they are wide."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.feature import peak_local_max

from napari_stem3d.analysis.matching.background import smooth
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Frame, Mask

_SHARE = 0.25  # of a particle's signal, where its outline is drawn
_SMALLEST = 2.0  # px, the radius of the smallest particle looked at


def grey_per_nm(frame: Frame, film: Mask) -> Estimate | None:
    """Grey values per nm of the particles' matter; None where there are no particles.

    Of every place that lies farther inside an outline than its neighbours, the grey value above
    the film is divided by twice its distance from the outline: exact for spheres, and within a
    third for bodies of which width and height are alike.

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
    bright = signal[signal > max(5 * scatter, _SHARE * signal.max())]
    if bright.size < 16:
        return None
    inside = signal > _SHARE * float(np.median(bright))
    pixel = min(frame.grid.sampling)
    depth = distance_transform_edt(inside, sampling=frame.grid.sampling)
    peaks = peak_local_max(depth, min_distance=2, threshold_abs=_SMALLEST * pixel)
    rows, columns = peaks.T
    # Distances end in the middle of the first pixel out; a sphere has more signal than the share
    # within sqrt(1 - share²) of its radius.
    radius = (depth[rows, columns] - pixel / 2) / np.sqrt(1 - _SHARE**2)
    room = np.minimum(
        np.minimum(rows, signal.shape[0] - 1 - rows) * frame.grid.sampling[0],
        np.minimum(columns, signal.shape[1] - 1 - columns) * frame.grid.sampling[1],
    )
    whole = room >= radius
    if not whole.any():
        return None
    ratios = signal[rows, columns][whole] / (2 * radius[whole])
    middle = float(np.median(ratios))
    spread = 1.4826 * float(np.median(abs(ratios - middle))) * 1.2533 / np.sqrt(len(ratios))
    return Estimate(middle, float(np.hypot(spread, 0.1 * middle)), "1/nm")
