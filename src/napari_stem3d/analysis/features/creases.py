"""Corners and edges inside an outline: where planes of the thickness meet."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.sparse.csgraph import connected_components

from napari_stem3d.analysis.features.facets import Facets
from napari_stem3d.analysis.features.outline import Array

_TOGETHER = 3.0  # pixels within which intersections are one corner
_AROUND = 3.0  # pixels from a corner at which it is looked at from all sides
_SECTORS = 72  # directions of that look
_NARROW = 5  # of them that a plane must take for it to count
_CROSSING = 1.0  # misfit below which two edges cross, one above the other
_MOST = 60  # planes whose intersections are tried
_BLURRED, _OPTIMISM = 0.3, 1.5  # pixels that corners are off without noise; of errors of planes
_ON_CREASE = 1.0  # pixels from a crease that still lie on it
_LOOKED_AT = np.linspace(0.15, 0.85, 8)[:, None]  # of the way between two corners


def inner_corners(facets: Facets) -> tuple[Array, Array]:
    """Find where three or more planes meet.

    Where an edge of the near side crosses one of the far side four planes meet too. The slope
    then changes by the same amount across the two parts of an edge, which no corner does.

    Parameters
    ----------
    facets : Facets
        Planes of a particle.

    Returns
    -------
    places : ndarray, shape (n, 2)
        Places (y, x) [pixels].
    sigma : ndarray, shape (n,)
        Standard error of each along y and x [pixels].
    """
    places, sigma = _intersections(facets)
    if not len(places):
        return places, sigma
    near = np.linalg.norm(places[:, None] - places, axis=-1) < _TOGETHER
    count, group = connected_components(near)
    middles = np.array([places[group == k].mean(axis=0) for k in range(count)])
    errors = np.array([sigma[group == k].min() for k in range(count)])
    kept = np.array([_is_corner(facets, place) for place in middles])
    return middles[kept], np.hypot(_OPTIMISM * errors[kept], _BLURRED)


def on_crease(facets: Facets, start: Array, end: Array) -> bool:
    """Whether an edge is seen on the straight way between two places (y, x)."""
    values = facets.values(start + _LOOKED_AT * (end - start))
    if values.shape[1] < 2:
        return False
    order = np.argsort(values, axis=1)[:, :2]
    low, next_ = np.take_along_axis(values, order, axis=1).T
    jump = np.linalg.norm(np.diff(facets.planes[order, :2], axis=1)[:, 0], axis=1)
    return bool(np.median((next_ - low) / np.maximum(jump, 1e-9)) < _ON_CREASE)


def _intersections(facets: Facets) -> tuple[Array, Array]:
    """Places (n, 2) at which three planes are the smallest of all, and their errors (n,)."""
    planes = facets.planes
    nothing = np.empty((0, 2)), np.empty(0)
    if not 3 <= len(planes) <= _MOST:
        return nothing
    trios = np.array(list(combinations(range(len(planes)), 3)))
    steps = planes[trios[:, 1:]] - planes[trios[:, :1]]  # (n, 2, 3): what vanishes there
    unlike = np.abs(np.linalg.det(steps[..., :2])) > 1e-9 * np.abs(planes[:, :2]).max() ** 2
    trios, steps = trios[unlike], steps[unlike]
    if not len(trios):
        return nothing
    offsets = np.linalg.solve(steps[..., :2], -steps[..., 2:])[..., 0]
    places = offsets + facets.centre
    values = facets.values(places)
    own = np.take_along_axis(values, trios, axis=1).max(axis=1)
    lowest = own <= values.min(axis=1) + 1e-6 * np.ptp(values)
    pixels = np.rint(places).astype(int)
    within = ((pixels >= 0) & (pixels < facets.inside.shape)).all(axis=1)
    kept = np.nonzero(lowest & within)[0]
    kept = kept[facets.inside[tuple(pixels[kept].T)]]
    errors = [_error(facets, trios[k], steps[k, :, :2], offsets[k]) for k in kept]
    return places[kept], np.array(errors)


def _error(facets: Facets, trio: Array, slopes: Array, offset: Array) -> float:
    """Propagate the errors of three planes to their intersection."""
    at = np.append(offset, 1.0)
    first, second, third = (at @ facets.covariances[k] @ at for k in trio)
    gaps = np.array([[first + second, first], [first, first + third]])
    inverse = np.linalg.inv(slopes)
    return float(np.sqrt(np.trace(inverse @ gaps @ inverse.T) / 2))


def _is_corner(facets: Facets, place: Array) -> bool:
    """Whether three sectors or more meet, and not two edges that cross."""
    angles = 2 * np.pi * np.arange(_SECTORS) / _SECTORS
    circle = place + _AROUND * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    owner = facets.values(circle).argmin(axis=1)
    starts = np.nonzero(owner != np.roll(owner, 1))[0]
    widths = np.diff(np.append(starts, starts[:1] + _SECTORS))
    sectors = owner[starts[widths >= _NARROW]]
    sectors = sectors[sectors != np.roll(sectors, 1)]
    if len(sectors) != 4:
        return len(sectors) >= 3
    slopes = facets.planes[sectors, :2]
    jumps = np.linalg.norm(slopes - np.roll(slopes, 1, axis=0), axis=1)
    misfit = np.linalg.norm(slopes[0] - slopes[1] + slopes[2] - slopes[3])
    return bool(misfit > _CROSSING * jumps.min())
