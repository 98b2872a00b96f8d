from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.plugins import registry
from napari_stem3d.widgets.classify import ClassifyWidget, class_colours, summary_text

Finish = Callable[[Any], None]


@pytest.fixture
def panel(
    make_napari_viewer: Any, blobs: np.ndarray, functions: str, monkeypatch: pytest.MonkeyPatch
) -> ClassifyWidget:
    monkeypatch.setattr(ClassifyWidget, "function", f"{functions}:classify")
    monkeypatch.setattr(ClassifyWidget, "object_function", f"{functions}:classify_object")
    viewer = make_napari_viewer()
    viewer.add_image(blobs, name="movie", scale=(1, 2, 2), units=("pixel", "nm", "nm"))
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Classify particles")
    return panel


def test_particles_are_searched_where_none_are_given(panel: ClassifyWidget, finish: Finish) -> None:
    assert panel.segmentation.enabled
    panel.run_all()
    finish(panel)
    layer = panel.viewer.layers["movie classes"]
    assert layer.features["shape"].tolist()[1:] == [
        "sphere", "sphere", "cuboid", "sphere", "cuboid", "sphere",
    ]  # fmt: skip
    assert layer.features["index"].tolist() == list(range(7))
    assert layer.scale.tolist() == [1, 2, 2]


def test_colours_tell_the_classes(panel: ClassifyWidget, finish: Finish) -> None:
    panel.run_all()
    finish(panel)
    colours = panel.viewer.layers["movie classes"].colormap
    mapped = [tuple(colours.map(np.array([label]))[0]) for label in range(7)]
    assert mapped[0][3] == 0
    assert mapped[1] == mapped[2] == mapped[4] == mapped[6]
    assert mapped[3] == mapped[5] != mapped[1]


def test_the_pointer_shows_class_and_probability(panel: ClassifyWidget, finish: Finish) -> None:
    panel.run_all()
    finish(panel)
    status = panel.viewer.layers["movie classes"].get_status((1, 6, 6), world=True)["value"]
    assert "shape: sphere" in status
    assert "shape_probability: 0.75" in status


def test_the_summary_counts_the_classes(panel: ClassifyWidget, finish: Finish) -> None:
    panel.run_all()
    finish(panel)
    text = panel.summary.text()
    assert text.index("sphere") < text.index("cuboid")
    assert re.findall(r">([^<>]+)</td>", text) == [
        " sphere", "4", "0", "0.75",
        " cuboid", "2", "2", "0.75",
    ]  # fmt: skip


def test_all_frames_of_one_object_are_judged_together(
    panel: ClassifyWidget, finish: Finish
) -> None:
    assert not panel.ground_truth.enabled
    panel.same_object.value = True
    assert panel.ground_truth.enabled
    panel.run_all()
    finish(panel)
    text = re.sub("<[^>]+>", "", panel.summary.text())
    # Frames with the values 1, 2 and 3, the last of which was judged together with the others.
    assert text.startswith("3 images together: square pyramid (p = 0.50), 6 deformed corners")
    assert "one object: p = 0.12" in text
    assert "about 2 more images for 95%" in text
    panel.same_object.value = False
    panel.run_all()
    finish(panel)
    assert "together" not in panel.summary.text()


def test_given_particles_are_used(panel: ClassifyWidget, finish: Finish) -> None:
    labels = np.zeros((3, 24, 32), np.int32)
    labels[1, 10:20, 10:20] = 1
    panel.labels.value = panel.viewer.add_labels(labels, name="mine")
    assert not panel.segmentation.enabled
    panel.run_all()
    finish(panel)
    np.testing.assert_array_equal(panel.viewer.layers["movie classes"].data, labels)


def test_no_particles_at_all(panel: ClassifyWidget, finish: Finish) -> None:
    panel.labels.value = panel.viewer.add_labels(np.zeros((3, 24, 32), np.int32))
    panel.run_all()
    finish(panel)
    assert panel.summary.text() == "No particles yet."
    assert panel.job.status.text().startswith("Finished 3 of 3")


def test_particles_of_another_shape_are_one_sentence(
    panel: ClassifyWidget, notes: list[str]
) -> None:
    panel.labels.value = panel.viewer.add_labels(np.zeros((24, 32), np.int32))
    panel._act(panel.run_all)
    assert notes == [
        "The particles must have the shape of the image, (3, 24, 32). Received: (24, 32)"
    ]


def test_every_shape_has_its_colour_in_every_image() -> None:
    some, others = class_colours(pd.Series(["cone"])), class_colours(pd.Series(["sphere"]))
    assert some["cone"] == others["cone"]
    shapes = list(registry().shapes)
    assert len({some[name] for name in shapes}) == len(shapes) < 16  # the built-in ones
    assert class_colours(pd.Series(["unheard of"]))["unheard of"].startswith("#")


def test_names_are_written_with_spaces() -> None:
    table = pd.DataFrame(
        {"shape": ["square_pyramid"], "deformed": [True], "shape_probability": [0.5]}
    )
    assert "square pyramid" in summary_text(table, {"square_pyramid": "#000000"})
