"""Studies run: they stop where nothing gets better, and go on where they were interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.studies import Study, StudyData, run_study
from napari_stem3d.tasks.studies.plan import LOSSES, OPTIMIZERS
from napari_stem3d.tasks.studies.plots import draw_study
from napari_stem3d.tasks.studies.training import load_builder, train_once

pytestmark = pytest.mark.tensorflow
QUICK = {"network": "napari_stem3d.networks.scratch:build_small_cnn", "rounds": 2, "batch": 8}


@pytest.fixture(scope="module")
def data() -> StudyData:
    """Squares and bars: easy enough for one round to tell."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = rng.normal(0, 0.05, (40, 8, 8, 1)).astype(np.float32)
    images[labels == 0, 2:6, 2:6] += 1
    images[labels == 1, :, 3:5] += 1
    return StudyData(
        "squares", ("square", "bar"), images[:24], labels[:24], images[24:], labels[24:]
    )


def test_a_study_is_interrupted_and_goes_on(data: StudyData, tmp_path: Path) -> None:
    """ML-18: what is finished stays, is not done again, and counts with what follows."""
    study = Study("size", (6, 12, 24), runs=2, **QUICK)
    told = []

    def interrupt(done: float, total: int) -> None:
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, data, tmp_path, interrupt)
    before = pd.read_csv(tmp_path / "runs.csv")
    assert before["value"].tolist() == [6, 12]
    assert {total for _, total in told} == {6}
    results = run_study(study, data, tmp_path)
    after = pd.read_csv(tmp_path / "runs.csv")
    pd.testing.assert_frame_equal(after.iloc[:2], before)
    assert after[["value", "run"]].to_numpy().tolist() == [
        [value, run] for run in (0, 1) for value in (6, 12, 24)
    ]
    assert len(pd.read_csv(tmp_path / "rounds.csv")) == after["rounds"].sum()
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert summary["size"].tolist() == [6, 12, 24]
    assert (summary["low"] <= summary["accuracy"]).all()
    assert (summary["accuracy"] <= summary["high"]).all()
    assert (summary["baseline"] == 50).all()
    assert json.loads((tmp_path / "study.json").read_text())["training"] == 24
    assert results.curve is not None
    draw_study(results, tmp_path / "study.png")
    assert (tmp_path / "study.png").stat().st_size > 10_000
    with pytest.raises(InputError, match=r"holds a study with batch 8.*Received: 4"):
        run_study(Study("size", (6,), **{**QUICK, "batch": 4}), data, tmp_path)


def test_a_run_ends_after_so_many_rounds_without_a_gain(data: StudyData) -> None:
    """ST-12: three in a row, or as many as are asked for."""
    study = Study("optimizer", ("sgd",), (1e-12,), runs=1, patience=2, network=QUICK["network"])
    (job,) = study.jobs(24)
    shares: list[float] = []
    rounds = train_once(job, study, data, shares.append)
    assert rounds["round"].tolist() == [1, 2, 3]
    assert rounds["right"].nunique() == 1
    assert shares == [0.0, 0.02, 0.04]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "values"), [("loss", LOSSES), ("optimizer", OPTIMIZERS)])
def test_every_loss_and_optimizer_learns(
    kind: str, values: object, data: StudyData, tmp_path: Path
) -> None:
    """ST-13, ST-14: at a rate that suits it, each tells squares from bars."""
    quick = {**QUICK, "rounds": 12, "patience": 12}
    rates = (0.003,) if kind == "loss" else (0.003, 1.0)
    results = run_study(Study(kind, runs=1, rates=rates, **quick), data, tmp_path)
    best = results.runs.groupby("value")["right"].max()
    assert set(best.index) == set(values)  # type: ignore[call-overload]
    assert (best >= 14).all()
    draw_study(results, tmp_path / "study.png")


def test_networks_that_cannot_be_studied_are_refused(data: StudyData, tmp_path: Path) -> None:
    for network, words in (
        ("huge-cnn", "must be one of small-cnn"),
        ("no.such:thing", "cannot be imported"),
        ("math:pi", "must be a function"),
    ):
        with pytest.raises(InputError, match=f"{words}.*Received: "):
            load_builder(network)
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="empty or hold a study"):
        run_study(Study("batch", (8,), **QUICK), data, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
