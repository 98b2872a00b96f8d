"""Studies of one choice in training: how many images, which batch, loss or optimizer."""

from __future__ import annotations

from napari_stem3d.tasks.studies.data import StudyData, labelled_images, simulated_images
from napari_stem3d.tasks.studies.learning_curve import LearningCurve, fit_learning_curve
from napari_stem3d.tasks.studies.plan import KINDS, Study
from napari_stem3d.tasks.studies.runner import Results, run_study

__all__ = [
    "KINDS",
    "LearningCurve",
    "Results",
    "Study",
    "StudyData",
    "fit_learning_curve",
    "labelled_images",
    "run_study",
    "simulated_images",
]
