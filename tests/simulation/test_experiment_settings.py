from __future__ import annotations

import tomllib

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Beam,
    Experiment,
    Microscope,
    Motion,
    RandomDeformation,
    experiment_from_dict,
    experiment_to_dict,
    read_experiment,
    write_experiment,
    write_settings,
)

FULL = Experiment(
    "helix",
    {"left_handed": True, "pitch": 5},
    deformations=(RandomDeformation("missing_slab", fields={"axis": "x", "thickness": 0.5}),),
    frames=3,
    particles=4,
    placement="overlapping",
    poses="resting",
    motion=Motion(rotation=30.0, axis="random", random_step=True),
    movie=True,
    size=(20, 30),
    sampling=0.25,
    seed=2**40,
    microscope=PRESETS["tungsten-era"],
)


@pytest.mark.parametrize("experiment", [Experiment(), FULL])
def test_experiments_survive_tables_and_files(tmp_path, experiment):
    assert experiment_from_dict(experiment_to_dict(experiment)) == experiment
    write_experiment(experiment, tmp_path / "a.toml")
    assert read_experiment(tmp_path / "a.toml") == experiment
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_the_file_has_the_documented_keys(tmp_path):
    write_experiment(FULL, tmp_path / "a.toml")
    tables = tomllib.loads((tmp_path / "a.toml").read_text(encoding="utf-8"))
    assert (tables["shape"], tables["frames"], tables["size"]) == ("helix", 3, [20, 30])
    assert tables["dimension"] == {"left_handed": True, "pitch": 5}
    assert tables["deformation"][0]["name"] == "missing_slab"
    assert tables["motion"]["rotation"] == 30
    assert tables["beam"]["high_voltage"] == 100


def test_what_is_missing_comes_from_the_preset_or_the_default(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('preset = "low dose"\nsize = 64\n[beam]\nflicker = 2\n', encoding="utf-8")
    experiment = read_experiment(path)
    assert experiment.size == (64, 64)
    assert experiment.shape == Experiment().shape
    assert experiment.microscope.beam == Beam(current=1.0, flicker=2.0)
    assert experiment.microscope.scan == PRESETS["low dose"].scan


def test_settings_of_a_microscope_alone_are_an_experiment(tmp_path):
    write_settings(tmp_path / "a.toml", PRESETS["ideal"])
    experiment = read_experiment(tmp_path / "a.toml")
    assert experiment == Experiment(microscope=PRESETS["ideal"])
    (tmp_path / "b.toml").write_text("", encoding="utf-8")
    assert read_experiment(tmp_path / "b.toml").microscope == Microscope()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("frames =", "is not a TOML file"),
        ("framez = 3", "framez"),
        ('shape = "cube"', "expected one of"),
        ('preset = "best"', "tungsten-era"),
        ("preset = [1]", "preset must be"),
        ("dimension = 3", "dimension must be a table"),
        ("[motion]\nspeed = 3", "speed"),
        ("[motion]\nrotation = true", "Motion.rotation"),
        ("[probe]\nsigm = 3", "sigm"),
        ("probe = 3", "probe must be a table"),
        ("[beam]\ncurrent = 0", "Beam.current"),
        ('deformation = "rust"', "list of tables"),
        ("[[deformation]]\nleg = 2", "each with a name"),
        ('[[deformation]]\nname = "rust"', "expected one of"),
        ("deformation = 3", "list of tables"),
        ('[[deformation]]\nname = "rough"\nrms = [1, 2]', "Rough.rms"),
    ],
)
def test_errors_name_the_file(tmp_path, content, part):
    path = tmp_path / "broken.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=part) as caught:
        read_experiment(path)
    assert "broken.toml" in str(caught.value)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml cannot be read"):
        read_experiment(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"a\.toml cannot be written"):
        write_experiment(FULL, tmp_path / "none" / "a.toml")
