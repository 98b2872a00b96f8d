from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_stem3d.signals import Axis, Stack, save
from napari_stem3d.simulation import read_experiment

pytestmark = pytest.mark.tensorflow  # particles are told apart by the network


@pytest.fixture(scope="module")
def frame_file(tmp_path_factory):
    """Two frames of bright spheres on film, and a strip of vacuum at the left of the second."""
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app
    from napari_stem3d.signals import load

    path = tmp_path_factory.mktemp("match") / "frames.hspy"
    call = (
        "simulate --shape sphere --dimension diameter=8 --particles 12 --frames 2 --size 192 "
        "--sampling 0.4 --beam-high-voltage 120 --beam-current 80 --scan-dwell 5 "
        "--detector-gain 12 --detector-pulse-height 0 --detector-read-out 2 --seed 3 --out"
    )
    assert CliRunner().invoke(app, [*call.split(), str(path)]).exit_code == 0
    (stack,) = load(path)
    data = np.array(stack.data)
    data[1, :, :24] = np.rint(np.random.default_rng(0).normal(100, 2, (192, 24)))
    save(Stack(data, stack.axes, "frames", stack.metadata), path)
    return path


def test_the_microscope_found_is_like_the_true_one(stem3d, frame_file, tmp_path):
    """SIM-20: settings that `simulate` takes, with the numbers of the real frame."""
    out, picture = tmp_path / "m.toml", tmp_path / "m.png"
    call = ("match", frame_file, "--frame", 1, "--vacuum", "0,0,192,20", "--out", out)
    result = stem3d(*call, "--picture", picture, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    estimates = {row["estimate"]: row for row in told["estimates"]}
    assert estimates["offset"]["value"] == pytest.approx(100, abs=0.5)
    assert estimates["gain"]["value"] == pytest.approx(12, rel=0.2)
    found = read_experiment(out).microscope
    assert found.detector.gain == pytest.approx(estimates["gain"]["value"])
    # The voltage and the dwell time are in the file's metadata.
    assert found.beam.high_voltage == 120
    assert found.scan.dwell == pytest.approx(5)
    # So are the pixels: a simulation has the blur and the grain of the image in nm and in pixels.
    assert (read_experiment(out).size, read_experiment(out).sampling) == ((192, 192), (0.4, 0.4))
    with Image.open(picture) as drawn:
        assert drawn.size[0] > drawn.size[1] > 300
    again = stem3d("simulate", "--config", out, "--frames", 1, "--out", tmp_path / "a.npz")
    assert again.exit_code == 0, again.stderr


def test_what_is_typed_beats_the_file_and_the_metadata(stem3d, frame_file, tmp_path):
    known, out = tmp_path / "known.toml", tmp_path / "m.toml"
    known.write_text("[beam]\nhigh_voltage = 300\nconvergence = 15\n", encoding="utf-8")
    call = ("match", frame_file, "--config", known, "--high-voltage", 80, "--material", "Ag")
    result = stem3d(*call, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "gain" in result.stdout and str(out) in result.stdout
    found = read_experiment(out).microscope
    assert (found.beam.high_voltage, found.beam.convergence) == (80, 15)
    assert found.contrast.material == "Ag"


def test_nonsense_in_the_metadata_is_told_and_left_aside(stem3d, frame_file, tmp_path):
    rng = np.random.default_rng(1)
    axes = (Axis("y", 0.4, units="nm"), Axis("x", 0.4, units="nm"))
    told = {"Acquisition_instrument": {"TEM": {"beam_energy": -3, "dwell_time": "long"}}}
    save(Stack(rng.poisson(50, (64, 64)).astype(np.uint16), axes, "a", told), tmp_path / "a.npz")
    result = stem3d("match", tmp_path / "a.npz", "--out", tmp_path / "m.toml")
    assert result.exit_code == 0, result.stderr
    assert "beam_energy = -3" in result.stderr
    assert read_experiment(tmp_path / "m.toml").microscope.beam.high_voltage == 200


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--vacuum", "1,2,3"), "--vacuum must be four whole numbers"),
        (("--vacuum", "a,b,c,d"), "--vacuum must be a whole number"),
        (("--vacuum", "0,0,999,9"), "vacuum must be a box"),
        (("--frame", 2), "holds 2 images"),
        (("--material", "Xy"), "chemical formula"),
        (("--high-voltage", 0), "Beam.high_voltage"),
        (("--config", "none.toml"), "none.toml cannot be read"),
        (("--picture", "a.jpg"), "--picture must end in .png"),
    ],
)
def test_bad_arguments_are_one_line_on_stderr(stem3d, frame_file, tmp_path, arguments, part):
    result = stem3d("match", frame_file, *arguments, "--out", tmp_path / "m.toml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_real_image_is_matched(stem3d, shared_data, tmp_path):
    """SIM-20: the image of SiO2 spheres gives settings and a picture."""
    image = shared_data / "haadf" / "sio2_spheres_haadf.hspy"
    call = ("--material", "SiO2@2.2", "--picture", tmp_path / "m.png", "--out", tmp_path / "m.toml")
    result = stem3d("match", image, *call)
    assert result.exit_code == 0, result.stderr
    assert read_experiment(tmp_path / "m.toml").microscope.contrast.material == "SiO2@2.2"
    assert (tmp_path / "m.png").stat().st_size > 10_000
