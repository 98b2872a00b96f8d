"""The particle of an image with a margin, and the noise of its pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation, find_objects, gaussian_filter, label
from skimage.filters import threshold_otsu

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.noise import image_noise
from napari_stem3d.analysis.fitting.patch import Noise, Patch, smoothed
from napari_stem3d.analysis.frames import checked_frame, checked_labels

Array = NDArray[np.floating]
_SMOOTH = 2.0  # pixels over which an image is averaged before particles are told from the support
_FAITHFUL = 0.01  # part of the signal up to which no model of an image is trusted
_MARGIN = 8  # pixels around the particle that are kept


class Isolated(NamedTuple):
    """A particle with a margin, and the noise of the image it is from."""

    patch: Patch
    noise: Noise


def isolate(
    image: ArrayLike,
    sampling: tuple[float, float],
    *,
    label_map: NDArray[np.integer] | None = None,
    noise: Noise | None = None,
) -> Isolated:
    """Cut the largest particle out of an image.

    Parameters
    ----------
    image : array_like, shape (ny, nx)
        Grey values; particles are bright.
    sampling : tuple of float
        Size of a pixel (dy, dx) [nm].
    label_map : ndarray of int, shape (ny, nx), optional
        Particles, 0 where there is none; told from the grey values by default.
    noise : Noise, optional
        How noise grows with grey values; measured by default.

    Returns
    -------
    Isolated
        The particle with a margin, where pixels of others do not count, nor those without a value;
        and the noise.

    Raises
    ------
    InputError
        If there is nothing in the image.
    """
    level = checked_frame(image).astype(float)
    usable = np.isfinite(image)
    frame = level + np.median(np.asarray(image, float)[usable]) if usable.any() else level
    labels = _particles(frame) if label_map is None else checked_labels(label_map, frame.shape)
    sizes = np.bincount(labels.ravel())[1:]
    if not sizes.any():
        raise InputError("The image shows no particle, but one was expected. Received: no labels")
    largest = int(np.argmax(sizes)) + 1
    rows, columns = find_objects(labels)[largest - 1]
    rows, columns = _wider(rows, frame.shape[0]), _wider(columns, frame.shape[1])
    others = binary_dilation((labels > 0) & (labels != largest), iterations=3)
    counts = (usable & ~others)[rows, columns]
    noise = noise or image_noise(frame, labels)
    cut = frame[rows, columns]
    noise = noise._replace(least=max(noise.least, (_FAITHFUL * float(np.ptp(cut))) ** 2))
    patch = Patch(
        cut,
        np.where(counts, 1.0, np.inf),
        np.arange(rows.start, rows.stop) * sampling[0],
        np.arange(columns.start, columns.stop) * sampling[1],
    )
    return Isolated(smoothed(patch, noise), noise)


def middle(patch: Patch) -> tuple[float, float]:
    """Where the middle (y, x) of a particle's brightness lies [nm]: that of its mass."""
    seen = gaussian_filter(patch.image, _SMOOTH)
    ground = _ground(patch)
    bright = np.where(patch.known & (seen > ground + 0.15 * (seen.max() - ground)), 1.0, 0.0)
    weight = (patch.image - ground) * bright
    total = max(float(weight.sum()), 1e-12)
    y, x = patch.y @ weight.sum(axis=1) / total, patch.x @ weight.sum(axis=0) / total
    return float(y), float(x)


def _ground(patch: Patch) -> float:
    """Grey value of the border."""
    inner = np.zeros(patch.image.shape, bool)
    inner[2:-2, 2:-2] = True
    return float(np.median(patch.image[patch.known & ~inner]))


def _particles(frame: Array) -> NDArray[np.int32]:
    seen = gaussian_filter(frame, _SMOOTH)
    if np.ptp(seen) == 0:
        return np.zeros(frame.shape, np.int32)
    labels, _ = label(seen > threshold_otsu(seen))
    return labels


def _wider(span: slice, size: int) -> slice:
    return slice(max(0, span.start - _MARGIN), min(size, span.stop + _MARGIN))
