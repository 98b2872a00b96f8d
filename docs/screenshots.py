"""Regenerate the screenshots of the panels.

Run ``xvfb-run -a -s "-screen 0 1400x900x24" python docs/screenshots.py``, with the names of single
pictures to take those alone.

Segment, Classify and Match show the real image of SiO2 spheres where ``../shared/data`` is
present, and the sample of simulated cuboids elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari  # noqa: TID253
import numpy as np
from qtpy.QtWidgets import QApplication, QScrollArea  # noqa: TID253

import napari_stem3d as stem3d
from napari_stem3d.tasks.corners128 import Corners128

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SPHERES = ROOT.parent / "shared" / "data" / "haadf" / "sio2_spheres_haadf.hspy"
PLUGIN, SIZE = "napari-stem3d", (1280, 800)


def main() -> None:
    """Take the pictures named on the command line, or all of them."""
    IMAGES.mkdir(exist_ok=True)
    pictures: dict[str, Callable[[Any], Any]] = {
        "generate": generate,
        "match": match,
        "lattice": lattice,
        "plan": plan,
        "segment": segment,
        "classify": classify,
        "fit": fit,
        "fit-spheres": fit_spheres,
        "measure": measure,
        "measure-cuboids": measure_cuboids,
        "measure-fit": measure_fit,
        "train": train,
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
    """Show overlapping, deformed particles, and several groups unfolded."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Generate STEM stack")
    form = panel.form
    panel.preview.live.value = False
    form.shape_form.fill({"a": 9, "b": 11, "c": 14})
    form.corners.fill({"deformed_corners": 2})
    form.deformations.add("bevelled_edges").form.fill({"count": 3, "width": 0.8})
    form.scene.fill({"particles": 4, "placement": "overlapping"})
    form.images.fill({"size": (192, 192), "sampling": (0.25, 0.25), "seed": 5})
    for title in ("Deformations", "Scene"):
        form.groups[title].expand(animate=False)
    panel.preview.ask()
    wait(panel)
    panel.generate()
    wait(panel)
    panel.preview.live.value = True
    viewer.layers[-1].contour = 2
    viewer.layers[-1].opacity = 1


def match(viewer: Any) -> None:
    """Show the real image beside a simulated one."""
    open_image(viewer)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Match my image")
    panel.known["contrast"].fill({"material": "SiO2@2.2"})
    panel.match()
    wait(panel)


def lattice(viewer: Any) -> None:
    """Show WS2 with missing and foreign atoms."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Generate lattice")
    panel.preview.live.value = False
    panel.lattice.fill({"structure": "WS2", "rotation": 12.0})
    panel.defects.fill({
        "vacancies": 0.6, "vacancy": "S", "whole_columns": True,
        "substitutions": 0.4, "replaced": "W", "substitute": "Mo",
    })  # fmt: skip
    panel.preview.ask()
    wait(panel)
    panel.generate()
    wait(panel)
    panel.preview.live.value = True


def plan(viewer: Any) -> None:
    """Show the dose that tells two from three cut corners, beside an image of that dose."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Plan an experiment")
    panel.question.fill({"material": "Pd"})
    panel.plan()
    wait(panel)
    (sample, *_) = panel.found.experiment.dataset()
    scale = sample.grid.sampling
    viewer.add_image(sample.image, name="as planned", scale=scale, units=("nm", "nm"))


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


def fit(viewer: Any) -> None:
    """Show the body of a simulated cuboid standing on its image, and all that is told of it."""
    grid = stem3d.Grid(gpts=(192, 192), sampling=(0.2, 0.2))
    cuboid = stem3d.registry().shapes["cuboid"](a=8.0, b=9.0, c=11.0)
    sample = stem3d.simulate(
        cuboid, frames=1, particles=3, placement="apart", deformed_corners=2, grid=grid, seed=8
    )[0]
    place = {"scale": (0.2, 0.2), "units": ("nm", "nm")}
    image = viewer.add_image(sample.image, name="cuboids", **place)
    labels = viewer.add_labels(sample.labels, name="particles", visible=False, **place)
    viewer.layers.selection.active = image
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Fit particles")
    panel.labels.value, panel.selected.value = labels, True
    labels.selected_label = 2
    panel.run_all()
    wait(panel)
    panel.turn()
    viewer.scene.camera.angles = (0, -25, 35)
    viewer.scene.camera.center = (0, 19, 32)
    viewer.scene.camera.zoom *= 1.3


def fit_spheres(viewer: Any) -> None:
    """Show spheres fitted to the real image, standing on it."""
    open_image(viewer)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Fit particles")
    panel.shape.value = "sphere"
    panel.run_all()
    wait(panel)
    panel.turn()
    viewer.scene.camera.angles = (0, -25, 25)
    viewer.scene.camera.zoom *= 1.3


def measure(viewer: Any) -> None:
    """Show the spheres of a class among all others."""
    open_image(viewer)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Measure particles")
    panel.run_all()
    wait(panel)
    settle()
    bars = [bar for bar in panel.histograms.bars if bar.meaning.startswith("diameter")]
    panel.histograms.choose(max(bars, key=lambda bar: len(bar.rows)))
    scroll_down(panel)


def measure_cuboids(viewer: Any) -> None:
    """Show the corners and edges of simulated cuboids."""
    viewer.open_sample(PLUGIN, "cuboids")
    for layer in viewer.layers[1:]:
        layer.visible = False
    viewer.layers.selection.active = viewer.layers[0]
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Measure particles")
    panel.with_corners.value = True
    panel.run_all()
    wait(panel)
    settle()
    scroll_down(panel)


def measure_fit(viewer: Any) -> None:
    """Show the corners and edges of a fitted body with cut corners."""
    scene = Corners128("pair-box")(np.random.default_rng(2))
    image = scene.image(np.random.default_rng(1)).image
    scale = scene.grid.sampling
    viewer.add_image(image, name="cut cuboid", scale=scale, units=("nm", "nm"))
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Measure particles")
    panel.with_corners.value = panel.fit.value = True
    panel.run_all()
    wait(panel)
    viewer.reset_view()


def scroll_down(panel: Any) -> None:
    """Show the end of a panel that is higher than the window."""
    settle()
    bar = panel.findChild(QScrollArea).verticalScrollBar()
    bar.setValue(bar.maximum())


def train(viewer: Any) -> None:
    """Show the course of a training that is far too short."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Train a network")
    panel.network.value = "particle-classes"
    panel.form.fill({"steps": 60, "batch": 16, "views": 8, "average": 0.8})
    panel.form.fill({"interval": 4, "validation": 32})
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        panel.train(panel.settings, Path("mine.keras"))
        wait(panel)


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
    """Wait until the job of a panel has ended, and its preview."""
    preview = getattr(panel, "preview", None)
    while panel.job.is_running or getattr(preview, "is_busy", False):
        QApplication.processEvents()
        time.sleep(0.01)


def settle() -> None:
    """Let the window draw itself."""
    for _ in range(40):
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
