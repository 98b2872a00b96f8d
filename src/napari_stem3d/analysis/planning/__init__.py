"""Experiments planned beforehand: the dose and the number of images that answer a question."""

from __future__ import annotations

from napari_stem3d.analysis.planning.beams import BeamSetting
from napari_stem3d.analysis.planning.plan import Plan, Views
from napari_stem3d.analysis.planning.planner import plan
from napari_stem3d.analysis.planning.question import Limits, Question

__all__ = ["BeamSetting", "Limits", "Plan", "Question", "Views", "plan"]
