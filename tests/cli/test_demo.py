from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.cli._sample import FRAMES, PARTICLES, make_sample
from napari_stem3d.signals import load

PICTURES = {"image.png", "classes.png", "thickness.png", "sizes.png"}


def test_the_sample_is_the_same_for_the_same_seed():
    first, again, other = make_sample(1), make_sample(1), make_sample(2)
    np.testing.assert_array_equal(first.data, again.data)
    assert not np.array_equal(first.data, other.data)


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_demo_does_the_main_job(stem3d, tmp_path):
    out = tmp_path / "demo"
    result = stem3d("demo", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == PICTURES | {
        "particles.csv",
        "labels.tif",
        "sample.hspy",
    }
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    table, labels = pd.read_csv(out / "particles.csv"), load(out / "labels.tif")[0]
    assert labels.calibrated
    assert sorted(table["particle"]) == list(range(1, labels.data.max() + 1))
    assert abs(len(table) - FRAMES * len(PARTICLES)) <= 2
    of_first = labels.data == table["particle"][0]
    assert table["area_nm2"][0] == pytest.approx(of_first.sum() * 0.25**2)
    shapes = json.loads(result.stdout)["shapes"]
    assert sum(row["particles"] for row in shapes) == len(table)


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_demo_takes_a_file_and_counts_pixels_where_it_knows_no_size(stem3d, tmp_path):
    image = tmp_path / "plain.npz"
    from napari_stem3d.signals import Axis, Stack, save

    save(Stack(make_sample(1).data[0], (Axis("y"), Axis("x"))), image)
    result = stem3d("demo", image, "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    assert "diameter px" in result.stdout
    assert "diameter_px" in pd.read_csv(tmp_path / "demo" / "particles.csv")


@pytest.mark.tensorflow
def test_an_image_without_particles_is_no_error(stem3d, tmp_path):
    from napari_stem3d.signals import Axis, Stack, save

    image = tmp_path / "nothing.npz"
    save(Stack(np.full((64, 64), 7.0), (Axis("y"), Axis("x"))), image)
    result = stem3d("demo", image, "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    assert pd.read_csv(tmp_path / "demo" / "particles.csv").empty


def test_a_file_in_the_place_of_the_folder_is_refused(stem3d, tmp_path):
    (tmp_path / "demo").write_text("mine")
    result = stem3d("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 1
    assert "must be a folder" in result.stderr
