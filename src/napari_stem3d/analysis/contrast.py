"""Which side up an image is: bright particles on a dark support, or the other way round.

The networks know annular dark field, where matter is bright. In bright field it is dark, and what
they say of such an image is worthless until it is turned over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import skew

from napari_stem3d.analysis.frames import checked_frame

_LOOKED_AT = 256  # pixels: larger images are looked at in a smaller size
_SMOOTH = 1.5  # pixels of that size, against noise
_SUPPORT = 0.25  # share of the pixels that surely show nothing but support


def looks_inverted(frame: ArrayLike) -> bool:
    """Whether an image looks like bright field: dark particles on a bright support.

    The support is flat, and the thickness of particles is not: the quarter of all grey values
    that lie closest together are the support's. The image looks inverted if they lie in the
    brighter half of the range and the values are skewed towards the dark. ``python -m benchmarks
    robustness`` prints how often that is wrong.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Real grey values in any units.

    Returns
    -------
    bool
        True if so; False as well where there is no contrast.

    Raises
    ------
    InputError
        If it is not one real image of at least 8 x 8 pixels.
    """
    image = checked_frame(_reduced(np.asarray(frame)))
    smooth = gaussian_filter(image, _SMOOTH)
    low, high = np.percentile(smooth, (0.5, 99.5))
    if high <= low:
        return False
    values = np.sort(np.clip((smooth.ravel() - low) / (high - low), 0, 1))
    count = max(1, int(_SUPPORT * values.size))
    densest = int(np.argmin(values[count:] - values[:-count]))
    support = (values[densest] + values[densest + count]) / 2
    return bool(support > 0.5 and skew(values) < 0)


def inverted(frame: ArrayLike) -> NDArray[np.float64]:
    """Image with its grey values turned over, NaN where it has none.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Real grey values.

    Returns
    -------
    ndarray, shape (ny, nx), float64
        Their negatives: the networks care for neither offset nor scale.
    """
    return -np.asarray(frame, np.float64)


def _reduced(image: NDArray) -> NDArray:
    """Mean over blocks of so many pixels that both sides have a few hundred."""
    block = int(np.ceil(max(image.shape, default=0) / _LOOKED_AT))
    if image.ndim != 2 or block < 2 or min(image.shape) < 8 * block:
        return image
    rows, columns = (n // block for n in image.shape)
    part = image[: rows * block, : columns * block]
    return part.reshape(rows, block, columns, block).mean(axis=(1, 3))
