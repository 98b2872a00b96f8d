from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.mark.slow
def test_every_task_gives_an_accuracy_with_its_interval(stem3d, networks, tmp_path):
    out = tmp_path / "figures.csv"
    call = ("evaluate", networks.classification, "--segmentation", networks.segmentation)
    result = stem3d(*call, "--count", 4, "--seed", 3, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert {row["task"] for row in rows} == {"deformed", "corners", "shape"}
    for row in rows:
        assert 0 <= row["low"] <= row["accuracy"] <= row["high"] <= 100
        assert (row["objects"], row["seed"], row["dose"]) == (4, 3, "standard")
    assert list(pd.read_csv(out)["accuracy"]) == [row["accuracy"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--task", "colour"), "colour"),
        (("--dose", "much"), "much"),
        (("--change", "x2"), "x2"),
        (("--out", "figures.png"), "--out must end in"),
    ],
)
def test_what_is_not_known_is_one_line(stem3d, networks, arguments, part):
    result = stem3d("evaluate", networks.classification, "--count", 1, *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
