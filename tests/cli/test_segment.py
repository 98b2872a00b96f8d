from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d.cli.segment import numbered_on
from napari_stem3d.signals import load, save

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("ending", ["tif", "hspy", "npz"])
def test_labels_have_the_shape_and_the_calibration_of_the_input(
    stem3d, stack_file, networks, tmp_path, ending
):
    out = tmp_path / f"labels.{ending}"
    result = stem3d("segment", stack_file, "--out", out, "--network", networks.segmentation)
    assert result.exit_code == 0, result.stderr
    image, labels = load(stack_file)[0], load(out)[0]
    assert labels.data.shape == image.data.shape
    assert labels.data.dtype.kind in "iu"
    assert labels.sampling_nm == pytest.approx(image.sampling_nm)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_labels_are_numbered_through_the_stack(stem3d, stack_file, networks, tmp_path):
    out = tmp_path / "labels.npz"
    call = ("segment", stack_file, "--out", out, "--network", networks.segmentation, "--json")
    facts = json.loads(stem3d(*call).stdout)
    labels = load(out)[0].data
    present = [set(np.unique(frame)) - {0} for frame in labels]
    assert sum(map(len, present)) == facts["particles"] > 0
    assert set().union(*present) == set(range(1, facts["particles"] + 1))


def test_numbers_follow_on_those_of_earlier_frames():
    labels = np.array([[0, 1], [2, 2]])
    np.testing.assert_array_equal(numbered_on(labels, 5), [[0, 6], [7, 7]])


def test_an_interrupted_run_goes_on_from_there(stem3d, stack_file, networks, tmp_path, monkeypatch):
    from napari_stem3d.analysis import segmentation

    whole, out = tmp_path / "whole.npz", tmp_path / "labels.npz"
    call = ("segment", stack_file, "--network", networks.segmentation, "--out")
    stem3d(*call, whole)
    calls = []

    def until_ctrl_c(frame, *args, **kwargs):
        calls.append(frame)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(frame, *args, **kwargs)

    real = segmentation.segment_frame
    monkeypatch.setattr(segmentation, "segment_frame", until_ctrl_c)
    stopped = stem3d(*call, out)
    assert stopped.exit_code == 130
    assert not out.exists()
    assert load(tmp_path / "labels.unfinished.npz")[0].data.shape[0] == 2
    resumed = stem3d(*call, out)
    assert resumed.exit_code == 0, resumed.stderr
    assert len(calls) == 4
    np.testing.assert_array_equal(load(out)[0].data, load(whole)[0].data)
    assert not list(tmp_path.glob("*unfinished*"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("missing.tif", "--out", "labels.tif"), "does not exist"),
        (("IN", "--out", "labels.png"), "--out must end in"),
        (("IN", "--out", "labels.tif", "--network", "nothing"), "expected one of: particle-unet"),
        (("IN", "--out", "labels.tif", "--network", "nothing.keras"), "nothing.keras"),
        (("IN", "--out", "labels.tif", "--part", "3"), "holds 1 images"),
    ],
)
def test_errors_are_one_line_on_stderr(stem3d, stack_file, tmp_path, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    result = stem3d("segment", *(stack_file if a == "IN" else a for a in arguments))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_has_its_own_status(stem3d, stack_file):
    assert stem3d("segment", stack_file).exit_code == 2


def test_bright_field_is_noticed_and_can_be_turned_over(stem3d, networks, stack_file, tmp_path):
    stack = load(stack_file)[0]
    negative = tmp_path / "negative.hspy"
    save(replace(stack, data=stack.data.max() - stack.data), negative)
    labels = {}
    for name, path, more in (
        ("plain", stack_file, ()),
        ("dark", negative, ()),
        ("turned", negative, ("--invert",)),
        ("wrongly turned", stack_file, ("--invert",)),
    ):
        out = tmp_path / f"{name}.tif"
        result = stem3d("segment", path, "--out", out, "--network", networks.segmentation, *more)
        assert result.exit_code == 0, result.stderr
        assert ("looks like bright field" in result.stderr) == (name in ("dark", "wrongly turned"))
        labels[name] = load(out)[0].data
    np.testing.assert_array_equal(labels["turned"], labels["plain"])
