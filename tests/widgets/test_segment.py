from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest

from napari_stem3d.engine import shared_engine
from napari_stem3d.widgets.segment import SegmentWidget

Finish = Callable[[Any], None]
SCALE = (1.0, 2.0, 0.5)


@pytest.fixture
def viewer(make_napari_viewer: Any, blobs: np.ndarray) -> Any:
    viewer = make_napari_viewer()
    viewer.add_points([[0, 1]])
    viewer.add_image(
        blobs,
        name="movie",
        scale=SCALE,
        translate=(0, 4, 5),
        units=("pixel", "nm", "nm"),
        axis_labels=("frame", "y", "x"),
    )
    return viewer


@pytest.fixture
def panel(viewer: Any, functions: str, monkeypatch: pytest.MonkeyPatch) -> SegmentWidget:
    monkeypatch.setattr(SegmentWidget, "function", f"{functions}:segment")
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Segment particles")
    return panel


def test_the_menus_offer_images_and_networks(panel: SegmentWidget) -> None:
    assert [layer.name for layer in panel.image.choices] == ["movie"]
    assert "particle-unet" in panel.network.choices
    panel.viewer.add_image(np.zeros((8, 8)), name="later")
    assert [layer.name for layer in panel.image.choices] == ["movie", "later"]


def test_all_frames(panel: SegmentWidget, finish: Finish, blobs: np.ndarray) -> None:
    panel.run_all()
    finish(panel)
    layer = panel.viewer.layers["movie particles"]
    np.testing.assert_array_equal(layer.data > 0, blobs > 0)
    assert np.unique(layer.data).tolist() == list(range(7))
    assert layer.features["frame"].tolist()[1:] == [0, 1, 1, 2, 2, 2]
    assert layer.features["area_nm2"].tolist()[1:] == [16.0] * 6
    assert panel.summary.text() == "6 particles, median diameter 4.51 nm"
    assert layer.features["y"].tolist()[1:] == [3.5] * 6
    assert layer.scale.tolist() == list(SCALE)
    assert layer.translate.tolist() == [0, 4, 5]
    assert [str(unit) for unit in layer.units] == ["pixel", "nanometer", "nanometer"]
    assert layer.axis_labels == ("frame", "y", "x")
    assert "diameter_nm: 4.5" in layer.get_status((2, 4 + 2 * 3, 5 + 0.5 * 3), world=True)["value"]


def test_preview_is_the_frame_that_is_shown(panel: SegmentWidget, finish: Finish) -> None:
    panel.with_thickness.value = True
    panel.viewer.dims.set_current_step(0, 1)
    panel.preview()
    finish(panel)
    layer = panel.viewer.layers["preview of movie particles"]
    assert (layer.data.shape, layer.data.max()) == ((1, 24, 32), 2)
    assert layer.translate.tolist() == [1, 4, 5]
    assert layer.features["frame"].tolist()[1:] == [1, 1]
    thickness = panel.viewer.layers["preview of movie thickness [px]"]
    assert thickness.data.max() == 2
    assert thickness not in panel.image.choices


def test_a_second_run_leaves_the_first_as_it_was_edited(
    panel: SegmentWidget, finish: Finish
) -> None:
    panel.run_all()
    finish(panel)
    panel.viewer.layers["movie particles"].data[0, 0, 0] = 99
    panel.run_all()
    finish(panel)
    assert panel.viewer.layers["movie particles"].data[0, 0, 0] == 99
    assert panel.viewer.layers["movie particles [1]"].data[0, 0, 0] == 0


@pytest.mark.parametrize("index", [0, 2])
def test_lazy_and_flat_images(
    panel: SegmentWidget, finish: Finish, blobs: np.ndarray, index: int
) -> None:
    layer = panel.viewer.add_image(da.from_array(blobs, chunks=(1, -1, -1))[index], name="flat")
    panel.image.value = layer
    panel.run_all()
    finish(panel)
    assert panel.viewer.layers["flat particles"].data.max() == index + 1
    assert "area_px2" in panel.viewer.layers["flat particles"].features


def test_cancel_keeps_the_finished_frames(
    panel: SegmentWidget, qtbot: Any, functions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SegmentWidget, "function", f"{functions}:slow")
    panel.run_all()
    layers = panel.viewer.layers
    qtbot.waitUntil(lambda: "movie particles" in layers, timeout=60_000)
    start = time.monotonic()
    panel.job.cancel_button.click()
    qtbot.waitUntil(lambda: not panel.job.is_running, timeout=5000)
    assert time.monotonic() - start < 1
    assert [int(frame.max()) for frame in layers["movie particles"].data] == [1, 0, 0]
    assert panel.job.status.text() == "Cancelled. 1 of 3 frames are finished and kept."


def test_no_image_is_one_sentence(panel: SegmentWidget, notes: list[str]) -> None:
    panel.viewer.layers.remove("movie")
    panel._act(panel.run_all)
    assert notes == ["Choose the image first. Received: nothing to choose from"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (np.zeros((8, 8, 3), np.uint8), "The layer 'bad' must be an image of grey values"),
        (
            np.zeros((3, 3), np.float32),
            "An image must be a real grey image (y, x) of at least 8 x 8 pixels. "
            "Received: an array of shape (3, 3)",
        ),
    ],
)
def test_unsuitable_images_are_one_sentence(
    panel: SegmentWidget, notes: list[str], finish: Finish, data: np.ndarray, sentence: str
) -> None:
    panel.image.value = panel.viewer.add_image(data, name="bad", rgb=data.ndim == 3)
    panel._act(panel.run_all)
    finish(panel)
    assert [note.startswith(sentence) for note in notes] == [True]
    assert len(panel.viewer.layers) == 3


def test_the_shipped_network_finds_spheres_and_tensorflow_stays_outside(
    make_napari_viewer: Any, shared_data: Path, finish: Finish
) -> None:
    viewer = make_napari_viewer()
    viewer.open(shared_data / "haadf" / "sio2_spheres_haadf.hspy", plugin="napari-stem3d")
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Segment particles")
    panel.run_all()
    finish(panel)
    shared_engine().close()
    particles = viewer.layers[-1]
    assert particles.data.max() > 120
    # Particles at the edge and pieces of piles are smaller, hence the median.
    assert 40 < particles.features["diameter_nm"].median() < 80
    assert "tensorflow" not in sys.modules
    viewer.screenshot(flash=False)


def test_bright_field_is_noticed_and_can_be_turned_over(
    panel: SegmentWidget, finish: Finish, blobs: np.ndarray
) -> None:
    panel.run_all()
    finish(panel)
    assert panel.warning.text() == ""
    negative = panel.viewer.add_image(blobs.max() - blobs, name="negative")
    panel.image.value = negative
    panel.run_all()
    finish(panel)
    assert "looks like bright field" in panel.warning.text()
    panel.bright_field.value = True
    panel.run_all()
    finish(panel)
    assert panel.warning.text() == ""
    panel.image.value = panel.viewer.layers["movie"]
    panel.run_all()
    finish(panel)
    assert "untick" in panel.warning.text()
