from __future__ import annotations

import json

import pandas as pd
import pytest

ROW = {
    "particle": 1,
    "y": 30.0,
    "x": 31.0,
    "shape": "cuboid",
    "corner_indices": "0",
    "cuts": "0.3 0.4 0.25",
    "dimensions_nm": "a=8 b=9 c=7",
    "dimensions_nm_sigma": "a=0.1 b=0.1 c=0.8",
    "orientation_xyzw": "0.1 0.2 0.3 0.9",
    "orientation_sigma_deg": "2 2 0.5",
    "gain_per_nm": 60.0,
    "ground": 50.0,
    "probe_nm": 0.3,
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "fit.csv"
    pd.DataFrame([ROW]).to_csv(path, index=False)
    return path


def test_tilts_are_ranked_from_a_table_of_fits(stem3d, table):
    done = stem3d("tilts", table, "--sampling", 0.4, "--alpha", "-20,20", "--json")
    assert done.exit_code == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {row["alpha"] for row in rows} == {-20, -10, 0, 10, 20}
    assert rows[-1] == {**rows[-1], "alpha": 0, "bits": 0, "dose": None}
    assert rows[0]["bits"] > 0.5 and rows[0]["dose"] > 0


def test_tables_of_others_are_refused(stem3d, table, tmp_path):
    other = tmp_path / "other.csv"
    pd.DataFrame([{"particle": 1}]).to_csv(other, index=False)
    for path, arguments, words in (
        (other, (), "table of stem3d fit"),
        (table, ("--particle", 2), "no particle of this number"),
        (table, ("--alpha", "20,-20"), "lower first"),
        (table, ("--grey", 0), "positive"),
        (tmp_path / "none.csv", (), "none.csv"),
    ):
        done = stem3d("tilts", path, "--sampling", 0.4, *arguments)
        assert (done.exit_code, "Traceback" in done.stderr) == (1, False)
        assert words in done.stderr
