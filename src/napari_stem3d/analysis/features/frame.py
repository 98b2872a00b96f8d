"""Features of all particles of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stem3d.analysis.features.corners import Corners, find_corners
from napari_stem3d.analysis.features.facets import fit_facets
from napari_stem3d.analysis.features.outline import Outline, trace_outline
from napari_stem3d.analysis.features.polygons import Polygon, find_polygon
from napari_stem3d.analysis.features.sharpening import (
    Surroundings,
    estimate_blur,
    look_across,
    sharpen,
)

_MARGIN = 9  # pixels around a particle that are looked at
_JUDGES = 12  # of the largest particles that tell how wide the probe is

Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Features:
    """What is seen of one particle.

    Attributes
    ----------
    label : int
        Its label.
    outline : Outline
        Its outline.
    polygon : Polygon
        Its vertices; none of round and of small outlines.
    window : tuple of slice
        Part of the image that holds it.
    """

    label: int
    outline: Outline
    polygon: Polygon
    window: Window


def find_features(image: NDArray[np.floating], labels: NDArray[np.integer]) -> Iterator[Features]:
    """Find the outline and the vertices of every particle.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values, particles brighter than the background.
    labels : ndarray of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.

    Yields
    ------
    Features
        Of each label, in their order. The outlines are sharpened with one width of the probe,
        which the largest particles tell.
    """
    traced: list[tuple[int, Window, Outline, Surroundings | None]] = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        rows, columns = (slice(max(0, b.start - _MARGIN), b.stop + _MARGIN) for b in box)
        window = (rows, columns)
        outline = trace_outline(labels[window] == label)
        around = look_across(image[window], labels[window], label, outline)
        traced.append((label, window, outline, around))
    known = [one for one in traced if one[3] is not None]
    known.sort(key=lambda one: -len(one[2].points))
    judges = [around for *_, around in known[:_JUDGES] if around is not None]
    blur = estimate_blur(judges) if judges else 0.0
    for label, window, outline, around in traced:
        own = outline if around is None else sharpen(outline, around, blur)
        corner = np.array([side.start for side in window])
        own = replace(own, points=own.points + corner)
        yield Features(label, own, find_polygon(own), window)


def corners_of(
    image: NDArray[np.floating], labels: NDArray[np.integer], found: Features
) -> Corners:
    """Find the corners and edges of a particle of flat faces.

    Parameters
    ----------
    image, labels : ndarray, shape (ny, nx)
        As `find_features` takes them.
    found : Features
        What is known of the particle already.

    Returns
    -------
    Corners
        Corners in pixels of the image.
    """
    corner = np.array([side.start for side in found.window])
    polygon = found.polygon._replace(vertices=found.polygon.vertices - corner)
    facets = fit_facets(image[found.window], labels[found.window] == found.label)
    corners = find_corners(polygon, facets)
    return corners._replace(places=corners.places + corner)
