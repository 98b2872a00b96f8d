"""The one place where grey values are made comparable, for training and for prediction alike.

Nobody knows the intensity scale of an image: gain, black level and export settings are arbitrary.
Both functions are therefore invariant to ``a * image + b`` with a > 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def fill_gaps(image: NDArray[np.floating]) -> Image:
    """Image with missing values (NaN, infinite) replaced by the median of the others.

    Parameters
    ----------
    image : ndarray
        Any real values.

    Returns
    -------
    ndarray, float32
        Finite values; zeros where nothing at all was finite. Large offsets are removed before
        the conversion, so that no contrast is lost to it.
    """
    values = np.asarray(image, np.float64)
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(values.shape, np.float32)
    middle = np.median(values[known])
    return np.where(known, values - middle, 0.0).astype(np.float32)


def normalize_frame(image: Image) -> Image:
    """Whole image scaled so that its 1st percentile is 0 and its 99.9th is 1.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Scaled image, clipped to -0.5 .. 1.5; zeros for a constant image.
    """
    low, high = np.percentile(image, (1, 99.9))
    if high <= low:
        return np.zeros_like(image, np.float32)
    return np.clip((image - low) / (high - low), -0.5, 1.5).astype(np.float32)


def normalize_crop(image: Image, inside: NDArray[np.bool_]) -> Image:
    """Crop scaled so that the background is 0 and the mean of the particle is 1.

    Parameters
    ----------
    image : ndarray, shape (n, n)
        Finite grey values around one particle.
    inside : ndarray of bool, shape (n, n)
        Pixels of the particle.

    Returns
    -------
    ndarray, shape (n, n), float32
        Scaled crop, clipped to -1 .. 4; zeros where the particle is no brighter than its
        surroundings.
    """
    background = np.percentile(image, 5)
    contrast = (image[inside].mean() if inside.any() else image.max()) - background
    if contrast <= 0:
        return np.zeros_like(image, np.float32)
    return np.clip((image - background) / contrast, -1, 4).astype(np.float32)
