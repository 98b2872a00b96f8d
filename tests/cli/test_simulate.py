from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.signals import load


def test_writes_the_stack_and_its_truth(stem3d, tmp_path):
    out = tmp_path / "stack.hspy"
    result = stem3d(
        *("simulate", "--shape", "cuboid", "--deformed-corners", 3, "--frames", 4),
        *("--size", "48,64", "--sampling", "0.5,0.4", "--particles", 2, "--seed", 7),
        *("--out", out),
    )
    assert result.exit_code == 0, result.stderr
    stack = load(out)[0]
    assert stack.data.shape == (4, 48, 64)
    assert stack.sampling_nm == pytest.approx((0.5, 0.4))
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert list(truth["frame"]) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert set(truth["corners"]) == {3}
    told = stack.metadata["Stem3D"]["truth"]
    np.testing.assert_allclose(told["volume_nm3"], truth["volume_nm3"])
    assert list(told["orientation_xyzw"]) == list(truth["orientation_xyzw"])


@pytest.mark.parametrize("ending", ["tif", "npz"])
def test_all_formats_hold_the_same_images(stem3d, tmp_path, ending):
    call = ("simulate", "--shape", "sphere", "--frames", 2, "--size", 32, "--out")
    stem3d(*call, tmp_path / "a.hspy")
    stem3d(*call, tmp_path / f"a.{ending}")
    a, b = load(tmp_path / "a.hspy")[0], load(tmp_path / f"a.{ending}")[0]
    np.testing.assert_array_equal(a.data, b.data)
    assert b.sampling_nm == pytest.approx((0.2, 0.2))


def test_parameters_of_the_microscope_are_options(stem3d, tmp_path):
    call = ("simulate", "--shape", "sphere", "--frames", 1, "--no-detector-shot-noise")
    call = (*call, "--film-thickness", 0, "--scan-jitter", 0, "--detector-pulse-height", 0)
    call = (*call, "--probe-sigma", 0, "--no-probe-diffraction")
    call = (*call, "--detector-offset", 0, "--detector-read-out", 0, "--detector-bits", 0)
    for name, current in (("weak", 10), ("strong", 30)):
        stem3d(*call, "--beam-current", current, "--out", tmp_path / f"{name}.npz")
    weak, strong = (load(tmp_path / f"{name}.npz")[0] for name in ("weak", "strong"))
    assert weak.data.max() > 0
    np.testing.assert_allclose(strong.data, 3 * weak.data, rtol=1e-5)


def test_options_beat_the_config_and_the_config_beats_defaults(stem3d, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        'shape = "cuboid"\nframes = 5\nsize = [24, 32]\n'
        "[dimension]\na = 5\n[probe]\nsigma = 0.4\n[detector]\nshot_noise = false\n"
    )
    out = tmp_path / "a.npz"
    result = stem3d("simulate", "--config", config, "--frames", 2, "--out", out, "--json")
    assert json.loads(result.stdout) == {"out": str(out), "frames": 2, "particles": 2}
    stack = load(out)[0]
    assert stack.data.shape == (2, 24, 32)
    given = stack.metadata["Stem3D"]["simulation"]
    assert (given["probe_sigma"], given["detector_shot_noise"]) == (0.4, False)
    assert "a=5 " in pd.read_csv(tmp_path / "truth.csv")["dimensions_nm"][0]


def test_a_stack_can_be_made_in_two_parts(stem3d, tmp_path):
    call = ("simulate", "--shape", "cone", "--size", 32, "--frames", 5, "--out")
    stem3d(*call, tmp_path / "all.npz")
    stem3d(*call, tmp_path / "rest.npz", "--first", 3)
    whole, rest = load(tmp_path / "all.npz")[0], load(tmp_path / "rest.npz")[0]
    np.testing.assert_array_equal(whole.data[3:], rest.data)
    assert rest.axes[0].offset == 3


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--shape", "cube"), "expected one of: sphere"),
        (("--shape", "sphere", "--deformed-corners", 1), "corners"),
        (("--shape", "sphere", "--dimension", "edge=3"), "must be one of diameter"),
        (("--shape", "sphere", "--dimension", "diameter=-3"), "Sphere.diameter"),
        (("--shape", "sphere", "--size", "1,2,3"), "--size"),
        (("--shape", "sphere", "--sampling", "fine"), "--sampling"),
        (("--shape", "sphere", "--sampling", "-1"), "sampling"),
        (("--shape", "sphere", "--first", 16), "--first"),
    ],
)
def test_bad_arguments_are_one_line_on_stderr(stem3d, tmp_path, arguments, part):
    result = stem3d("simulate", *arguments, "--out", tmp_path / "a.npz")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [("framez = 3", "framez"), ("[probe]\nsigm = 3", "probe_sigm"), ("frames =", "TOML")],
)
def test_bad_config_is_one_line_on_stderr(stem3d, tmp_path, text, part):
    config = tmp_path / "run.toml"
    config.write_text(text)
    call = ("simulate", "--shape", "sphere", "--config", config, "--out", tmp_path / "a.npz")
    result = stem3d(*call)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
