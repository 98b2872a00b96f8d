"""What a single image must be before it is analysed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.networks.normalization import fill_gaps

SMALLEST = 8  # pixels of the sides of an image in which a particle can be told from noise


def checked_frame(frame: ArrayLike) -> NDArray[np.float32]:
    """Finite, single-precision copy of one grey image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Real grey values in any units; NaN marks missing pixels.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Grey values about their median.

    Raises
    ------
    InputError
        If it is not one real image of at least 8 x 8 pixels.
    """
    values = np.asarray(frame)
    real = np.issubdtype(values.dtype, np.number) or values.dtype == bool
    if values.ndim != 2 or not real or np.iscomplexobj(values) or min(values.shape) < SMALLEST:
        raise InputError(
            f"An image must be a real grey image (y, x) of at least {SMALLEST} x {SMALLEST} "
            f"pixels. Received: an array of shape {values.shape} and type {values.dtype}"
        )
    return fill_gaps(values)


def checked_labels(labels: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Label image of whole numbers that fits an image of some shape, or an `InputError`."""
    values = np.asarray(labels)
    whole = np.issubdtype(values.dtype, np.integer) or values.dtype == bool
    if values.shape != shape or not whole or (values.size and values.min() < 0):
        raise InputError(
            f"Labels must be whole numbers from 0 on in the shape of their image, {shape}. "
            f"Received: an array of shape {values.shape} and type {values.dtype}"
        )
    return values.astype(np.int32)
