"""Weigh particles: volume, atoms and heights from one image, with error bars."""

from __future__ import annotations

from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.calibrating import (
    Estimated,
    balance_from_particles,
    estimate_balance,
)
from napari_stem3d.analysis.weighing.weigh import Weighing, weigh_frame

__all__ = [
    "Balance",
    "Estimated",
    "Weighing",
    "balance_from_particles",
    "estimate_balance",
    "weigh_frame",
]
