"""The Train panel: settings, rounds, cancel, and going on; the rounds are those of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_stem3d import plugins
from napari_stem3d.tasks.training_settings import Training, read_training
from napari_stem3d.widgets.train import TrainWidget

SITE = Path(__file__).parents[1] / "fixtures" / "site-tiny"
Finish = Callable[[Any], None]

ROUNDS = """
import json, time
from pathlib import Path

def train_round(network, tables, folder, out, progress=None):
    folder.mkdir(exist_ok=True)
    state = folder / "rounds.json"
    history = json.loads(state.read_text()) if state.exists() else []
    first = len(history) * tables["interval"]
    for step in range(first, first + tables["interval"]):
        progress(step + 1, tables["steps"])
        time.sleep(60 * (tables["author"] == "slow" and len(history) == 2))
    history.append({"step": step + 1, "loss": 1 / (step + 1), "val_loss": 2 / (step + 1)})
    state.write_text(json.dumps(history))
    finished = step + 1 >= tables["steps"]
    if finished:
        out.write_text(network)
    return history, finished
"""


@pytest.fixture
def panel(make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainWidget]:
    monkeypatch.syspath_prepend(SITE)
    plugins.reset()
    _, panel = make_napari_viewer().window.add_plugin_dock_widget(
        "napari-stem3d", "Train a network"
    )
    panel.network.value = "tiny"
    yield panel
    panel.engine.close()
    plugins.reset()


@pytest.fixture
def rounds(panel: TrainWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainWidget:
    """The panel with rounds that take no time."""
    (tmp_path / "stem3d_test_rounds.py").write_text(ROUNDS)
    monkeypatch.syspath_prepend(tmp_path)
    panel.function = "stem3d_test_rounds:train_round"
    return panel


def answer(monkeypatch: pytest.MonkeyPatch, kind: str, path: Path) -> None:
    dialog = f"napari_stem3d.widgets._files.QFileDialog.get{kind}FileName"
    monkeypatch.setattr(dialog, lambda *_: (str(path), ""))


def test_only_what_has_a_recipe_is_offered_with_its_settings(panel: TrainWidget) -> None:
    known = plugins.registry().networks
    assert list(panel.network.choices) == [name for name, spec in known.items() if spec.recipe]
    assert panel.settings == known["tiny"].load_recipe().training
    panel.network.value = "particle-classes"
    assert panel.settings == known["particle-classes"].load_recipe().training


def test_settings_go_through_a_file(
    panel: TrainWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: list[str]
) -> None:
    path = tmp_path / "mine.toml"
    panel.form.fill({"steps": 123})
    answer(monkeypatch, "Save", path)
    panel.save_settings()
    assert read_training(path, Training(loss_weights={"side": 1.0})) == panel.settings
    path.write_text("steps = 9\n[loss_weights]\nside = 3.0\n")
    answer(monkeypatch, "Open", path)
    panel.load_settings()
    assert (panel.settings.steps, panel.settings.loss_weights) == (9, {"side": 3.0})
    path.write_text("stpes = 9\n")
    panel._act(panel.load_settings)
    assert "the keys must be among" in notes[0]


def test_the_course_is_shown_and_the_file_written(
    rounds: TrainWidget, tmp_path: Path, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds.form.fill({"steps": 40, "interval": 8})
    answer(monkeypatch, "Save", tmp_path / "mine.keras")
    rounds.ask_and_train()
    finish(rounds)
    training, validation = rounds.curve.axes.lines
    assert training.get_xdata().tolist() == validation.get_xdata().tolist() == [8, 16, 24, 32, 40]
    assert validation.get_ydata()[-1] == pytest.approx(2 / 40)
    assert rounds.job.status.text().startswith("Finished 5 of 5 rounds in")
    assert rounds.summary.text() == (
        f"{tmp_path / 'mine.keras'} is written, with its card beside it."
    )


def test_cancel_keeps_what_is_done_and_says_how_to_go_on(
    rounds: TrainWidget, tmp_path: Path, finish: Finish, qtbot: Any
) -> None:
    settings, out = replace(rounds.settings, steps=40, author="slow"), tmp_path / "mine.keras"
    rounds.train(settings, out)
    qtbot.waitUntil(lambda: rounds.job.status.text().startswith("Round 3 of 5"), timeout=30_000)
    rounds.job.cancel()
    finish(rounds)
    assert rounds.job.status.text() == "Cancelled. 2 of 5 rounds are finished and kept."
    assert "again, with the same settings, goes on" in rounds.summary.text()
    assert not out.exists()
    rounds.train(replace(settings, author=""), out)
    qtbot.waitUntil(lambda: not rounds.job.is_running, timeout=30_000)
    assert rounds.job.status.text().startswith("Finished 5 of 5 rounds in")
    assert len(rounds.curve.axes.lines[0].get_xdata()) == 5


@pytest.mark.slow
def test_a_real_training_in_the_child_process(
    panel: TrainWidget, tmp_path: Path, finish: Finish, notes: list[str]
) -> None:
    out = tmp_path / "mine.keras"
    panel.train(replace(panel.settings, patience=1), out)
    finish(panel)
    assert notes == []
    assert out.exists() and out.with_suffix(".json").exists()
    rows = (tmp_path / "mine.training" / "history.csv").read_text().splitlines()
    assert len(panel.curve.axes.lines[0].get_xdata()) == len(rows) - 1
    panel.train(replace(panel.settings, patience=1, steps=41), out)
    finish(panel)
    assert "holds a training with steps = 40" in notes[0]
