"""The microscope: from the thickness of the particles to the numbers in a file."""

from __future__ import annotations

from napari_stem3d.simulation.microscope.beam import Beam
from napari_stem3d.simulation.microscope.contrast import Contrast
from napari_stem3d.simulation.microscope.detector import Detector
from napari_stem3d.simulation.microscope.film import CarbonFilm
from napari_stem3d.simulation.microscope.microscope import Microscope
from napari_stem3d.simulation.microscope.presets import PRESETS, get_preset
from napari_stem3d.simulation.microscope.probe import Probe
from napari_stem3d.simulation.microscope.scan import Scan
from napari_stem3d.simulation.microscope.settings import (
    metadata,
    microscope_from_dict,
    microscope_of_metadata,
    microscope_to_dict,
    read_settings,
    write_settings,
)

__all__ = [
    "PRESETS",
    "Beam",
    "CarbonFilm",
    "Contrast",
    "Detector",
    "Microscope",
    "Probe",
    "Scan",
    "get_preset",
    "metadata",
    "microscope_from_dict",
    "microscope_of_metadata",
    "microscope_to_dict",
    "read_settings",
    "write_settings",
]
