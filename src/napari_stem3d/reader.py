"""The napari reader of microscope files: calibrated, lazy layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

LayerData = tuple[Any, dict[str, Any], str]

# No tif: napari reads it, and would ask which reader to use. No h5: too many kinds share it.
ENDINGS = (
    ".dm3",
    ".dm4",
    ".emd",
    ".ser",
    ".emi",
    ".mrc",
    ".mrcz",
    ".blo",
    ".hspy",
    ".mib",
    ".prz",
    ".tvips",
)


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return the reader for one path or several, or None if an ending is not ours."""
    if all(name.lower().endswith(ENDINGS) for name in _names(path)):
        return read_layers
    return None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Read files into one napari layer per image or stack; pixels are read when they are shown.

    Raises
    ------
    InputError
        If a file cannot be used; napari shows the sentence as a notification.
    """
    from napari.utils.notifications import show_info

    from napari_stem3d.signals import load, to_layer_data

    layers = []
    for name in _names(path):
        stacks = load(name, lazy=True)
        for note in [note for stack in stacks for note in stack.notes]:
            show_info(note)
        layers += [to_layer_data(stack) for stack in stacks]
    return layers


def _names(path: str | Sequence[str]) -> list[str]:
    return [path] if isinstance(path, str) else [str(name) for name in path]
