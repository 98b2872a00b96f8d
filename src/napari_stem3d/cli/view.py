"""`stem3d view`: napari with the plugin docked and the files open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._console import note

PLUGIN = "napari-stem3d"


def view(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Files to open.")
    ] = None,
) -> None:
    """Open napari with the widgets docked and the files open."""
    try:
        import napari
    except ImportError as error:
        raise InputError(
            "napari is not installed; `pip install 'napari-stem3d[gui]'` brings it. "
            f"Received: {error}"
        ) from error
    viewer = napari.Viewer(show=False)
    fill(viewer, files or [])
    viewer.show()
    napari.run()


def fill(viewer: Any, files: list[Path]) -> None:
    """Add one layer per image of the files to a napari viewer, and dock the widgets."""
    from napari.layers import Layer
    from npe2 import PluginManager

    from napari_stem3d.signals import load, to_layer_data

    for path in files:
        for stack in load(path, lazy=True):
            viewer.add_layer(Layer.create(*to_layer_data(stack)))
            for sentence in stack.notes:
                note(sentence)
    widgets = PluginManager.instance().get_manifest(PLUGIN).contributions.widgets or ()
    for widget in widgets:
        viewer.window.add_plugin_dock_widget(PLUGIN, widget.display_name, tabify=True)
