"""Change of the pixel size, the same for training and for prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

Image = NDArray[np.float32]


def resample(
    image: Image,
    shape: tuple[int, int],
    step: float,
    start: tuple[float, float],
    *,
    outside: float | None = None,
) -> Image:
    """Sample an image on another square raster.

    Where the new raster is coarser the image is smoothed first, so that noise averages out and
    nothing is aliased.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Grey values.
    shape : tuple of int
        Rows and columns of the new raster.
    step : float
        Distance of its points, in pixels of `image`.
    start : tuple of float
        Position (y, x) of its first point, in pixels of `image`.
    outside : float, optional
        Value beyond the edges; the nearest pixel's by default.

    Returns
    -------
    ndarray, float32
        New image, interpolated linearly.
    """
    last = [s + step * (n - 1) for s, n in zip(start, shape)]
    margin = 2 + 2 * step
    window = tuple(
        slice(
            int(max(0, min(n - 1, np.floor(a - margin)))), int(max(1, min(n, np.ceil(b + margin))))
        )
        for a, b, n in zip(start, last, image.shape)
    )
    part = np.asarray(image[window], np.float32)
    if step > 1:
        part = gaussian_filter(part, 0.5 * np.sqrt(step**2 - 1), mode="nearest")
    offset = [a - w.start for a, w in zip(start, window)]
    mode, value = ("nearest", 0.0) if outside is None else ("grid-constant", outside)
    return affine_transform(
        part, [step, step], offset, shape, np.float32, order=1, mode=mode, cval=value
    )


def zoomed_shape(shape: tuple[int, int], zoom: float) -> tuple[int, int]:
    """Rows and columns of an image enlarged by `zoom`."""
    return (max(1, round(shape[0] * zoom)), max(1, round(shape[1] * zoom)))


def enlarge(image: Image, zoom: float) -> Image:
    """Image with `zoom` times as many pixels along each side, covering the same area."""
    if zoom == 1:
        return image
    first = 0.5 / zoom - 0.5
    return resample(image, zoomed_shape(image.shape, zoom), 1 / zoom, (first, first))
