from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_stem3d.plugins import registry
from napari_stem3d.simulation import Cuboid, Grid, simulate
from napari_stem3d.widgets.generate import GenerateWidget

Finish = Callable[[Any], None]


@pytest.fixture
def panel(make_napari_viewer: Any) -> GenerateWidget:
    viewer = make_napari_viewer()
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Generate STEM stack")
    panel.size.value = 64
    panel.frames.value = 3
    return panel


def test_the_form_makes_what_a_script_makes(panel: GenerateWidget) -> None:
    panel.shape_form.editors["a"].value = 7.0
    panel.corners.value = 2
    panel.sampling.value = 0.3
    panel.seed.value = 5
    expected = simulate(
        Cuboid(a=7.0), deformed_corners=2, frames=3, grid=Grid((64, 64), (0.3, 0.3)), seed=5
    )
    np.testing.assert_array_equal(panel.dataset()[2].image, expected[2].image)


def test_every_registered_shape_has_a_form_and_an_image(panel: GenerateWidget) -> None:
    for name in registry().shapes:
        panel.shape.value = name
        assert panel.dataset()[0].thickness.max() > 0
        assert panel._dimensions.count() == 1


def test_corners_are_for_shapes_that_have_some(panel: GenerateWidget) -> None:
    panel.corners.value = 4
    panel.shape.value = "sphere"
    assert not panel.corners.enabled
    assert panel.dataset()[0].truth()[0]["corners"] == 0
    panel.shape.value = "tetrahedron"
    assert (panel.corners.enabled, panel.corners.max) == (True, 4)


def test_preview_is_one_image_that_the_stack_replaces(
    panel: GenerateWidget, finish: Finish
) -> None:
    panel.preview()
    panel.preview()
    layers = panel.viewer.layers
    assert [layer.data.shape for layer in layers] == [(64, 64)] * 3
    panel.generate()
    finish(panel)
    assert [layer.name for layer in layers] == [
        "simulated cuboid",
        "simulated cuboid thickness [nm]",
        "simulated cuboid truth",
    ]
    image, thickness, truth = layers
    assert image.data.shape == thickness.data.shape == truth.data.shape == (3, 64, 64)
    assert image.axis_labels == truth.axis_labels == ("frame", "y", "x")
    assert image.scale.tolist() == truth.scale.tolist() == [1.0, 0.2, 0.2]
    assert truth.features["index"].tolist() == [0, 1, 2, 3]
    assert truth.features["shape"].tolist()[1:] == ["cuboid"] * 3
    assert truth.features["volume_nm3"].tolist()[1:] == pytest.approx([1000.0] * 3)
    assert {0, 1, 2, 3} == set(np.unique(truth.data))


def test_cancel_keeps_what_is_finished(panel: GenerateWidget, finish: Finish, qtbot: Any) -> None:
    panel.frames.value = 100_000
    panel.generate()
    qtbot.waitUntil(lambda: len(panel._samples) >= 2, timeout=30_000)
    panel.job.cancel()
    finish(panel)
    assert 2 <= len(panel.viewer.layers[0].data) < 100_000


def test_a_value_that_cannot_be_is_one_sentence(panel: GenerateWidget, notes: list[str]) -> None:
    probe = panel.stages["probe"].editors["sigma"]
    probe.value = 100
    panel._act(panel.preview)
    assert len(notes) == 1
    assert notes[0].startswith("Probe.sigma must be smaller than the image")
