"""The Plan panel: a question in; tables, a curve and a sentence out; cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_stem3d.widgets.plan import PlanWidget

Finish = Callable[[Any], None]


@pytest.fixture
def panel(make_napari_viewer: Any) -> Iterator[PlanWidget]:
    _, panel = make_napari_viewer().window.add_plugin_dock_widget(
        "napari-stem3d", "Plan an experiment"
    )
    panel.shape.value = "tetrahedron"
    panel.shape_form.fill({"edge": 12.0})
    panel.question.fill({"corners": 0, "against": 1, "depth": 0.3, "material": "Pd"})
    panel.limits.fill({"pixel": 0.8, "most_views": 2})
    panel.particles.value = 10
    yield panel
    panel.engine.close()


def test_a_plan_is_shown_saved_and_used(
    panel: PlanWidget, finish: Finish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not panel.uses["Save table…"].isEnabled()
    panel.plan()
    finish(panel)
    found = panel.found
    assert found is not None
    assert found.question.shape.edge == 12.0
    assert panel.views.rowCount() == 2
    bold = [k for k in range(2) if panel.views.item(k, 0).font().bold()]
    assert [found.options[k].recommended for k in bold] == [True]
    assert panel.beams.rowCount() == len(found.recommended.beams)
    assert panel.curve.isVisibleTo(panel)
    labels = [line.get_label() for line in panel.curve.axes.lines]
    assert {"1 view", "2 views"} <= set(labels)
    assert panel.advice.text().startswith(found.advice)

    path = tmp_path / "plan.csv"
    dialog = "napari_stem3d.widgets._files.QFileDialog.getSaveFileName"
    monkeypatch.setattr(dialog, lambda *_: (str(path), ""))
    panel.save_table()
    assert len(pd.read_csv(path)) == len(found.table())

    panel.use_in_generate()
    docks = panel.viewer.window.dock_widgets
    (generate,) = [dock for name, dock in docks.items() if name.startswith("Generate STEM stack")]
    assert generate.form.make() == found.experiment


def test_nonsense_is_one_sentence(panel: PlanWidget, notes: list[str]) -> None:
    panel.question.fill({"corners": 4, "against": 5})
    panel._act(panel.plan)
    assert not panel.job.is_running
    assert len(notes) == 1
    assert "has 4 corners" in notes[0]


def test_cancel_ends_it_at_once(panel: PlanWidget, finish: Finish) -> None:
    panel.particles.value = 5000
    panel.plan()
    panel.job.cancel()
    finish(panel)
    assert panel.found is None
    assert panel.job.status.text().startswith("Cancelled")
