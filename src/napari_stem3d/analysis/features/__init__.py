"""What is seen of a particle: its outline, vertices and sizes, its corners and edges."""

from __future__ import annotations

from napari_stem3d.analysis.features.corners import (
    FLAT_FACED,
    Corners,
    Distances,
    distances_between,
    find_corners,
)
from napari_stem3d.analysis.features.facets import Facets, fit_facets
from napari_stem3d.analysis.features.outline import Outline, trace_outline
from napari_stem3d.analysis.features.polygons import Polygon, find_polygon
from napari_stem3d.analysis.features.sharpening import (
    Surroundings,
    estimate_blur,
    look_across,
    sharpen,
)
from napari_stem3d.analysis.features.sizes import Measure, Sizes, measure_sizes

__all__ = [
    "FLAT_FACED",
    "Corners",
    "Distances",
    "Facets",
    "Measure",
    "Outline",
    "Polygon",
    "Sizes",
    "Surroundings",
    "distances_between",
    "estimate_blur",
    "find_corners",
    "find_polygon",
    "fit_facets",
    "look_across",
    "measure_sizes",
    "sharpen",
    "trace_outline",
]
