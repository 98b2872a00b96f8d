"""The arithmetic of figures."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.networks.evaluation import calibration, proportion
from napari_stem3d.tasks.verdicts import NOTHING, Verdicts


def verdicts() -> Verdicts:
    """Ten objects: six right, one off by one, one off by three, one in a wrong mask, one lost."""
    truth = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 8])
    told = np.array([0, 1, 2, 3, 4, 5, 7, 4, 7, -1])
    probabilities = np.full((10, 9), 0.025, np.float32)
    probabilities[np.arange(9), told[:9]] = 0.8
    probabilities[9] = 0
    overlap = np.array([0.95] * 8 + [0.5, 0])
    return Verdicts("corners", truth, probabilities, overlap)


def test_figures() -> None:
    figures = verdicts().figures()
    expected = {
        "accuracy": 60.0,
        "baseline": 11.11,
        "balanced": 66.67,
        "within_one": 88.89,
        "mae": 5 / 9,
        "not_found": 10.0,
        "wrong_mask": 10.0,
        "wrong_class": 20.0,
        "ece": 100 * (0.8 - 6 / 9),
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, abs=0.01)
    share = proportion(6, 10)
    assert (figures["low"], figures["high"]) == pytest.approx(
        (100 * share.low, 100 * share.high), abs=0.01
    )


def test_names_have_no_distance() -> None:
    own = Verdicts("shape", np.array([0, 1]), np.eye(15, dtype=np.float32)[:2], np.ones(2))
    figures = own.figures()
    assert figures["accuracy"] == 100
    assert np.isnan(figures["mae"]) and np.isnan(figures["within_one"])


def test_the_confusion_counts_every_object_once() -> None:
    table = verdicts().confusion()
    assert table.to_numpy().sum() == 10
    assert table.loc["8", NOTHING] == 1 and table.loc["8", "7"] == 1 and table.loc["7", "4"] == 1
    assert NOTHING not in table.index


def test_joined_parts_are_the_whole() -> None:
    whole = Verdicts.joined([verdicts(), verdicts()])
    assert len(whole.truth) == 20
    assert whole.figures()["accuracy"] == 60


def test_calibration() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.1, 1, 20_000)
    honest, error = calibration(sure, rng.random(20_000) < sure)
    assert error < 0.02
    assert honest["answers"].sum() == 20_000
    assert ((honest["low"] <= honest["accuracy"]) & (honest["accuracy"] <= honest["high"])).all()
    assert calibration(sure, rng.random(20_000) < sure**2)[1] == pytest.approx(
        np.mean(sure - sure**2), abs=0.02
    )
    assert calibration([1.0, 1.0], [True, False])[1] == pytest.approx(0.5)
    assert np.isnan(calibration([], [])[1])
