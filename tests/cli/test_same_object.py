"""`stem3d classify --same-object`: one row from all frames."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.cli.classify import _read_views, _write_views

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def ground_truth(tmp_path_factory):
    from napari_stem3d.networks.sets import build_set_classifier
    from napari_stem3d.networks.store import write

    path = tmp_path_factory.mktemp("ground-truth") / "sets.keras"
    write(build_set_classifier(8), path, {"name": "sets"})
    return path


@pytest.fixture
def call(stem3d, networks, ground_truth):
    def call(image, out, *more):
        options = ("--network", networks.classification, "--segmentation", networks.segmentation)
        options += ("--ground-truth", ground_truth, "--out", out)
        return stem3d("classify", image, "--same-object", *options, *more)

    return call


def test_all_frames_give_one_row(call, stack_file, tmp_path):
    out = tmp_path / "classes.csv"
    result = call(stack_file, out, "--json")
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out, keep_default_na=False)
    assert len(table) == 1
    told = json.loads(result.stdout)
    assert told["shape"] == table["shape"][0]
    assert told["images"] == table["images"][0] <= 3
    assert 0 <= told["same_object"] <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.csv"]


def test_each_frame_gives_a_row_on_request(call, stack_file, tmp_path):
    out = tmp_path / "classes.csv"
    result = call(stack_file, out, "--each")
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out)
    assert table["images"].tolist() == list(range(1, len(table) + 1))
    assert "for 95%" in result.stdout or "make it 95%" in result.stdout


def test_each_is_of_the_same_object(stem3d, stack_file, tmp_path):
    result = stem3d("classify", stack_file, "--each", "--out", tmp_path / "classes.csv")
    assert result.exit_code == 1
    assert "--each needs --same-object" in result.stderr


def test_frames_without_any_particle_are_one_sentence(call, tmp_path):
    image = tmp_path / "flat.npz"
    from napari_stem3d.signals import Axis, Stack, save

    save(Stack(np.ones((2, 16, 16), np.float32), (Axis("f"), Axis("y"), Axis("x")), "flat"), image)
    result = call(image, tmp_path / "classes.csv")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "must show the object. Received: 2 frames without any particle" in result.stderr
    assert not (tmp_path / "classes.csv").exists()


def test_an_interrupted_run_goes_on(call, stack_file, tmp_path, monkeypatch):
    from napari_stem3d.analysis import same_object

    out, describe, seen = tmp_path / "classes.csv", same_object.describe_frame, []

    def interrupted(*arguments):
        if seen:
            raise KeyboardInterrupt
        seen.append(1)
        return describe(*arguments)

    monkeypatch.setattr(same_object, "describe_frame", interrupted)
    assert call(stack_file, out).exit_code == 130
    assert not out.exists()
    monkeypatch.setattr(same_object, "describe_frame", describe)
    result = call(stack_file, out)
    assert "going on after 1 frames" in result.stderr
    assert len(pd.read_csv(out)) == 1


def test_views_survive_an_interruption(tmp_path):
    rng = np.random.default_rng(0)
    first, third = (rng.normal(size=(1, 330)).astype(np.float32) for _ in range(2))
    frames = [first, np.empty((0, 330), np.float32), third]
    _write_views(frames, tmp_path / "views.csv")
    for kept, frame in zip(_read_views(tmp_path / "views.csv", 3), frames):
        np.testing.assert_array_equal(kept, frame)
