"""Polygon behind an outline: how many vertices it has is a question of what noise explains.

A closed curve is cut into pieces so that the squared distances of its points from straight lines,
one fitted to each piece, plus a price for every piece, are as small as can be. Dynamic
programming finds that minimum exactly (Bellman 1961). The price is that of the Bayesian
information criterion for points with the errors of the outline.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from skimage.measure import EllipseModel

from napari_stem3d.analysis.features.outline import Array, Outline

_WAVES = 0.15  # pixels that outlines are off even without noise
_SHARED = 7.0  # points that share their error
_PRICE = 35.0  # of a vertex, in squared errors of a point
_OF_ELLIPSE = 2.5  # vertices that five numbers cost as much as
_FEWEST = 3  # points of a piece
_SMALLEST = 24  # points below which an outline is too short to tell
_PARALLEL = 0.1  # sine of an angle below which two lines have no vertex
_FAR = 5.0  # pixels from where the pieces meet beyond which a vertex is none


class Polygon(NamedTuple):
    """Vertices of an outline.

    Attributes
    ----------
    vertices : ndarray, shape (n, 2)
        Places (y, x) [pixels], in the order of the outline.
    sigma : ndarray, shape (n,)
        Standard error of each along y and x [pixels].
    """

    vertices: Array
    sigma: Array


def find_polygon(outline: Outline) -> Polygon:
    """Find the polygon of an outline.

    Parameters
    ----------
    outline : Outline
        Outline with its errors.

    Returns
    -------
    Polygon
        Empty where an ellipse explains the outline as well, and where it is too short to tell.
    """
    points = outline.points
    if len(points) < _SMALLEST:
        return Polygon(np.empty((0, 2)), np.empty(0))
    step = float(outline.steps.mean())
    error = np.hypot(outline.error, _WAVES)
    price = _PRICE * error**2 / step
    ends, misfit = _cyclic_pieces(points, price)
    if len(ends) < 3 or _ellipse_misfit(points) + _OF_ELLIPSE * price <= misfit:
        return Polygon(np.empty((0, 2)), np.empty(0))
    return _vertices(points, ends, error * np.sqrt(_SHARED / step))


def _cyclic_pieces(points: Array, price: float) -> tuple[Array, float]:
    """Cut a closed curve: indices at which pieces begin, and the misfit with all prices."""
    starts, _ = _pieces(points, price)
    # The first cut fell where the numbers begin: cut once more, from a vertex on.
    first = int(starts[np.argmin(np.abs(starts - len(points) / 2))])
    starts, misfit = _pieces(np.roll(points, -first, axis=0), price)
    return np.sort((starts + first) % len(points)), misfit


def _pieces(points: Array, price: float) -> tuple[Array, float]:
    """Cut a curve that begins and ends at its first point."""
    count, misfits = len(points), _line_misfits(points)
    least, before = np.full(count + 1, np.inf), np.zeros(count + 1, int)
    least[0] = 0
    for end in range(_FEWEST, count + 1):
        totals = least[: end - _FEWEST + 1] + misfits[: end - _FEWEST + 1, end]
        before[end] = np.argmin(totals)
        least[end] = totals[before[end]] + price
    cuts, end = [], count
    while end > 0:
        end = before[end]
        cuts.append(end)
    return np.array(cuts[::-1]), float(least[count])


def _line_misfits(points: Array) -> Array:
    """Squared distances from the line that fits points i to j best, for all pairs (n + 1, n + 1).

    They are the smaller eigenvalue of the scatter matrix, whose sums are differences of running
    sums; point n is point 0.
    """
    y, x = (np.vstack([points, points[:1]]) - points.mean(axis=0)).T
    sums = np.stack([np.ones_like(y), y, x, y * y, x * x, x * y]).cumsum(axis=1)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    count, sy, sx, yy, xx, xy = sums[:, None, 1:] - sums[:, :-1, None]
    count = np.maximum(count, 1)
    yy, xx, xy = yy - sy**2 / count, xx - sx**2 / count, xy - sx * sy / count
    return np.maximum((yy + xx) / 2 - np.hypot((yy - xx) / 2, xy), 0)


def _ellipse_misfit(points: Array) -> float:
    """Squared distances from the ellipse that fits best."""
    ellipse = EllipseModel.from_estimate(points)
    return float((ellipse.residuals(points) ** 2).sum()) if ellipse else np.inf


def _vertices(points: Array, starts: Array, error: float) -> Polygon:
    """Intersect the lines through neighbouring pieces; `error` is that of an independent point."""
    pieces = [
        np.take(points, np.arange(first, last + 1), axis=0, mode="wrap")
        for first, last in zip(starts, np.append(starts[1:], starts[0] + len(points)))
    ]
    # The ends of a piece are rounded by the probe.
    lines = [_line(piece[1:-1] if len(piece) > 6 else piece) for piece in pieces]
    places, sigmas = points[starts].copy(), np.full(len(starts), error)
    for k, place in enumerate(points[starts]):
        (before, across), (after, over) = lines[k - 1], lines[k]
        normals = np.stack([across, over])
        if abs(np.linalg.det(normals)) < _PARALLEL:
            continue
        cross = np.linalg.solve(normals, [across @ before, over @ after])
        if np.linalg.norm(cross - place) < _FAR:
            # A line is known half as well at its ends as at its middle.
            ends = 2 * error / np.sqrt([len(pieces[k - 1]), len(pieces[k])])
            places[k] = cross
            sigmas[k] = np.sqrt(((np.linalg.inv(normals) * ends) ** 2).sum() / 2)
    return Polygon(places, sigmas)


def _line(points: Array) -> tuple[Array, Array]:
    """Middle and normal of the line that fits points best."""
    middle = points.mean(axis=0)
    along = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    return middle, np.array([-along[1], along[0]])
