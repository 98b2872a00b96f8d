"""Regenerate the screenshots of the panels.

Run ``xvfb-run -a -s "-screen 0 1400x900x24" python docs/screenshots.py``, with the names of single
pictures to take those alone.

Segment and Classify show the real image of SiO2 spheres where ``../shared/data`` is present, and
the sample of simulated cuboids elsewhere.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari  # noqa: TID253
from qtpy.QtWidgets import QApplication  # noqa: TID253

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SPHERES = ROOT.parent / "shared" / "data" / "haadf" / "sio2_spheres_haadf.hspy"
PLUGIN, SIZE = "napari-stem3d", (1280, 800)


def main() -> None:
    """Take the pictures named on the command line, or all of them."""
    IMAGES.mkdir(exist_ok=True)
    pictures: dict[str, Callable[[Any], Any]] = {
        "generate": generate,
        "segment": segment,
        "classify": classify,
    }
    for name in sys.argv[1:] or pictures:
        viewer = napari.Viewer()
        viewer.window.resize(*SIZE)
        viewer.canvas.overlays.scale_bar.visible = True
        pictures[name](viewer)
        settle()
        viewer.screenshot(str(IMAGES / f"{name}.png"), canvas_only=False, flash=False)
        viewer.close()


def generate(viewer: Any) -> None:
    """Show cuboids with two deformed corners."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Generate STEM stack")
    for name, value in {"a": 9, "b": 11, "c": 14}.items():
        panel.shape_form.editors[name].value = value
    panel.corners.value, panel.particles.value, panel.frames.value = 2, 6, 16
    panel.size.value, panel.sampling.value = 256, 0.25
    panel.generate()
    wait(panel)
    viewer.layers[-1].contour = 2
    viewer.layers[-1].opacity = 1


def segment(viewer: Any) -> None:
    """Show every particle with its size under the pointer."""
    open_image(viewer)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Segment particles")
    panel.run_all()
    wait(panel)
    point_at(viewer, viewer.layers[-1])


def classify(viewer: Any) -> None:
    """Show the classes in colours."""
    open_image(viewer)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify particles")
    panel.run_all()
    wait(panel)
    point_at(viewer, viewer.layers[-1])


def open_image(viewer: Any) -> None:
    """Open the spheres, or the sample where they are missing, and leave the truth out."""
    if SPHERES.exists():
        viewer.open(SPHERES, plugin=PLUGIN)
    else:
        viewer.open_sample(PLUGIN, "cuboids")
        for layer in viewer.layers[1:]:
            layer.visible = False
    viewer.layers.selection.active = viewer.layers[0]


def point_at(viewer: Any, labels: Any) -> None:
    """Show the row of the particle nearest to the middle in the status bar."""
    rows = labels.features.iloc[1:]
    rows = rows[rows["frame"] == 0]
    middle = [size / 2 for size in labels.data.shape[-2:]]
    distance = (rows["y"] - middle[0]) ** 2 + (rows["x"] - middle[1]) ** 2
    row = rows.loc[distance.astype(float).idxmin()]
    place = (*[0] * (labels.ndim - 2), round(row["y"]), round(row["x"]))
    viewer.cursor.position = labels.data_to_world(place)


def wait(panel: Any) -> None:
    """Wait until the job of a panel has ended."""
    while panel.job.is_running:
        QApplication.processEvents()
        time.sleep(0.01)


def settle() -> None:
    """Let the window draw itself."""
    for _ in range(40):
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
