"""`stem3d transfer` and `stem3d label`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_stem3d.networks import store

SIDES = ("left", "right")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    rng, path = np.random.default_rng(8), tmp_path_factory.mktemp("images")
    for k, side in enumerate(SIDES):
        (path / side).mkdir()
        stack = rng.normal(0, 0.2, (40, 20, 20)).astype(np.float32)
        stack[:, :, 10 * k : 10 * k + 10] += 1
        tifffile.imwrite(path / side / "stack.tif", stack)
    return path


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Path:
    import keras

    shown = keras.Input((10, 10, 1))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(5)(shown))
    path = tmp_path_factory.mktemp("backbone") / "tiny.keras"
    store.write(keras.Model(shown, {"features": features}), path, {})
    return path


@pytest.mark.tensorflow
def test_images_to_a_network_to_labels(stem3d, folder, backbone, tmp_path) -> None:
    """ML-01, ML-11: no clicks from a folder of classes to a table of labels."""
    out = tmp_path / "sides.keras"
    call = ("transfer", folder, "--frames-differ", "--weights", backbone, "--steps", 300)
    call = (*call, "--cache", tmp_path / "cache", "--out", out, "--json")
    first = stem3d(*call)
    assert first.exit_code == 0, first.stderr
    facts = json.loads(first.stdout)
    assert facts["classes"] == list(SIDES)
    assert facts["training"]["computed"] == 80
    assert json.loads(stem3d(*call).stdout)["training"]["computed"] == 0
    table = tmp_path / "labels.csv"
    done = stem3d("label", folder, "--network", out, "--out", table)
    assert done.exit_code == 0, done.stderr
    rows = pd.read_csv(table)
    assert list(rows) == ["file", "frame", "label", "probability", "p_left", "p_right"]
    assert rows["frame"].tolist() == [*range(40)] * 2
    assert rows["label"].tolist() == [side for side in SIDES for _ in range(40)]
    np.testing.assert_allclose(rows["p_left"] + rows["p_right"], 1, atol=1e-5)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "cache",
        "labels.csv",
        "sides.json",
        "sides.keras",
    ]


@pytest.mark.tensorflow
def test_a_file_in_the_middle_that_is_no_image_loses_nothing(stem3d, folder, backbone, tmp_path):
    import keras

    shown = keras.Input((10, 10, 1))
    label = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(shown))
    network = tmp_path / "two.keras"
    store.write(keras.Model(shown, {"label": label}), network, {"classes": ["a", "b"]})
    bad, out = tmp_path / "bad.tif", tmp_path / "labels.csv"
    bad.write_bytes(b"rubbish")
    call = ("label", folder / "left", bad, "--network", network, "--out", out)
    failed = stem3d(*call)
    assert failed.exit_code == 1
    assert "bad.tif" in failed.stderr.splitlines()[-1]
    assert not out.exists()
    assert len(pd.read_csv(tmp_path / "labels.unfinished.csv")) == 40


@pytest.mark.tensorflow
def test_one_file_of_all_frames_cannot_be_split(stem3d, folder, backbone, tmp_path) -> None:
    call = ("transfer", folder, "--weights", backbone, "--cache", tmp_path / "cache")
    done = stem3d(*call, "--out", tmp_path / "sides.keras")
    assert done.exit_code == 1
    assert "so many different objects" in done.stderr
    assert not (tmp_path / "sides.keras").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--task", "deformed"], "--out must name the network"),
        (["--out", "m.keras"], "Either a folder of images or --task"),
        (["nowhere", "--out", "m.keras"], "must be a folder with one subfolder per class"),
        (["--task", "colour", "--out", "m.keras"], "task must be one of"),
        (["--task", "deformed", "--out", "m.csv"], "--out must end in .keras"),
        (["--task", "deformed", "--compare", "--out", "m.keras"], "--out must end in .csv"),
    ],
)
def test_wrong_arguments_are_one_line(stem3d, tmp_path, monkeypatch, arguments, sentence) -> None:
    monkeypatch.chdir(tmp_path)
    done = stem3d("transfer", *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.tensorflow
def test_an_unknown_preset_is_one_line(stem3d, tmp_path) -> None:
    call = ("transfer", "--task", "deformed", "--preset", "magic", "--out", tmp_path / "m.keras")
    assert "--preset must be one of standard, retrain. Received: 'magic'" in stem3d(*call).stderr


def test_what_cannot_be_labelled_is_one_line(stem3d, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    for path in ("empty", "missing"):
        done = stem3d("label", tmp_path / path, "--network", "x.keras", "--out", tmp_path / "l.csv")
        assert done.exit_code == 1
        assert path in done.stderr and len(done.stderr.splitlines()) == 1
