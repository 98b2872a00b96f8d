from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.cli.fit import Fitted, _load, _save
from napari_stem3d.signals import load

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def labels_file(tmp_path_factory, stack_file):
    from dataclasses import replace

    from napari_stem3d.signals import save

    stack = load(stack_file)[0]
    path = tmp_path_factory.mktemp("labels") / "labels.hspy"
    level = np.median(stack.data, axis=(1, 2), keepdims=True)
    masks = stack.data > level + 0.3 * (stack.data.max(axis=(1, 2), keepdims=True) - level)
    numbers = np.arange(1, len(masks) + 1)[:, None, None]
    save(replace(stack, data=np.where(masks, numbers, 0).astype(np.int32)), path)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory, stack_file, labels_file):
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app

    folder = tmp_path_factory.mktemp("fits")
    call = ["fit", stack_file, "--labels", labels_file, "--out", folder / "fit.csv"]
    call += ["--mesh", folder / "fit.stl", "--residual", folder / "residual.tif"]
    call += ["--shape", "cuboid"]
    result = CliRunner().invoke(app, list(map(str, call)))
    assert result.exit_code == 0, result.stderr
    return folder


def test_one_row_per_particle_with_units_and_errors(done):
    table = pd.read_csv(done / "fit.csv")
    assert list(table["frame"]) == [0, 1, 2]
    assert list(table["particle"]) == [1, 2, 3]
    for column in ("dimensions_nm", "volume_nm3", "y", "x"):
        assert f"{column}_sigma" in table
    assert {"orientation_xyzw", "p_value", "believable", "corners_probability"} <= set(table)
    sizes, sigmas = (
        np.array([[float(p.split("=")[1]) for p in row.split()] for row in table[column]])
        for column in ("dimensions_nm", "dimensions_nm_sigma")
    )
    edges = np.array(list(itertools.permutations((8, 9, 10))))  # which is which is not told
    off = np.abs(sizes[:, None] - edges) / np.maximum(sigmas[:, None], 0.03)
    assert (off.max(axis=2).min(axis=1) < 4)[table["believable"]].all()
    assert table["believable"].sum() >= 2


def test_bodies_and_residuals_are_written(done, stack_file):
    trimesh = pytest.importorskip("trimesh")
    mesh = trimesh.load_mesh(done / "fit.stl")
    assert len(mesh.split(only_watertight=True)) == 3
    residual = load(done / "residual.tif")[0]
    assert residual.data.shape == load(stack_file)[0].data.shape
    seen = residual.data[residual.data != 0]
    assert 0.8 < np.std(seen) < 1.3


def test_what_is_finished_can_be_taken_up(tmp_path):
    table = pd.DataFrame({"frame": [0], "particle": [1], "y": [1 / 3], "believable": [True]})
    left = np.ones((4, 5), np.float32)
    _save([Fitted(table, left), Fitted(table.iloc[:0], 2 * left)], tmp_path / "kept.npz")
    first, second = _load(tmp_path / "kept.npz", 2)
    assert float(first.table["y"].iloc[0]) == 1 / 3
    assert not len(second.table)
    np.testing.assert_array_equal(second.residual, 2 * left)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--out", "fit.txt"], "--out must end in .csv"),
        (["--out", "fit.csv", "--mesh", "fit.step"], "--mesh must end in .stl"),
        (["--out", "fit.csv", "--shape", "helix"], "bounded by planes and quadrics"),
        (["--out", "fit.csv", "--shape", "blob"], "blob"),
    ],
)
def test_bad_options_get_one_line(stem3d, stack_file, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    result = stem3d("fit", stack_file, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_labels_must_belong_to_the_image(stem3d, stack_file, labels_file, networks, tmp_path):
    from dataclasses import replace

    from napari_stem3d.signals import save

    given = load(labels_file)[0]
    save(replace(given, data=given.data[:, :-1]), tmp_path / "labels.hspy")
    call = ("--labels", tmp_path / "labels.hspy", "--network", networks.classification)
    result = stem3d("fit", stack_file, "--out", tmp_path / "fit.csv", *call)
    assert result.exit_code == 1
    assert "--labels must have the shape of the image" in result.stderr
