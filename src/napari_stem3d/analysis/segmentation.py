"""Particles of one image as separate instances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import relabel_sequential, watershed

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.pooling import pooled_thickness
from napari_stem3d.analysis.resampling import enlarge, resample
from napari_stem3d.analysis.zoom import LARGEST_ZOOM, suitable_zoom
from napari_stem3d.networks import store
from napari_stem3d.networks.normalization import normalize_frame
from napari_stem3d.networks.prediction import Maps, Progress, predict_maps

_HALF = 127  # probability one half in the maps' bytes
_SADDLE = 0.8  # part of a summit's depth below which a saddle parts two particles
_RAGGED = 0.5  # pixels of depth that an uneven edge may make
_THIN = 8.0  # pixels of depth below which the interior is too narrow for summits to tell
_PASS, _OPEN_PASS = 0.6, 0.5  # part of the depth that a pass between parts of one thin body has
_SMALLEST_PARTICLE = 16  # pixels, enlarged ones where the image was enlarged


class Segmentation(NamedTuple):
    """Instances of an image.

    Attributes
    ----------
    labels : ndarray, shape (ny, nx), int32
        1 to N for the particles, 0 for the background.
    thickness : ndarray, shape (ny, nx), float32
        Thickness along the beam in pixels, as the network guesses it from the shape of the
        intensity, made consistent by `pooled_thickness`; 0 outside particles.
    """

    labels: NDArray[np.int32]
    thickness: NDArray[np.float32]


def segment_frame(
    frame: ArrayLike,
    network: str = "particle-unet",
    *,
    zoom: float | None = None,
    progress: Progress | None = None,
) -> Segmentation:
    """Find the particles of one image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values in any units, particles brighter than the background.
    network : str
        Registered network for segmentation, or path of a ``.keras`` file.
    zoom : float, optional
        Factor by which the image is enlarged for the network; by default what brings the
        particles to its size.
    progress : callable, optional
        Called with the number of tiles done and their total.

    Returns
    -------
    Segmentation
        Labels and thickness.

    Raises
    ------
    InputError
        If the image, the network or the zoom cannot be used.
    """
    image = checked_frame(frame)
    if zoom is None:
        zoom = suitable_zoom(image)
    if not 1 / 64 <= zoom <= LARGEST_ZOOM:
        raise InputError(f"zoom must lie between 1/64 and {LARGEST_ZOOM:g}. Received: {zoom!r}")
    model = store.load(network).model
    if np.ptp(image) == 0:
        return Segmentation(np.zeros(image.shape, np.int32), np.zeros(image.shape, np.float32))
    maps = predict_maps(model.predict_on_batch, normalize_frame(enlarge(image, zoom)), progress)
    if zoom < 1:
        maps = Maps(*(_back(m, image.shape, zoom) for m in maps[:3]))
    labels = instances(maps)
    thickness = maps.thickness.astype(np.float32)
    if zoom > 1:
        labels = _nearest(labels, image.shape, zoom)
        thickness = _back(thickness, image.shape, zoom)
    labels = relabel_sequential(labels)[0].astype(np.int32)
    thickness = np.where(labels > 0, thickness / zoom, 0).astype(np.float32)
    return Segmentation(labels, pooled_thickness(image, labels, thickness))


def instances(maps: Maps) -> NDArray[np.int32]:
    """Separate particles: every interior grows over the foreground until it meets another.

    Parameters
    ----------
    maps : Maps
        What the network sees.

    Returns
    -------
    ndarray, int32
        Labels; not consecutive, where specks were dropped.
    """
    parts, _ = ndimage.label(maps.foreground > _HALF)
    labels, count = np.zeros(parts.shape, np.int32), 0
    # Heap by heap, so that memory grows with the largest heap and not with the image.
    for part, box in enumerate(ndimage.find_objects(parts), start=1):
        window = tuple(slice(max(0, b.start - 1), b.stop + 1) for b in box)
        own = parts[window] == part
        particles = _split(own, maps.interior[window])
        labels[window][own] = np.where(particles > 0, particles + count, 0)[own]
        count += int(particles.max())
    return labels


def _split(heap: NDArray[np.bool_], interior: NDArray[np.number]) -> NDArray[np.int32]:
    """Label the particles of one connected part of the foreground.

    What has no interior at all, small or faint, is one particle.
    """
    seeds, count = _seeds(heap & (interior > _HALF))
    labels = heap.astype(np.int32)
    if count > 1:
        labels = _rejoined(watershed(255 - interior, seeds, mask=heap), interior)
    sizes = np.bincount(labels.ravel())
    labels[(sizes < _SMALLEST_PARTICLE)[labels]] = 0
    return labels.astype(np.int32)


def _seeds(interior: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Core of every particle: interiors that hang together by a narrow neck are two.

    The distance to the edge of a convex body has one summit. A second summit belongs to a
    neighbour, if the saddle between them lies deep enough below it not to be a ragged edge's.
    """
    depth = ndimage.distance_transform_edt(interior)
    floor = reconstruction(_SADDLE * depth - _RAGGED, depth)
    return ndimage.label(local_maxima(floor) & interior)


def _rejoined(labels: NDArray[np.int32], interior: NDArray[np.number]) -> NDArray[np.int32]:
    """Join parts of thin bodies, such as wires, whose summits are their bends and crossings.

    Two parts are one if the pass between them is not much narrower than the thinner of them, the
    less so where the network sees an interior there.
    """
    depth = ndimage.distance_transform_edt(labels > 0)
    summits = ndimage.maximum(depth, labels, np.arange(labels.max() + 1))
    passes = []
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        a, b = labels[first], labels[second]
        met = (a != b) & (a > 0) & (b > 0)
        level, seen = (np.minimum(m[first], m[second])[met] for m in (depth, interior))
        thinner = np.minimum(summits[a[met]], summits[b[met]])
        wanted = np.where(seen > _HALF, _OPEN_PASS, _PASS) * thinner
        one = (thinner < _THIN) & (level >= wanted)
        passes.append(np.stack([a[met][one], b[met][one]]))
    pairs = np.concatenate(passes, axis=1)
    links = coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(summits),) * 2)
    groups = connected_components(links, directed=False)[1]
    return groups[labels].astype(np.int32)


def _back(values: NDArray, shape: tuple[int, int], zoom: float) -> NDArray[np.float32]:
    """Map of the enlarged image brought back to the pixels of the image."""
    first = 0.5 * zoom - 0.5
    return resample(values.astype(np.float32), shape, zoom, (first, first))


def _nearest(labels: NDArray[np.int32], shape: tuple[int, int], zoom: float) -> NDArray[np.int32]:
    """Label of the enlarged image at the centre of every pixel of the image."""
    rows, columns = (
        np.clip(np.rint((np.arange(n) + 0.5) * zoom - 0.5).astype(int), 0, size - 1)
        for n, size in zip(shape, labels.shape)
    )
    return labels[np.ix_(rows, columns)]
