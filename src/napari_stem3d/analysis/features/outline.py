"""Outline of a particle as a closed curve, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import find_contours

_SMOOTH = 0.7  # pixels: makes a curve of a staircase
_MOST = 400  # points
_ROUGH = 0.35  # pixels that a label's outline is off

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed curve around a particle.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
        Places (y, x) in pixels of the image, about a pixel apart, the last one beside the first.
        They run so that the particle lies to the left of (dx, dy), with y pointing down.
    sigma : ndarray, shape (n,)
        Standard error of each, across the outline [pixels].
    """

    points: Array
    sigma: Array

    @property
    def steps(self) -> Array:
        """Distance (n,) of each point from the next one [pixels]."""
        return np.linalg.norm(np.roll(self.points, -1, axis=0) - self.points, axis=1)

    @property
    def error(self) -> float:
        """Standard error of a point in the middle of all [pixels]."""
        return float(np.median(self.sigma))


def trace_outline(mask: NDArray[np.bool_]) -> Outline:
    """Trace the outline of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (ny, nx)
        Pixels of the particle, at least one. Holes do not count, nor do smaller parts.

    Returns
    -------
    Outline
        The curve on which the smoothed mask is one half.
    """
    soft = gaussian_filter(np.pad(mask, 3, mode="edge").astype(float), _SMOOTH)
    # What the image cuts ends half a pixel beyond the last one, as do the pixels themselves.
    soft[:3], soft[-3:], soft[:, :3], soft[:, -3:] = 0, 0, 0, 0
    curves = find_contours(soft, 0.5 * min(1.0, float(soft.max())))
    longest = max(curves, key=lambda curve: abs(enclosed(curve[:-1])))[:-1] - 3
    points = even(longest if enclosed(longest) > 0 else longest[::-1])
    return Outline(points, np.full(len(points), _ROUGH))


def enclosed(points: Array) -> float:
    """Area within a closed curve (n, 2), by the shoelace formula; its sign is the sense."""
    y, x = points.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def even(points: Array) -> Array:
    """Points of a closed curve about a pixel apart, or as far as few enough of them are."""
    closed = np.vstack([points, points[:1]])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    count = int(np.clip(round(along[-1]), 8, _MOST))
    places = np.arange(count) * along[-1] / count
    return np.stack([np.interp(places, along, closed[:, k]) for k in (0, 1)], axis=1)
