"""What the U-Net sees of particles whose labels are known already."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, maximum_filter

from napari_stem3d.analysis.pooling import pooled_thickness
from napari_stem3d.analysis.resampling import enlarge, resample
from napari_stem3d.analysis.zoom import suitable_zoom
from napari_stem3d.networks import store
from napari_stem3d.networks.normalization import normalize_frame
from napari_stem3d.networks.prediction import Progress, predict_maps

# Logistic regressions of whether a corner lies within 2 pixels of a true one, on the mark there:
# fitted to simulated polyhedra, of clean images and of the standard dose, intact and cut.
_OUTER, _INNER = (-1.07, 5.93), (-0.29, 2.0)
_NEAR = 3  # pixels of the sides of the square in which a mark counts


class Seen(NamedTuple):
    """Maps of a segmentation network.

    Attributes
    ----------
    thickness : ndarray, shape (ny, nx), float32
        Thickness of the particles, as the network guesses it [pixels].
    corners : ndarray or None
        Marks of corners between 0 and 1, in the network's own pixels; None of a network that
        does not mark any.
    zoom : float
        The network's pixels per pixel of the image.
    """

    thickness: NDArray[np.float32]
    corners: NDArray[np.float32] | None
    zoom: float


def see(
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    network: str,
    progress: Progress | None = None,
) -> Seen:
    """Run a segmentation network for what it says of thickness and corners.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    labels : ndarray, shape (ny, nx), int32
        Particles, whoever drew them.
    network : str
        Registered network for segmentation, or path of a ``.keras`` file.
    progress : callable, optional
        Called with the number of tiles done and their total.

    Returns
    -------
    Seen
        Thickness and corners.
    """
    model, zoom = store.load(network).model, suitable_zoom(image)
    marks = "corners" in model.output
    large = normalize_frame(enlarge(image, zoom))
    maps = predict_maps(model.predict_on_batch, large, progress, marks=marks)
    first = 0.5 * zoom - 0.5
    thickness = resample(maps.thickness.astype(np.float32), image.shape, zoom, (first, first))
    thickness = np.where(labels > 0, thickness / np.float32(zoom), 0).astype(np.float32)
    thickness = pooled_thickness(image, labels, thickness)
    if maps.corners is None:
        return Seen(thickness, None, zoom)
    return Seen(thickness, maximum_filter(maps.corners, _NEAR).astype(np.float32) / 255, zoom)


def corner_chances(
    seen: Seen, places: NDArray[np.float64], on_outline: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Probabilities (n,) that corners at places (n, 2) are real; NaN where nobody tells."""
    if seen.corners is None or not len(places):
        return np.full(len(places), np.nan)
    there = (places + 0.5) * seen.zoom - 0.5
    marks = map_coordinates(seen.corners, there.T, order=1, mode="nearest")
    outer, inner = (start + rise * marks for start, rise in (_OUTER, _INNER))
    return 1 / (1 + np.exp(-np.where(on_outline, outer, inner)))
