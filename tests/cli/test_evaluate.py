from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.tensorflow


def test_a_task_gives_figures_tables_and_a_picture(stem3d, networks, tmp_path):
    out, plot = tmp_path / "figures.csv", tmp_path / "confusion.png"
    call = ("evaluate", networks.classification, "--segmentation", networks.segmentation)
    more = ("--task", "corners", "--task", "pair-box", "--cuts", "small", "--plot", plot)
    result = stem3d(
        *call, *more, "--count", 4, "--seed", 3, "--out", out, "--json", "--confusion",
        "--calibration",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [row["task"] for row in rows] == ["corners", "pair-box"]
    for row in rows:
        assert 0 <= row["low"] <= row["accuracy"] <= row["high"] <= 100
        assert (row["objects"], row["seed"], row["dose"]) == (4, 3, "standard")
        assert sum(n for told in row["confusion"].values() for n in told.values()) == 4
        assert sum(one["answers"] for one in row["calibration"]) <= 4
    assert list(pd.read_csv(out)["accuracy"]) == [row["accuracy"] for row in rows]
    assert plot.stat().st_size > 0


def test_a_sweep_gives_a_row_for_each_value(stem3d, networks, tmp_path):
    plot = tmp_path / "sweep.png"
    call = ("evaluate", networks.classification, "--segmentation", networks.segmentation)
    result = stem3d(*call, "--count", 1, "--sweep", "cut", "--plot", plot, "--json")
    assert result.exit_code == 0, result.stderr
    cuts = [row["cuts"] for row in json.loads(result.stdout)]
    assert len(cuts) > 5 and cuts == sorted(cuts)
    assert plot.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--task", "colour"), "colour"),
        (("--dose", "much"), "much"),
        (("--change", "x2"), "x2"),
        (("--cuts", "0.7"), "0.7"),
        (("--sweep", "tilt"), "tilt"),
        (("--out", "figures.png"), "--out must end in"),
        (("--plot", "figures.csv"), "--plot must end in"),
    ],
)
def test_what_is_not_known_is_one_line(stem3d, networks, arguments, part):
    result = stem3d("evaluate", networks.classification, "--count", 1, *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr


def test_a_network_that_segments_is_not_asked_for_a_confusion(stem3d):
    result = stem3d("evaluate", "particle-unet", "--confusion")
    assert result.exit_code == 1
    assert "must be used with a network for classification" in result.stderr
