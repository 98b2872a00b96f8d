from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.widgets.fit import FitWidget, summary_text

Finish = Callable[[Any], None]


@pytest.fixture
def panel(
    make_napari_viewer: Any, blobs: np.ndarray, functions: str, monkeypatch: pytest.MonkeyPatch
) -> FitWidget:
    monkeypatch.setattr(FitWidget, "function", f"{functions}:fit")
    viewer = make_napari_viewer()
    viewer.add_image(blobs, name="movie", scale=(1, 2, 2), units=("pixel", "nm", "nm"))
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Fit particles")
    return panel


def test_bodies_residuals_and_rows_are_shown(panel: FitWidget, finish: Finish) -> None:
    panel.preview()
    finish(panel)
    layers = {layer.name.removeprefix("preview of "): layer for layer in panel.viewer.layers}
    shown = {"movie", "movie frame", "movie fits", "movie residual [σ]", "movie bodies"}
    assert set(layers) == shown
    assert layers["movie fits"].features["shape"].tolist()[1:] == ["sphere"] * 2
    # 1 nm of a body is half of the image's pixels of 2 nm: one world for both.
    np.testing.assert_allclose(layers["movie bodies"].scale, (1, 1, 1))
    assert layers["movie residual [σ]"].translate[-1] > 2 * layers["movie"].data.shape[-1]


def test_bodies_are_turned_and_saved(panel: FitWidget, finish: Finish, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    with pytest.raises(InputError, match="Fit particles first"):
        panel.save_bodies()
    panel.preview()
    finish(panel)
    movie, frame = panel.viewer.layers["movie"], panel.viewer.layers["preview of movie frame"]
    panel.turn()
    assert panel.viewer.dims.ndisplay == 3
    assert (movie.visible, frame.visible) == (False, True)  # frames would lie on each other
    panel.turn()
    assert panel.viewer.dims.ndisplay == 2
    assert (movie.visible, frame.visible) == (True, False)
    panel.write_bodies(tmp_path / "bodies.stl")
    assert trimesh.load_mesh(tmp_path / "bodies.stl").volume > 0


def test_the_selected_particle_alone_can_be_fitted(panel: FitWidget, blobs: np.ndarray) -> None:
    assert not panel.selected.enabled
    labels = panel.viewer.add_labels((blobs > 0).astype(np.int32), scale=(1, 2, 2))
    panel.labels.value = labels
    assert panel.selected.enabled
    labels.selected_label = 7
    panel.selected.value, panel.shape.value = True, "cone"
    from napari_stem3d.signals import from_layer

    options = panel.options(from_layer(panel.image.value))
    assert (options["selected"], options["shapes"]) == (7, ["cone"])


def test_a_single_fit_is_told_in_words() -> None:
    row = {
        "shape": "square_pyramid", "shape_probability": 0.9, "dimensions_px": "base=4 height=5",
        "dimensions_px_sigma": "base=0.1 height=0.2", "volume_px3": 20.0, "volume_px3_sigma": 1.0,
        "corners": 0, "corners_probability": 1.0, "p_value": 0.001, "believable": False,
        "alternatives": "itself | the same image exactly: the mirror image",
    }  # fmt: skip
    text = summary_text(pd.DataFrame([row]))
    for words in (
        "square pyramid",
        "base = 4 ± 0.1 px",
        "20 ± 1 px³",
        "not to be believed",
        "mirror image",
    ):
        assert words in text
    assert summary_text(pd.DataFrame([row, row])).startswith("<p>2 particles fitted, 0 believable")
