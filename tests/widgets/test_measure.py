from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.widgets.measure import FAINT, MeasureWidget, summary_text

Finish = Callable[[Any], None]


@pytest.fixture
def panel(
    make_napari_viewer: Any, blobs: np.ndarray, functions: str, monkeypatch: pytest.MonkeyPatch
) -> MeasureWidget:
    monkeypatch.setattr(MeasureWidget, "function", f"{functions}:measure")
    viewer = make_napari_viewer()
    viewer.add_image(blobs, name="movie")
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Measure particles")
    return panel


def colours(panel: MeasureWidget) -> list[tuple[float, ...]]:
    labels = range(1, len(panel.table) + 1)
    colormap = panel.particles.layer.colormap
    return [tuple(colormap.map(np.array([label]))[0]) for label in labels]


def click(panel: MeasureWidget, bar: Any, beside: bool = False) -> None:
    """Press the button in the middle of a bar, or outside all axes."""
    patch = bar.patch
    panel.histograms._click(
        SimpleNamespace(
            inaxes=None if beside else patch.axes,
            xdata=patch.get_x() + patch.get_width() / 2,
            ydata=patch.get_y() + patch.get_height() / 2,
        )
    )


def test_the_table_lies_on_the_labels_and_the_heights_beside(
    panel: MeasureWidget, finish: Finish
) -> None:
    panel.run_all()
    finish(panel)
    layer = panel.viewer.layers["movie measured"]
    assert layer.features["index"].tolist() == list(range(7))
    assert layer.features["volume_px3"].tolist()[1:] == [10, 10, 20, 10, 20, 30]
    heights = panel.viewer.layers["movie height [px]"]
    assert heights.data.max() == 3
    assert heights not in panel.image.choices
    assert "6 particles" in panel.summary.text()
    assert "material Au" in panel.notes.text()


def test_a_bar_selects_its_particles_and_a_click_beside_all(
    panel: MeasureWidget, finish: Finish
) -> None:
    panel.run_all()
    finish(panel)
    before = colours(panel)
    bar = next(b for b in panel.histograms.bars if b.meaning == "shape sphere")
    click(panel, bar)
    faint = [k for k, colour in enumerate(colours(panel)) if colour[3] < 0.5]
    assert [k for k in range(6) if k not in faint] == bar.rows.tolist()
    assert int(FAINT[-2:], 16) < 128
    assert panel.particles.layer.selected_label == bar.rows[0] + 1
    assert "shape sphere" in panel.summary.text()
    click(panel, bar, beside=True)
    assert colours(panel) == before


def test_empty_bars_select_nothing(panel: MeasureWidget, finish: Finish) -> None:
    panel.run_all()
    finish(panel)
    for bar in panel.histograms.bars:
        click(panel, bar)
    assert panel.job.status.text().startswith("Finished 3 of 3")


def test_corners_are_points_and_edges_are_lines(panel: MeasureWidget, finish: Finish) -> None:
    panel.with_corners.value = True
    panel.run_all()
    finish(panel)
    points = panel.viewer.layers["movie corners"]
    assert points.data.shape == (12, 3)
    assert points.features["probability"].tolist() == [0.5, 0.9] * 6
    row = panel.table.iloc[0]
    np.testing.assert_allclose(points.data[0], [0, row["y"], row["x"]], atol=1e-3)
    edges = panel.viewer.layers["movie edges"].data
    assert edges.shape == (6, 2, 3)
    np.testing.assert_allclose(edges[:, 1], [[0, 0, 4]] * 6, atol=1e-3)
    panel.preview()
    finish(panel)
    shown = panel.viewer.layers["preview of movie corners"].data
    assert set(shown[:, 0]) == {0}


def test_the_table_is_saved_as_the_command_writes_it(
    panel: MeasureWidget, finish: Finish, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    assert not panel.save.isEnabled()
    panel.run_all()
    finish(panel)
    path = tmp_path / "mine.csv"
    monkeypatch.setattr("napari_stem3d.widgets.measure.ask_save", lambda *_: path)
    panel._act(panel.save_table)
    table = pd.read_csv(path)
    assert list(table.columns[:2]) == ["frame", "particle"]
    assert table["particle"].tolist() == list(range(1, 7))


def test_a_table_goes_into_no_other_format(
    panel: MeasureWidget,
    finish: Finish,
    monkeypatch: pytest.MonkeyPatch,
    notes: list[str],
    tmp_path: Any,
) -> None:
    panel.run_all()
    finish(panel)
    monkeypatch.setattr("napari_stem3d.widgets.measure.ask_save", lambda *_: tmp_path / "a.xlsx")
    panel._act(panel.save_table)
    assert notes == ["a.xlsx must end in .csv. Received: '.xlsx'."]


def test_given_labels_without_particles(panel: MeasureWidget, finish: Finish) -> None:
    panel.labels.value = panel.viewer.add_labels(np.zeros((3, 24, 32), np.int32))
    panel.run_all()
    finish(panel)
    assert panel.summary.text() == "No particles yet."
    assert panel.histograms.isHidden()


def test_the_summary_tells_medians_with_their_units() -> None:
    table = pd.DataFrame({"volume_nm3": [1.0, 3.0], "volume_nm3_sigma": [9, 9], "area_nm2": [2, 2]})
    assert summary_text(table) == "2 particles<br>median volume 2 nm³<br>median area 2 nm²"
