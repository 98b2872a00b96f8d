"""What is seen of a particle: its outline, vertices and sizes, its corners and edges."""

from __future__ import annotations

from napari_stem3d.analysis.features.bodies import seen_of
from napari_stem3d.analysis.features.corners import (
    FLAT_FACED,
    Corners,
    Distances,
    distances_between,
    find_corners,
)
from napari_stem3d.analysis.features.facets import Facets, fit_facets
from napari_stem3d.analysis.features.frame import Features, corners_of, find_features
from napari_stem3d.analysis.features.outline import Outline, trace_outline
from napari_stem3d.analysis.features.polygons import Polygon, find_polygon
from napari_stem3d.analysis.features.sizes import Measure, Sizes, measure_sizes

__all__ = [
    "FLAT_FACED",
    "Corners",
    "Distances",
    "Facets",
    "Features",
    "Measure",
    "Outline",
    "Polygon",
    "Sizes",
    "corners_of",
    "distances_between",
    "find_corners",
    "find_features",
    "find_polygon",
    "fit_facets",
    "measure_sizes",
    "seen_of",
    "trace_outline",
]
