"""How large a particle looks: what an outline encloses, how long and how wide it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import ConvexHull

from napari_stem3d.analysis.features.outline import Array, Outline, enclosed
from napari_stem3d.analysis.features.polygons import Polygon

_SHARED = 3.0  # points that share their error
_TOGETHER = 0.2  # pixels by which a whole outline is too wide or too narrow
_STAIRS = 2.0  # points over which an outline is smoothed before its length is taken


class Measure(NamedTuple):
    """A quantity with its standard error."""

    value: float
    sigma: float


class Sizes(NamedTuple):
    """Sizes of a particle as it is seen along the beam, in the unit of the sampling.

    Attributes
    ----------
    area : Measure
        Projected area.
    diameter : Measure
        Of the circle of the same area.
    perimeter : Measure
        Length of the outline.
    feret_max, feret_min : Measure
        Largest and smallest distance of two parallel lines between which the outline fits (Feret
        1930; ISO 13322-1).
    circularity : Measure
        4 π times area over squared perimeter, 1 of a circle (ISO 9276-6 takes its root).
    """

    area: Measure
    diameter: Measure
    perimeter: Measure
    feret_max: Measure
    feret_min: Measure
    circularity: Measure


def measure_sizes(
    outline: Outline, polygon: Polygon, sampling: tuple[float, float] = (1.0, 1.0)
) -> Sizes:
    """Measure an outline.

    Parameters
    ----------
    outline : Outline
        Outline in pixels.
    polygon : Polygon
        Its polygon, whose sides tell its length where it has one.
    sampling : tuple of float
        Distance of neighbouring pixels (dy, dx), in nm or 1.

    Returns
    -------
    Sizes
        With standard errors from those of the points, which neighbours share, and from what
        shifts a whole outline in or out.
    """
    points, pixel = outline.points * sampling, float(np.sqrt(np.prod(sampling)))
    vertices = polygon.vertices * sampling
    smooth = gaussian_filter1d(points, _STAIRS, axis=0, mode="wrap")
    area = enclosed(points)
    # Smoothing takes the stairs away, and makes small outlines smaller.
    curved = _length(smooth) * float(np.sqrt(area / enclosed(smooth)))
    perimeter = _length(vertices) if len(vertices) else curved
    scatter = outline.error * pixel * np.sqrt(_SHARED * pixel * _step(outline) / perimeter)
    shift = float(np.hypot(scatter, _TOGETHER * pixel))  # of the outline as a whole
    diameter = 2 * np.sqrt(area / np.pi)
    longest, shortest = _calipers(vertices if len(vertices) else points)
    end = np.sqrt(2) * np.hypot(outline.error * pixel, shift)
    turned = 2 * np.pi * shift  # a curve that is wider by d all around is longer by 2 π d
    circularity = 4 * np.pi * area / perimeter**2
    relative = abs(shift * perimeter / area - 2 * turned / perimeter)
    return Sizes(
        Measure(area, shift * perimeter),
        Measure(diameter, shift * perimeter * 2 / (np.pi * diameter)),
        Measure(perimeter, turned),
        Measure(longest, float(end)),
        Measure(shortest, float(end)),
        Measure(circularity, float(circularity * np.hypot(relative, scatter / diameter))),
    )


def _step(outline: Outline) -> float:
    return float(outline.steps.mean())


def _length(points: Array) -> float:
    return float(np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1).sum())


def _calipers(points: Array) -> tuple[float, float]:
    """Largest and smallest width of the convex hull; the smallest lies across one of its sides."""
    hull = points[ConvexHull(points).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    normals = np.stack([-sides[:, 1], sides[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    widths = np.ptp(hull @ normals.T, axis=0)
    longest = np.linalg.norm(hull[:, None] - hull, axis=-1).max()
    return float(longest), float(widths.min())
