from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_stem3d.plugins import registry
from napari_stem3d.signals import load
from napari_stem3d.simulation import (
    PRESETS,
    Beam,
    Deformation,
    Experiment,
    Piece,
    experiment_from_dict,
    length,
    read_experiment,
    switch,
    write_experiment,
    write_settings,
)


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
        'shape = "cuboid"\nframes = 5\nsize = [24, 32]\nparticles = 2\n'
        "[dimension]\na = 5\n[probe]\nsigma = 0.4\n[detector]\nshot_noise = false\n"
    )
    out = tmp_path / "a.npz"
    call = ("simulate", "--config", config, "--frames", 2, "--dimension", "b=3", "--out", out)
    result = stem3d(*call, "--detector-gain", 7, "--json")
    assert json.loads(result.stdout) == {"out": str(out), "frames": 2, "particles": 4}
    stack = load(out)[0]
    assert stack.data.shape == (2, 24, 32)
    microscope = stack.metadata["Stem3D"]["microscope"]
    assert microscope["probe"]["sigma"] == 0.4
    assert (microscope["detector"]["shot_noise"], microscope["detector"]["gain"]) == (False, 7)
    assert "a=5 b=3 " in pd.read_csv(tmp_path / "truth.csv")["dimensions_nm"][0]


def test_a_shape_that_is_typed_forgets_the_dimensions_of_the_file(stem3d, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text('shape = "cuboid"\nframes = 1\nsize = 32\n[dimension]\na = 5\n')
    result = stem3d(
        *("simulate", "--config", config, "--shape", "sphere", "--out", tmp_path / "a.npz")
    )
    assert result.exit_code == 0, result.stderr


def test_a_preset_takes_the_place_of_the_microscope_in_the_config(stem3d, tmp_path):
    config, saved = tmp_path / "run.toml", tmp_path / "saved.toml"
    write_experiment(Experiment(frames=1, size=32, microscope=PRESETS["low dose"]), config)
    call = ("simulate", "--config", config, "--preset", "ideal", "--beam-current", 7)
    result = stem3d(*call, "--out", tmp_path / "a.npz", "--save-config", saved)
    assert result.exit_code == 0, result.stderr
    expected = replace(PRESETS["ideal"], beam=Beam(current=7.0))
    assert read_experiment(saved) == Experiment(frames=1, size=(32, 32), microscope=expected)


def test_a_saved_config_makes_the_same_stack(stem3d, tmp_path):
    call = (
        *("simulate", "--shape", "helix", "--dimension", "left_handed=yes", "--frames", 2),
        *("--deformation", "missing_slab:axis=x,thickness=0.5", "--placement", "overlapping"),
        *("--particles", 2, "--size", "32,40", "--motion-rotation", 90, "--movie", "--seed", 3),
        *("--scan-jitter", 0.05, "--probe-slabs", 3),
    )
    saved = tmp_path / "run.toml"
    first = stem3d(*call, "--out", tmp_path / "a.npz", "--save-config", saved)
    assert first.exit_code == 0, first.stderr
    stem3d("simulate", "--config", saved, "--out", tmp_path / "b.npz")
    a, b = load(tmp_path / "a.npz")[0], load(tmp_path / "b.npz")[0]
    np.testing.assert_array_equal(a.data, b.data)
    assert a.metadata == b.metadata


@pytest.mark.parametrize("ending", ["hspy", "npz", "tif"])
def test_the_metadata_tell_how_to_make_the_stack_again(stem3d, tmp_path, ending):
    out = tmp_path / f"a.{ending}"
    call = ("--deformation", "rounded_corners:count=2", "--deformation", "bent", "--seed", 5)
    result = stem3d("simulate", *call, "--frames", 2, "--size", 40, "--out", out)
    assert result.exit_code == 0, result.stderr
    stack = load(out)[0]
    told = stack.metadata["Stem3D"]
    again = experiment_from_dict({**told["simulation"], **told["microscope"]})
    images = np.stack([sample.image for sample in again.dataset()])
    np.testing.assert_array_equal(images, stack.data)


def test_hyperspy_reads_how_the_images_were_made(stem3d, tmp_path):
    out = tmp_path / "a.hspy"
    call = ("--beam-high-voltage", 120, "--beam-current", 30, "--scan-dwell", 4)
    stem3d("simulate", *call, "--frames", 2, "--size", 32, "--out", out)
    metadata = hs.load(out).metadata
    assert metadata.Signal.signal_origin == "simulation"
    assert metadata.Acquisition_instrument.TEM.beam_energy == 120
    assert metadata.Acquisition_instrument.TEM.beam_current == pytest.approx(0.03)
    assert metadata.Acquisition_instrument.TEM.dwell_time == pytest.approx(4e-6)
    assert metadata.Acquisition_instrument.TEM.convergence_angle == 20
    truth = pd.DataFrame(metadata.Stem3D.truth.as_dictionary())
    assert set(truth.columns) == set(pd.read_csv(tmp_path / "truth.csv").columns)


def test_every_registered_deformation_is_a_word_away(stem3d, tmp_path):
    """SIM-07: built-in deformations are options by their names."""
    for name in registry().deformations:
        call = ("--deformation", name, "--frames", 1, "--size", 32, "--out", tmp_path / "a.npz")
        result = stem3d("simulate", *call)
        assert result.exit_code == 0, f"{name}: {result.stderr}"
        assert name in pd.read_csv(tmp_path / "truth.csv")["deformations"][0]


@dataclass(frozen=True)
class Halved(Deformation):
    """What a stranger might bring: one side of the body is missing."""

    name: ClassVar[str] = "halved"
    description: ClassVar[str] = "one side is missing"

    offset: float = length(1.0, "what is left beyond the middle", low=0.0)
    upper: bool = switch(True, "keep the upper side")

    def apply(self, shape, body):
        sign = -1.0 if self.upper else 1.0
        return body.cut(Piece(np.array([[0.0, 0.0, sign]]), np.array([self.offset])))


def test_the_deformation_of_a_stranger_is_an_option(stem3d, tmp_path, monkeypatch):
    monkeypatch.setitem(registry().deformations, "halved", Halved)
    monkeypatch.setitem(registry().owners, ("deformation", "halved"), "stranger")
    call = ("--deformation", "halved:offset=2,upper=no", "--size", 32, "--frames", 1)
    assert stem3d("simulate", *call, "--out", tmp_path / "a.npz").exit_code == 0
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert truth["deformations"][0] == "halved offset=2 upper=False"
    assert truth["volume_nm3"][0] == pytest.approx(700)
    listed = json.loads(stem3d("deformations", "--json").stdout)[-1]
    assert (listed["plugin"], listed["fields"]) == ("stranger", ["offset=nm", "upper=yes|no"])


def test_places_of_a_deformation_can_be_typed(stem3d, tmp_path):
    """SIM-06: any subset of the corners can be asked for."""
    call = ("--deformation", "truncated_corners:leg=2,corners=1+4+6", "--frames", 2, "--size", 32)
    assert stem3d("simulate", *call, "--out", tmp_path / "a.npz").exit_code == 0
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert set(truth["corner_indices"]) == {"1 4 6"}
    np.testing.assert_allclose(truth["volume_nm3"], 1000 - 3 * 2**3 / 6)


def test_a_mesh_is_a_shape(stem3d, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    trimesh.creation.box((1, 1, 2)).export(tmp_path / "box.stl")
    call = ("--dimension", f"path={tmp_path / 'box.stl'}", "--dimension", "diameter=6")
    out = tmp_path / "a.npz"
    result = stem3d("simulate", "--shape", "mesh", *call, "--frames", 1, "--out", out)
    assert result.exit_code == 0, result.stderr
    volume = pd.read_csv(tmp_path / "truth.csv")["volume_nm3"][0]
    assert volume == pytest.approx(2 * 6**1.5, rel=1e-6)  # of a box whose diagonal is 6 nm


def test_labels_and_thickness_lie_beside_the_images(stem3d, tmp_path):
    """SIM-04: the label map of the particles is written with their truth."""
    call = ("--particles", 3, "--frames", 2, "--size", "40,48", "--sampling", 1)
    maps = ("--labels", tmp_path / "labels.tif", "--thickness", tmp_path / "thickness.hspy")
    assert stem3d("simulate", *call, *maps, "--out", tmp_path / "a.npz").exit_code == 0
    labels, thickness = load(tmp_path / "labels.tif")[0], load(tmp_path / "thickness.hspy")[0]
    assert labels.data.shape == thickness.data.shape == (2, 40, 48)
    assert labels.sampling_nm == pytest.approx((1, 1))
    assert set(np.unique(labels.data)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(thickness.data > 0, labels.data > 0)


def test_a_movie_is_a_film_with_its_time(stem3d, tmp_path):
    """SIM-25: a rotation movie as GIF and as TIFF stack."""
    call = ("--movie", "--motion-step", 15, "--motion-axis", "y", "--frames", 3, "--size", 32)
    for ending in ("gif", "tif"):
        assert stem3d("simulate", *call, "--out", tmp_path / f"a.{ending}").exit_code == 0
    (stack,) = load(tmp_path / "a.tif")
    frame_time = 32 * (32 * 10e-6 + 100e-6)
    assert stack.axes[0].name == "time"
    assert (stack.axes[0].scale, stack.axes[0].units) == (pytest.approx(frame_time), "s")
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.size) == (3, (32, 32))
        told = json.loads(film.info["comment"])["metadata"]
    assert told["Stem3D"]["simulation"]["motion"]["step"] == 15
    assert told["Signal"]["signal_origin"] == "simulation"


def test_the_number_of_workers_does_not_change_a_bit(stem3d, tmp_path):
    """SIM-24: the same files for any number of processes."""
    call = ("simulate", "--frames", 40, "--size", 32, "--deformed-corners", 2, "--out")
    for workers in (1, 2):
        out = tmp_path / str(workers) / "a.npz"
        out.parent.mkdir()
        assert stem3d(*call, out, "--workers", workers).exit_code == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / w).iterdir()} for w in "12")
    assert one == two


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
        (("--shape", "sphere", "--dimension", "diameter"), "must be one of diameter"),
        (("--shape", "sphere", "--dimension", "diameter=-3"), "Sphere.diameter"),
        (("--shape", "sphere", "--dimension", "diameter=wide"), "must be a number"),
        (("--shape", "sphere", "--dimension", "diameter=nan"), "Sphere.diameter"),
        (("--shape", "helix", "--dimension", "left_handed=maybe"), "must be yes or no"),
        (("--shape", "mesh", "--dimension", "path=none.stl"), "none.stl"),
        (("--shape", "mesh"), "MeshShape.path"),
        (("--deformation", "rust"), "expected one of"),
        (("--deformation", "rounded_corners:depth=2"), "must be one of count, leg, corners"),
        (("--deformation", "rounded_corners:leg=-2"), "RoundedCorners.leg"),
        (("--deformation", "rounded_corners:count=9"), "8 corners"),
        (("--deformation", "rounded_corners:corners=8"), "from 0 to 7"),
        (("--deformation", "rounded_corners:corners=a+b"), "must be a whole number"),
        (("--placement", "near"), "Experiment.placement"),
        (("--poses", "upright"), "Experiment.poses"),
        (("--preset", "best"), "tungsten-era"),
        (("--frames", 0), "Experiment.frames"),
        (("--particles", -1), "Experiment.particles"),
        (("--seed", -1), "Experiment.seed"),
        (("--size", "1,2,3"), "--size"),
        (("--size", "0"), "Experiment.size"),
        (("--sampling", "fine"), "--sampling"),
        (("--sampling", "-1"), "Experiment.sampling"),
        (("--beam-current", 0), "Beam.current"),
        (("--contrast-material", "Xy"), "chemical formula"),
        (("--motion-axis", "w"), "Motion.axis"),
        (("--probe-sigma", 50), "smaller than the image"),
        (("--first", 16), "--first"),
        (("--config", "none.toml"), "none.toml cannot be read"),
        (("--save-config", "a.txt"), "--save-config must end in .toml"),
        (("--labels", "a.csv"), "--labels must end in"),
        (("--thickness", "none/a.tif"), "The folder of --thickness"),
    ],
)
def test_bad_arguments_are_one_line_on_stderr(stem3d, tmp_path, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    result = stem3d("simulate", *arguments, "--out", tmp_path / "a.npz")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [("--beam-current", "much"), ("--frames", 1.5), ("--sizes", 3)]
)
def test_what_is_no_option_or_no_number_is_wrong_usage(stem3d, tmp_path, arguments):
    assert stem3d("simulate", *arguments, "--out", tmp_path / "a.npz").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_open_mesh_is_refused_with_the_reason(stem3d, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    box = trimesh.creation.box()
    path = tmp_path / "open.stl"
    trimesh.Trimesh(box.vertices, box.faces[1:]).export(path)
    call = ("--shape", "mesh", "--dimension", f"path={path}", "--out", tmp_path / "a.npz")
    result = stem3d("simulate", *call)
    assert result.exit_code == 1
    assert "is not watertight" in result.stderr
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "part"),
    [("framez = 3", "framez"), ("[probe]\nsigm = 3", "sigm"), ("frames =", "TOML")],
)
def test_bad_config_is_one_line_that_names_the_file(stem3d, tmp_path, text, part):
    config = tmp_path / "run.toml"
    config.write_text(text)
    result = stem3d("simulate", "--config", config, "--out", tmp_path / "a.npz")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr and "run.toml" in result.stderr


