"""Microscope files, HyperSpy signals and napari layers, all as one calibrated `Stack`."""

from napari_stem3d.signals.bridge import from_signal, to_signal
from napari_stem3d.signals.layers import from_layer, to_layer_data
from napari_stem3d.signals.loading import load
from napari_stem3d.signals.saving import save, write_beside
from napari_stem3d.signals.stack import Axis, Stack

__all__ = [
    "Axis",
    "Stack",
    "from_layer",
    "from_signal",
    "load",
    "save",
    "to_layer_data",
    "to_signal",
    "write_beside",
]
