"""Corners and edges of a particle of flat faces, and how far apart its corners lie."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.features.creases import inner_corners, on_crease
from napari_stem3d.analysis.features.facets import Facets
from napari_stem3d.analysis.features.outline import Array
from napari_stem3d.analysis.features.polygons import Polygon

#: Shapes of flat faces: those whose corners are told.
FLAT_FACED = (
    "cuboid",
    "tetrahedron",
    "square_pyramid",
    "octahedron",
    "hexagonal_prism",
    "truncated_octahedron",
    "decahedron",
    "icosahedron",
)
_APART = 2.5  # pixels from a vertex within which an inner corner is the same
_PASSED = 1.5  # pixels from the way between two corners at which a third one ends an edge


class Corners(NamedTuple):
    """Corners that are seen, those on the outline first.

    Attributes
    ----------
    places : ndarray, shape (n, 2)
        Places (y, x) [pixels].
    sigma : ndarray, shape (n,)
        Standard error of each along y and x [pixels].
    on_outline : ndarray of bool, shape (n,)
        Whether it is a vertex of the outline.
    edges : ndarray of int, shape (m, 2)
        Which corners an edge is seen to join, the smaller number first.
    """

    places: Array
    sigma: Array
    on_outline: NDArray[np.bool_]
    edges: NDArray[np.int64]


class Distances(NamedTuple):
    """Distances of all corners from each other.

    Attributes
    ----------
    values, sigma : ndarray, shape (n, n)
        Distances across the beam and their standard errors, in the unit of the sampling.
    """

    values: Array
    sigma: Array


def find_corners(polygon: Polygon, facets: Facets | None) -> Corners:
    """Put the vertices of an outline and the corners inside it together.

    Parameters
    ----------
    polygon : Polygon
        Polygon of the outline.
    facets : Facets or None
        Planes of the thickness, where they are known.

    Returns
    -------
    Corners
        Corners and edges; an edge of the outline joins each vertex with the next.
    """
    places, sigma = polygon
    outer = len(places)
    if facets is not None:
        inner, errors = inner_corners(facets)
        away = np.linalg.norm(inner[:, None] - places, axis=-1).min(axis=1, initial=np.inf)
        places = np.concatenate([places, inner[away > _APART]])
        sigma = np.concatenate([sigma, errors[away > _APART]])
    ring = {tuple(sorted((k, (k + 1) % outer))) for k in range(outer)} if outer > 1 else set()
    inside = {
        (i, j)
        for i, j in combinations(range(len(places)), 2)
        if facets is not None
        and j >= outer
        and _is_free(places, i, j)
        and on_crease(facets, places[i], places[j])
    }
    edges = np.array(sorted(ring | inside), int).reshape(-1, 2)
    return Corners(places, sigma, np.arange(len(places)) < outer, edges)


def distances_between(corners: Corners, sampling: tuple[float, float] = (1.0, 1.0)) -> Distances:
    """Measure how far apart corners are seen.

    Parameters
    ----------
    corners : Corners
        Corners in pixels.
    sampling : tuple of float
        Distance of neighbouring pixels (dy, dx), in nm or 1.

    Returns
    -------
    Distances
        Errors of both ends, along the way between them; 0 from a corner to itself.
    """
    ways = (corners.places[:, None] - corners.places) * sampling
    values = np.linalg.norm(ways, axis=-1)
    # Errors in pixels are the same along y and x, those in nm are not.
    pixel = np.sqrt(((ways * sampling) ** 2).sum(axis=-1)) / np.maximum(values, 1e-12)
    sigma = pixel * np.hypot(corners.sigma[:, None], corners.sigma)
    return Distances(values, np.where(np.eye(len(values), dtype=bool), 0.0, sigma))


def _is_free(places: Array, i: int, j: int) -> bool:
    """Whether no other corner lies on the way between two."""
    way = places[j] - places[i]
    part = (places - places[i]) @ way / max(float(way @ way), 1e-12)
    off = np.linalg.norm(places - places[i] - part[:, None] * way, axis=1)
    between = (part > 0) & (part < 1) & (off < _PASSED)
    between[[i, j]] = False
    return not between.any()