def test_the_examples_of_the_page_work(stem3d, tmp_path, monkeypatch):
    """What docs/cli.md shows is run, only smaller."""
    trimesh = pytest.importorskip("trimesh")
    ase = pytest.importorskip("ase.build")
    monkeypatch.chdir(tmp_path)
    trimesh.creation.box().export("part.stl")
    ase.bulk("Si", cubic=True).write("crystal.cif")
    write_settings("mine.toml", PRESETS["low dose"])
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ stem3d ((?:simulate|lattice) .+)$", page, re.MULTILINE)
    for line in lines:
        result = stem3d(*shlex.split(line), "--frames", 2, "--size", 48)
        assert result.exit_code == 0, f"{line}: {result.stderr}"
    assert len(lines) == 8
    for block in re.findall(r"^```toml\n(.+?)^```$", page, re.MULTILINE | re.DOTALL):
        Path("run.toml").write_text(block, encoding="utf-8")
        assert read_experiment("run.toml").dimensions == {"a": 8, "b": 10, "c": 12}
    typed = re.findall(r"^  \| `(\w+(?::\S+)?)` \|", page, re.MULTILINE)
    for deformation in typed:
        call = ("--deformation", deformation, "--size", 32, "--frames", 1, "--out", "a.npz")
        assert stem3d("simulate", *call).exit_code == 0
    assert len(typed) == 4


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--labels", "a.hspy"), "--labels and --out must be different files"),
        (("--frames", 10_000_000), "--frames and --size must fit into the memory"),
        (("--size", 60_000), "--frames and --size must fit into the memory"),
    ],
)
def test_what_would_be_lost_after_hours_is_refused_at_once(
    stem3d, tmp_path, monkeypatch, arguments, part
):
    monkeypatch.chdir(tmp_path)
    result = stem3d("simulate", "--out", "a.hspy", *arguments)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == []
