"""`stem3d study`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile


@pytest.fixture
def folder(tmp_path):
    """Squares and bars, in a folder each."""
    rng = np.random.default_rng(0)
    for name, part in (("square", np.s_[2:6, 2:6]), ("bar", np.s_[:, 3:5])):
        (tmp_path / "images" / name).mkdir(parents=True)
        for k in range(12):
            image = rng.normal(0, 0.05, (8, 8)).astype(np.float32)
            image[part] += 1
            tifffile.imwrite(tmp_path / "images" / name / f"{k}.tif", image)
    return tmp_path / "images"


@pytest.mark.tensorflow
def test_a_study_of_a_folder_ends_in_tables_a_picture_and_the_same_again(stem3d, tmp_path, folder):
    """ML-18, ST-12."""
    out = tmp_path / "study"
    call = ("study", "batch", "--images", folder, "--side", "8", "--rounds", "2", "--runs", "1")
    call = (*call, "--value", "4", "--value", "16", "--out", out, "--json")
    result = stem3d(*call)
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["summary"]
    assert [row["batch"] for row in rows] == ["4", "16"]
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows)
    assert {path.name for path in out.iterdir()} == {
        "rounds.csv",
        "runs.csv",
        "study.json",
        "study.png",
        "summary.csv",
    }
    before = (out / "runs.csv").read_bytes()
    assert json.loads(stem3d(*call).stdout)["summary"] == rows
    assert (out / "runs.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("colour",), "A study must be one of size, batch, loss, optimizer. Received: 'colour'"),
        (("size", "--value", "many"), "--value must be a whole number. Received: 'many'"),
        (("loss", "--value", "colour"), "A loss must be one of cce"),
    ],
)
def test_what_cannot_be_studied_is_one_line(stem3d, tmp_path, arguments, words):
    result = stem3d("study", *arguments, "--out", tmp_path / "study")
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "study").exists()


def test_out_must_have_a_place(stem3d, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert "must be a folder" in stem3d("study", "size", "--out", tmp_path / "file").stderr
    missing = tmp_path / "no" / "where"
    assert "does not exist" in stem3d("study", "size", "--out", missing).stderr
