"""Where a displaced scan shows what lies at known places."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Array = NDArray[np.float64]

_ITERATIONS = 5  # until p + u(p) is where a spot lies; each wins two digits or so
_SIGMAS = 4.0  # a spot ends here
_PART = 1 << 20  # pixels looked at a time


def seen_at(places: Array, shifts: Array, widths: Array) -> Array:
    """Centres of mass of spots in an image whose pixel p shows ``p + u(p)``.

    A slow displacement moves a spot as a whole; a fast one tears it, line by line, so that no
    single place in the image is its place in the specimen. The centre of mass is what a fit of
    the image finds, too.

    Parameters
    ----------
    places : ndarray, shape (n, 2)
        Where the spots lie, (y, x) [px]; they may lie beyond the image.
    shifts : ndarray, shape (2, ny, nx)
        Displacements u along y and x [px]; beyond the edges they continue evenly.
    widths : ndarray, shape (2,)
        Standard deviations of the spots along y and x [px].

    Returns
    -------
    ndarray, shape (n, 2)
        Where the image shows them, (y, x) [px].
    """
    widths = np.maximum(widths, 0.5)
    even = [gaussian_filter(u, widths, mode="nearest") for u in shifts]
    seen = places
    for _ in range(_ITERATIONS):
        inward = [map_coordinates(u, seen.T, order=1, mode="nearest") for u in even]
        seen = places - np.stack(inward, axis=1)
    spans = [np.arange(-n, n + 1) for n in (math.ceil(_SIGMAS * w) + 2 for w in widths)]
    step = max(1, _PART // (len(spans[0]) * len(spans[1])))
    parts = [
        _centres(places[i : i + step], seen[i : i + step], shifts, widths, spans)
        for i in range(0, len(places), step)
    ]
    return np.concatenate([np.zeros((0, 2)), *parts])


def _centres(
    places: Array, guesses: Array, shifts: Array, widths: Array, spans: list[NDArray[np.int64]]
) -> Array:
    ny, nx = shifts.shape[1:]
    around = np.rint(guesses).astype(np.int64)
    y, x = around[:, :1] + spans[0], around[:, 1:] + spans[1]
    u = shifts[:, np.clip(y, 0, ny - 1)[:, :, None], np.clip(x, 0, nx - 1)[:, None, :]]
    away_y = (y[:, :, None] + u[0] - places[:, 0, None, None]) / widths[0]
    away_x = (x[:, None, :] + u[1] - places[:, 1, None, None]) / widths[1]
    light = np.exp(-(away_y**2 + away_x**2) / 2)
    total = light.sum(axis=(1, 2))
    centres = np.stack([(light.sum(axis=2) * y).sum(axis=1), (light.sum(axis=1) * x).sum(axis=1)])
    # Where the tearing has thrown a spot out of its window, the guess is as good as any.
    found = np.divide(centres, total, out=guesses.T.copy(), where=total > 0.1)
    return found.T
