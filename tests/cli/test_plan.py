"""`stem3d plan`: tables, JSON, CSV and the sentence at the end."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from napari_stem3d.simulation import read_experiment

ASK = "plan --shape tetrahedron --size 12 --material Pd --corners 0 --against 1 --depth 0.3"
FAST = "--pixel 0.8 --particles 10 --most-views 2"


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What it says as JSON, and the files that it writes."""
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app

    folder = tmp_path_factory.mktemp("plan")
    files = folder / "plan.csv", folder / "plan.toml"
    call = [*ASK.split(), *FAST.split(), "--json", "--out", files[0], "--save-config", files[1]]
    result = CliRunner().invoke(app, list(map(str, call)))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout), *files


def test_json_csv_and_the_settings_agree(planned):
    told, table, settings = planned
    rows = pd.read_csv(table)
    assert told["question"]["material"] == "Pd"
    assert [row["views"] for row in told["views"]] == [1, 2]
    best = rows[rows["recommended"]].iloc[0]
    assert best["e_per_pixel"] == pytest.approx(6.241509 * best["current_pA"] * best["dwell_us"])
    (recommended,) = [row for row in told["views"] if row["recommended"]]
    assert recommended["total_dose_e_nm2"] == pytest.approx(best["total_dose_e_nm2"])
    experiment = read_experiment(settings)
    assert experiment.sampling == (0.8, 0.8)
    assert experiment.microscope.beam.current == pytest.approx(best["current_pA"])
    assert experiment.microscope.scan.dwell == pytest.approx(best["dwell_us"])


def test_it_ends_with_a_sentence_of_advice(stem3d):
    result = stem3d(*ASK.split(), *FAST.split(), "--preset", "low dose", "--beam-current", 2)
    assert result.exit_code == 0, result.stderr
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith("Take ")
    assert "pixels of 0.8 nm" in last
    assert "2 pA" in last
    assert last.endswith("in 90 % of cases.")
    assert "e⁻/nm² in all" in result.stdout


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("plan --corners 2 --against 5", "one more or one less than corners"),
        ("plan --shape sphere", "must be a shape with corners"),
        ("plan --shape cuboid --corners 8 --against 9", "has 8 corners"),
        ("plan --shape cuboid --dimension d=3", "--dimension of a cuboid must be one of"),
        ("plan --material Xx", "material must be a chemical formula"),
        ("plan --preset ideal", "shot_noise must be on"),
        ("plan --preset nowhere", "preset must be one of"),
        ("plan --probability 90", "probability must lie between"),
        ("plan --out plan.txt", "--out must end in .csv"),
    ],
)
def test_bad_input_gets_one_sentence(stem3d, call, told):
    result = stem3d(*call.split())
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert told in line
    assert "Received: " in line
