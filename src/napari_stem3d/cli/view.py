"""`stem3d view`: napari with the plugin docked and the files open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_stem3d._errors import InputError

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
    for path in files or ():
        if not path.exists():
            raise InputError(f"There is no file {path}")
    viewer = open_viewer(files or [])
    viewer.show()
    napari.run()


def open_viewer(files: list[Path]) -> Any:
    """Return a napari viewer with the plugin's widgets docked and one layer per image."""
    import napari
    from napari.layers import Layer
    from npe2 import PluginManager

    from napari_stem3d.signals import load, to_layer_data

    viewer = napari.Viewer(show=False)
    for path in files:
        for stack in load(path, lazy=True):
            viewer.add_layer(Layer.create(*to_layer_data(stack)))
    widgets = PluginManager.instance().get_manifest(PLUGIN).contributions.widgets or ()
    for widget in widgets:
        viewer.window.add_plugin_dock_widget(PLUGIN, widget.display_name, tabify=True)
    return viewer
