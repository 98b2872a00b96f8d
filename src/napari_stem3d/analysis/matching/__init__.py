"""Match a microscope to one real image, so that simulated images have its noise."""

from __future__ import annotations

from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.match import Match, match_microscope
from napari_stem3d.analysis.matching.retake import retake

__all__ = ["Estimate", "Match", "match_microscope", "retake"]
