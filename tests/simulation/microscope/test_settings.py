from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import hyperspy.api as hs
import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Beam,
    Contrast,
    Grid,
    Microscope,
    Probe,
    Scan,
    metadata,
    microscope_from_dict,
    microscope_of_metadata,
    microscope_to_dict,
    read_settings,
    write_settings,
)


def other(field: Any) -> Any:
    """Return a value of a field that is not its default."""
    facts = field.metadata
    if isinstance(field.default, bool):
        return not field.default
    if isinstance(field.default, str):
        return "SiO2@2.2"
    middle = facts["min"] + (facts["max"] - facts["min"]) / 7
    return int(middle) + 1 if facts.get("whole") else middle


def changed() -> Microscope:
    """Return a microscope all of whose fields differ from the default."""
    stages = {}
    for part in dataclasses.fields(Microscope):
        kind = type(getattr(Microscope(), part.name))
        values = {f.name: other(f) for f in dataclasses.fields(kind)}
        stages[part.name] = values
    stages["contrast"] |= {"inner": 40.0, "exponent": 1.55}
    return microscope_from_dict(stages)


MICROSCOPES = [*PRESETS.values(), changed()]


def test_all_fields_can_be_changed() -> None:
    ours, default = microscope_to_dict(changed()), microscope_to_dict(Microscope())
    assert [
        (stage, name) for stage in ours for name in ours[stage]
        if ours[stage][name] == default[stage][name]
    ] == []  # fmt: skip


@pytest.mark.parametrize("microscope", MICROSCOPES)
def test_settings_come_back_from_a_file(microscope: Microscope, tmp_path: Path) -> None:
    """SIM-20: every field, switches and texts too."""
    path = tmp_path / "microscope.toml"
    write_settings(path, microscope)
    assert read_settings(path) == microscope
    assert read_settings(str(path)) == microscope


def test_a_file_by_hand_sets_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[probe]\nsigma = 0\nslabs = 3\n[contrast]\nmaterial = "Pt"\n')
    expected = Microscope(contrast=Contrast("Pt"), probe=Probe(0.0, slabs=3))
    assert read_settings(path) == expected
    path.write_text("")
    assert read_settings(path) == Microscope()


def test_tables_change_a_microscope() -> None:
    base = PRESETS["ideal"]
    changed = microscope_from_dict({"detector": {"gain": 3.0}}, base)
    assert changed == dataclasses.replace(
        base, detector=dataclasses.replace(base.detector, gain=3.0)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[probe", "is not a TOML file: "),
        ("[probe]\nsigm = 1", "the parameters of probe must be among sigma, .*: 'sigm'"),
        ("[probes]\nsigma = 1", "the stages must be among beam, .* Received: 'probes'"),
        ("probe = 3", "probe must be a table .* Received: 3"),
        ('[probe]\nsigma = "wide"', "Probe.sigma must lie between .* Received: 'wide'"),
        ("[probe]\nsigma = true", "Probe.sigma must lie between .* Received: True"),
        ("[probe]\nsigma = nan", "Probe.sigma must lie between .* Received: nan"),
        ("[probe]\nsigma = -1", "Probe.sigma must lie between .* Received: -1"),
        ("[probe]\ndiffraction = 1", "Probe.diffraction must be true or false. Received: 1"),
        ("[contrast]\nmaterial = 79", "Contrast.material must be a text. Received: 79"),
        ('[contrast]\nmaterial = "Q"', "material must be a chemical formula .* Received: 'Q'"),
        ("[detector]\nbits = 8.5", "Detector.bits must be a whole number. Received: 8.5"),
    ],
)
def test_what_a_file_may_not_say_is_one_sentence_that_names_it(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_settings(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", tmp_path, binary):
        with pytest.raises(InputError, match=path.name):
            read_settings(path)
    with pytest.raises(InputError, match="nowhere"):
        write_settings(tmp_path / "nowhere" / "m.toml", Microscope())


def test_hyperspy_finds_the_standard_keys(tmp_path: Path) -> None:
    """Written to a file and read back by HyperSpy, with nothing lost."""
    microscope, grid = changed(), Grid(sampling=(0.2, 0.1))
    signal = hs.signals.Signal2D(np.zeros((4, 5), np.float32))
    signal.metadata.add_dictionary(metadata(microscope, grid))
    signal.save(tmp_path / "image.hspy")
    read = hs.load(tmp_path / "image.hspy").metadata
    tem = read.Acquisition_instrument.TEM
    assert tem.beam_energy == microscope.beam.high_voltage
    assert tem.beam_current == pytest.approx(microscope.beam.current * 1e-3)
    assert tem.convergence_angle == microscope.beam.convergence
    assert tem.dwell_time == pytest.approx(microscope.scan.dwell * 1e-6)
    assert tem.acquisition_mode == "STEM"
    assert read.Signal.signal_origin == "simulation"
    assert list(read.Sample.elements) == ["Si", "O"]
    assert read.Stem3D.dose == pytest.approx(microscope.electrons_per_pixel / 2)
    assert microscope_from_dict(read.Stem3D.microscope.as_dictionary()) == microscope


def test_metadata_tell_of_the_microscope() -> None:
    """SIM-18: what `metadata` writes is read back, and nonsense is told and left alone."""
    made = Microscope(Beam(high_voltage=80.0, convergence=30.0), scan=Scan(dwell=4.0))
    found, notes = microscope_of_metadata(metadata(made, Grid()))
    assert (found.beam.high_voltage, found.beam.convergence) == (80.0, 30.0)
    assert (found.scan.dwell, notes) == (pytest.approx(4.0), ())
    told = {"Acquisition_instrument": {"TEM": {"beam_energy": -1.0, "dwell_time": "long"}}}
    found, notes = microscope_of_metadata(told)
    assert found == Microscope()
    assert [note.split(" = ")[0] for note in notes] == [
        "The file says beam_energy",
        "The file says dwell_time",
    ]
    assert microscope_of_metadata({}) == (Microscope(), ())
