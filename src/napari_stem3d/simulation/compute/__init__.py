"""Random numbers and filters of image stacks, compiled."""

from __future__ import annotations

from napari_stem3d.simulation.compute._filters import blur
from napari_stem3d.simulation.compute._resampling import shift_rows

__all__ = ["blur", "shift_rows"]
