"""P-11: our scattering beside numbers of abTEM that benchmarks/abtem_reference.py has stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d.simulation import Beam, Contrast

STORED = json.loads(
    (Path(__file__).parents[3] / "benchmarks" / "abtem_reference.json").read_text(encoding="utf-8")
)
THICKNESS = np.array(STORED["thickness_nm"], np.float32)
OFF_AXIS = [name for name in STORED if name.startswith("off axis")]


def ratios(name: str, inner: float, saturating: bool) -> np.ndarray:
    contrast = Contrast(inner=inner, outer=200.0, saturating=saturating)
    exact = np.array(STORED[name][f"fraction {inner:g}-200 mrad"])
    return contrast.fraction(THICKNESS, Beam()) / exact


@pytest.mark.parametrize("inner", [30.0, 60.0])
@pytest.mark.parametrize("name", OFF_AXIS)
def test_the_ratio_to_abtem_is_constant_from_1_to_10_nm(name: str, inner: float):
    """P-11: within 15 % for a cuboid of gold off axis, once electrons may run out."""
    found = ratios(name, inner, saturating=True)
    assert found.max() / found.min() < 1.15


@pytest.mark.parametrize("name", OFF_AXIS)
def test_the_linear_model_is_off_by_what_it_says(name: str):
    """P-2: beyond some 8 nm of gold the linear model leaves the 15 %, as its error announces."""
    found = ratios(name, 60.0, saturating=False)
    assert found[:7].max() / found[:7].min() < 1.15 < found.max() / found.min()


@pytest.mark.parametrize("inner", [30.0, 60.0])
def test_on_a_zone_axis_the_model_does_not_hold(inner: float):
    """Channelling along the columns of <001> is left out, as the documentation says."""
    found = ratios("zone axis 001", inner, saturating=True)
    assert found.max() / found.min() > 1.3


def test_off_axis_the_orientation_hardly_matters():
    first, second = (np.array(STORED[name]["fraction 60-200 mrad"]) for name in OFF_AXIS)
    np.testing.assert_allclose(first, second, rtol=0.04)


@pytest.mark.parametrize("voltage", [80, 200])
def test_cross_sections_of_atoms(voltage: int):
    """5.1: 1.2 to 2 times abTEM's, more for heavy atoms, so that the exponent is 0.2 too high."""
    exact = STORED["cross_sections_nm2"][f"{voltage} kV"]["60-200"]
    numbers, sections = np.array([int(z) for z in exact]), np.array(list(exact.values()))
    contrast, beam = Contrast(inner=60.0, outer=200.0), Beam(high_voltage=float(voltage))
    ours = np.array([contrast.cross_section(beam, z) for z in numbers.tolist()])
    assert (ours / sections > 1.2).all() and (ours / sections < 2).all()
    exponents = [np.polyfit(np.log(numbers), np.log(values), 1)[0] for values in (ours, sections)]
    assert 0 < exponents[0] - exponents[1] < 0.2
