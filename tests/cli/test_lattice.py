from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.signals import load
from napari_stem3d.simulation import PRESETS, Experiment, write_experiment, write_settings

SMALL = ("--size", "64,80", "--sampling", 0.03)


def test_writes_the_stack_and_its_atoms(stem3d, tmp_path):
    out = tmp_path / "a.hspy"
    call = ("--structure", "WS2", "--vacancies", 0.5, "--vacancy", "W", "--frames", 2)
    result = stem3d("lattice", *call, *SMALL, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    stack, atoms = load(out)[0], pd.read_csv(tmp_path / "atoms.csv", keep_default_na=False)
    assert json.loads(result.stdout) == {"out": str(out), "frames": 2, "sites": len(atoms)}
    assert stack.data.shape == (2, 64, 80)
    assert stack.sampling_nm == pytest.approx((0.03, 0.03))
    assert set(atoms["frame"]) == {0, 1}
    assert set(atoms["element"]) == {"W", "S", ""}
    for _, rows in atoms.groupby("frame"):
        vacancies = rows[rows["class"] == "vacancy"]
        assert len(vacancies) == pytest.approx(0.5 * 64 * 80 * 0.03**2, abs=1)
    np.testing.assert_allclose(atoms["y_nm"], 0.03 * atoms["y"], atol=0.01)
    told = stack.metadata["Stem3D"]
    assert told["simulation"]["defects"]["vacancies"] == 0.5
    assert told["microscope"]["beam"]["high_voltage"] == 80
    assert list(told["truth"]["class"]) == list(atoms["class"])


def test_columns_are_bright_where_the_truth_says(stem3d, tmp_path):
    """Heavy columns lie on maxima of the image, light ones between them are fainter."""
    quiet = ("--detector-efficiency", 1, "--no-detector-shot-noise", "--scan-jitter", 0)
    quiet = (*quiet, "--scan-drift", 0, "--scan-mains", 0, "--scan-wide-band", 0)
    stem3d("lattice", "--structure", "WS2", *SMALL, *quiet, "--out", tmp_path / "a.npz")
    image = load(tmp_path / "a.npz")[0].data[0]
    atoms = pd.read_csv(tmp_path / "atoms.csv")
    rows = np.clip(np.rint(atoms[["y", "x"]].to_numpy()).astype(int), 0, [63, 79])
    seen = image[tuple(rows.T)]
    assert seen[atoms["element"] == "W"].min() > seen[atoms["element"] == "S"].max()


def test_poses_at_random_differ_from_image_to_image(stem3d, tmp_path):
    quiet = ("--no-detector-shot-noise", "--detector-read-out", 0, "--detector-pulse-height", 0)
    quiet = (*quiet, "--scan-jitter", 0, "--scan-drift", 0, "--scan-mains", 0)
    call = (*SMALL, *quiet, "--scan-wide-band", 0, "--frames", 2)
    for name, option in (("still", ()), ("turned", ("--random-pose",))):
        stem3d("lattice", *call, *option, "--out", tmp_path / f"{name}.npz")
    still, turned = (load(tmp_path / f"{n}.npz")[0].data for n in ("still", "turned"))
    np.testing.assert_array_equal(still[0], still[1])
    assert not np.array_equal(turned[0], turned[1])


def test_the_microscope_may_come_from_a_preset_or_a_file(stem3d, tmp_path):
    write_settings(tmp_path / "m.toml", PRESETS["low dose"])
    write_experiment(Experiment(microscope=PRESETS["low dose"]), tmp_path / "e.toml")
    files = [("--config", tmp_path / name) for name in ("m.toml", "e.toml")]
    for option in (*files, ("--preset", "low dose")):
        result = stem3d("lattice", *SMALL, *option, "--out", tmp_path / "a.npz")
        assert result.exit_code == 0, result.stderr
        told = load(tmp_path / "a.npz")[0].metadata["Stem3D"]["microscope"]
        assert told["beam"]["current"] == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--structure", "gold"), "structure must be one of"),
        (("--structure", "none.cif"), "none.cif"),
        (("--structure", "bad.cif"), "bad.cif is not a readable CIF file"),
        (("--zone", "11"), "zone must be"),
        (("--vacancies", -1), "Defects.vacancies"),
        (("--adatoms", 1, "--adatom", "Xy"), "Defects.adatom"),
        (("--thickness", 0), "Lattice.thickness"),
        (("--preset", "best"), "80 kV"),
        (("--preset", "80 kV", "--config", "bad.cif"), "exclude each other"),
        (("--config", "none.toml"), "none.toml cannot be read"),
        (("--beam-current", 0), "Beam.current"),
        (("--frames", 0), "Experiment.frames"),
    ],
)
def test_bad_arguments_are_one_line_on_stderr(stem3d, tmp_path, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "bad.cif"
    broken.write_text("no crystal")
    result = stem3d("lattice", *arguments, *SMALL, "--out", tmp_path / "a.npz")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert part in result.stderr
    assert list(tmp_path.iterdir()) == [broken]
