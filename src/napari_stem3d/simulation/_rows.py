"""Compiled resampling of scan lines."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def shift_rows(image, shifts):
    """Image whose row i is row i of `image` sampled `shifts[i]` pixels further right.

    Catmull-Rom interpolation between four pixels; the ends of a row continue evenly.
    """
    ny, nx = image.shape
    out = np.empty_like(image)
    for i in range(ny):
        whole = int(np.floor(shifts[i]))
        t = shifts[i] - whole
        w0 = ((-0.5 * t + 1.0) * t - 0.5) * t
        w1 = (1.5 * t - 2.5) * t * t + 1.0
        w2 = ((-1.5 * t + 2.0) * t + 0.5) * t
        w3 = (0.5 * t - 0.5) * t * t
        for j in range(nx):
            k = j + whole
            out[i, j] = (
                w0 * image[i, min(max(k - 1, 0), nx - 1)]
                + w1 * image[i, min(max(k, 0), nx - 1)]
                + w2 * image[i, min(max(k + 1, 0), nx - 1)]
                + w3 * image[i, min(max(k + 2, 0), nx - 1)]
            )
    return out
