"""One table of all that is measured of the particles of an image."""

from __future__ import annotations

from napari_stem3d.analysis.measurement.levels import balance_of
from napari_stem3d.analysis.measurement.measure import Measurement, measure_frame
from napari_stem3d.analysis.measurement.text import as_arrays, as_text

__all__ = ["Measurement", "as_arrays", "as_text", "balance_of", "measure_frame"]
