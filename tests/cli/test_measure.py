from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_stem3d.analysis.measurement import as_arrays
from napari_stem3d.signals import Axis, Stack, load, save

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def labels_file(tmp_path_factory, stack_file):
    """Particles of the stack by a threshold, numbered through both the frames."""
    from scipy.ndimage import label

    stack, count, frames = load(stack_file)[0], 0, []
    for frame in stack.frames:
        own, number = label(frame > (frame.min() + frame.max()) / 4)
        frames.append(np.where(own > 0, own + count, 0).astype(np.int32))
        count += number
    path = tmp_path_factory.mktemp("labels") / "labels.tif"
    save(Stack(np.stack(frames), stack.axes, "labels"), path)
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory, stack_file, labels_file):
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app

    folder = tmp_path_factory.mktemp("measured")
    call = ["measure", stack_file, "--out", folder / "a.csv", "--labels", labels_file, "--json"]
    call += ["--heights", folder / "h.tif", "--plot", folder / "p.png"]
    call += ["--balance-full-beam", "2e5", "--material", "Au"]
    result = CliRunner().invoke(app, list(map(str, call)))
    assert result.exit_code == 0, result.stderr
    return folder, json.loads(result.stdout)


def test_one_row_per_particle_with_units_in_the_names(measured, labels_file):
    folder, facts = measured
    table = pd.read_csv(folder / "a.csv", keep_default_na=False)
    labels = load(labels_file)[0].data
    assert facts["unit"] == "nm"
    assert facts["particles"] == len(table) == labels.max()
    assert list(table["particle"]) == sorted(set(np.unique(labels)) - {0})
    for name in ("volume_nm3", "height_nm", "area_nm2", "diameter_nm"):
        assert f"{name}_sigma" in table
        assert (table[name].astype(float) > 0).all()
    assert set(table["volume_by"]) == {"weighing"}
    assert set(table["whole"].astype(str).str.lower()) <= {"true", "false"}


def test_lists_are_read_as_arrays(measured):
    table = as_arrays(pd.read_csv(measured[0] / "a.csv", keep_default_na=False))
    for row in table.itertuples():
        assert row.vertices_nm.shape == (row.vertices, 2)
        assert row.corner_distances_nm.shape == (row.corners_seen,) * 2


def test_heights_and_histograms_are_written(measured, stack_file):
    folder, _ = measured
    heights, stack = load(folder / "h.tif")[0], load(stack_file)[0]
    assert heights.data.shape == stack.data.shape
    assert heights.sampling_nm == pytest.approx(stack.sampling_nm)
    assert Image.open(folder / "p.png").size == (1800, 600)


def test_an_image_without_calibration_is_measured_in_pixels(stem3d, tmp_path):
    image = np.random.default_rng(1).normal(100, 3, (64, 64)).astype(np.float32)
    image[20:44, 16:48] += 100
    axes = (Axis("y"), Axis("x"))
    save(Stack(image, axes, "image"), tmp_path / "i.hspy")
    save(Stack((image > 150).astype(np.int32), axes, "labels"), tmp_path / "l.hspy")
    call = ("measure", tmp_path / "i.hspy", "--labels", tmp_path / "l.hspy")
    done = stem3d(*call, "--out", tmp_path / "a.csv")
    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(tmp_path / "a.csv")
    assert {"volume_px3", "volume_px3_sigma", "area_px2", "vertices_px"} <= set(table)
    assert table["area_px2"].item() == pytest.approx(24 * 32, rel=0.03)
    assert "lengths in px" in done.stdout


def test_an_interrupted_run_goes_on(stem3d, stack_file, labels_file, tmp_path, monkeypatch):
    from napari_stem3d.analysis import measurement

    out, heights = tmp_path / "a.csv", tmp_path / "h.hspy"
    call = ("measure", stack_file, "--labels", labels_file, "--out", out, "--heights", heights)
    real, calls = measurement.measure_frame, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(measurement, "measure_frame", interrupted)
    assert stem3d(*call).exit_code == 130
    assert not out.exists()
    done = stem3d(*call)
    assert done.exit_code == 0, done.stderr
    assert "going on after 1 finished" in done.stderr or "going on after 1 frames" in done.stderr
    assert len(calls) == 4  # one, one that was interrupted, and the two that were left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "h.hspy"]
    whole = load(heights)[0].data
    assert (whole.reshape(3, -1).max(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--out", "a.txt"), "--out must end in .csv"),
        (("--out", "a.csv", "--heights", "h.png"), "--heights must end in"),
        (("--out", "a.csv", "--plot", "p.tif"), "--plot must end in .png"),
        (("--out", "a.csv", "--labels", "none.tif"), "none.tif"),
        (("--out", "a.csv", "--material", "Unobtainium"), "Unobtainium"),
        (
            ("--out", "a.csv", "--balance-vacuum", "5", "--balance-full-beam", "3"),
            "full_beam must be larger",
        ),
    ],
)
def test_bad_options_are_one_sentence(stem3d, stack_file, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    done = stem3d("measure", stack_file, *options)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_labels_of_another_image_are_refused(stem3d, stack_file, tmp_path):
    axes = (Axis("y"), Axis("x"))
    save(Stack(np.zeros((8, 8), np.int32), axes, "labels"), tmp_path / "l.tif")
    done = stem3d(
        "measure", stack_file, "--labels", tmp_path / "l.tif", "--out", tmp_path / "a.csv"
    )
    assert done.exit_code == 1
    assert "--labels must have the shape of the image, (3, 64, 96)" in done.stderr
