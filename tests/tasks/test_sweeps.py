"""Growing values of one condition, and pictures of what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.evaluation import row_of
from napari_stem3d.tasks.evaluation_plots import draw_calibration, draw_confusion, draw_sweep
from napari_stem3d.tasks.sweeps import SWEEPS, swept
from napari_stem3d.tasks.verdicts import Verdicts


def answered(scenes: Corners128, classes: int, share: float) -> Verdicts:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, 60)
    told = np.where(rng.random(60) < share, truth, (truth + 1) % classes)
    sure = rng.uniform(0.5, 1, 60)[:, None]
    probabilities = np.eye(classes)[told] * sure + (1 - sure) / classes
    return Verdicts(scenes.task, truth, probabilities.astype(np.float32), np.ones(60))


@pytest.mark.parametrize("what", SWEEPS)
def test_one_condition_grows_and_the_others_stay(what: str) -> None:
    field, values, _ = SWEEPS[what]
    cases = swept(Corners128("corners", "low", "small"), what)
    assert [getattr(case, field) for case in cases] == sorted(values)
    assert {case.task for case in cases} == {"corners"}
    assert what == "dose" or {case.dose for case in cases} == {"low"}


@pytest.mark.parametrize(
    ("task", "what", "sentence"),
    [
        ("corners", "tilt", "sweep must be one of dose, cut, blur. Received: 'tilt'"),
        ("shape", "cut", "The sweep 'cut' must be of a task with deformed corners."),
    ],
)
def test_what_cannot_grow_is_refused(task: str, what: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        swept(Corners128(task), what)
    assert str(error.value).startswith(sentence)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    verdicts = {
        task: answered(Corners128(task), classes, 0.8)
        for task, classes in (("corners", 9), ("shape-all", 15))
    }
    draw_confusion(verdicts, tmp_path / "confusion.png")
    draw_calibration(verdicts, tmp_path / "calibration.png")
    for what in SWEEPS:
        cases = swept(Corners128("corners"), what)
        rows = [
            row_of(answered(case, 9, k / len(cases)), case, "n", "none", 1)
            for k, case in enumerate(cases)
        ]
        draw_sweep(pd.concat(rows), what, tmp_path / f"{what}.svg")
    assert all(path.stat().st_size > 5000 for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 2 + len(SWEEPS)
