"""Cross sections against the table of physics.md, 5.1, and what thickness makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Beam, Contrast
from napari_stem3d.simulation.microscope.contrast import (
    annulus_cross_section,
    local_exponent,
    number_densities,
    screening_angle,
)

BEAM = Beam(200.0)
# Element, density; atoms/nm³, θ₀, σ(30-200), σ(60-200), n(30), n(60), μ(60-200), and the
# thicknesses where the linear model is 10 % too high (60-200 and 30-200 mrad).
TABLE = [
    ("Au", 0.0, 59.0, 32.4, 6.7e-4, 2.6e-4, 1.64, 1.85, 0.0155, 13, 5.2),
    ("Pt", 0.0, 66.2, 32.2, 6.6e-4, 2.6e-4, 1.64, 1.85, 0.0170, 12, 4.7),
    ("Ag", 0.0, 58.6, 27.2, 2.9e-4, 1.0e-4, 1.70, 1.89, 0.0059, 35, 12),
    ("Pd", 0.0, 68.0, 27.0, 2.8e-4, 9.6e-5, 1.70, 1.89, 0.0065, 32, 11),
    ("Cu", 0.0, 84.9, 23.2, 1.2e-4, 4.0e-5, 1.75, 1.91, 0.0034, 61, 20),
    ("Si", 0.0, 50.0, 18.2, 3.4e-5, 9.9e-6, 1.82, 1.94, 5.0e-4, 416, 121),
    ("C", 2.0, 100.0, 13.7, 7.1e-6, 1.9e-6, 1.88, 1.97, 1.9e-4, 1100, 290),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_every_number_of_the_table(row: tuple) -> None:
    """SIM-09: cross sections and exponents follow from the angles."""
    material, grams, atoms, angle, wide, narrow, n_wide, n_narrow, per_nm, far, near = row
    ((number, density),) = number_densities(material, grams)
    assert density == pytest.approx(atoms, rel=0.005)
    assert screening_angle(BEAM, number) == pytest.approx(angle, abs=0.05)
    for inner, sigma, exponent, thickness in (
        (30.0, wide, n_wide, near),
        (60.0, narrow, n_narrow, far),
    ):
        contrast = Contrast(material, grams, inner)
        assert contrast.cross_section(BEAM, number) == pytest.approx(sigma, rel=0.045)  # two digits
        assert local_exponent(BEAM, number, inner) == pytest.approx(exponent, abs=0.005)
        # The table's thicknesses are those of μ t = 0.2 within its rounding.
        assert contrast.linear_error(thickness, BEAM) == pytest.approx(9.7, abs=0.7)
    assert Contrast(material, grams).per_nm(BEAM) == pytest.approx(per_nm, rel=0.02)


@pytest.mark.parametrize("voltage", [80.0, 300.0])
@pytest.mark.parametrize("number", [6, 29, 79])
def test_the_whole_sphere_scatters_as_much_as_is_known(voltage: float, number: int) -> None:
    # Total elastic cross section of Wentzel's atom, h² Z^(4/3) / (π E₀² β²) in its old notation.
    beam = Beam(voltage)
    beta2 = 1 - 1 / beam.mass_ratio**2
    hc, rest = 1.239841984, 510.99895
    total = hc**2 * number ** (4 / 3) / (np.pi * rest**2 * beta2)
    assert annulus_cross_section(beam, number, 0.0, 1e9) == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("inner", [10.0, 40.0, 120.0])
def test_the_local_exponent_is_the_slope_of_the_cross_section(inner: float) -> None:
    below, above = (annulus_cross_section(BEAM, z, inner, 1e9) for z in (78, 80))
    slope = np.log(above / below) / np.log(80 / 78)
    assert local_exponent(BEAM, 79, inner) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("exponent", [1.3, 1.7, 2.0])
def test_doubling_z_multiplies_the_signal_by_two_to_the_exponent(exponent: float) -> None:
    """SIM-09: the exponent is a parameter; gold keeps its cross section."""
    contrast = Contrast(exponent=exponent)
    ratio = contrast.cross_section(BEAM, 78) / contrast.cross_section(BEAM, 39)
    assert ratio == pytest.approx(2**exponent, rel=1e-12)
    assert contrast.per_nm(BEAM) == pytest.approx(Contrast().per_nm(BEAM))


def test_atoms_of_a_compound_add_up() -> None:
    densities = dict(number_densities("SiO2", 2.2))
    assert densities[8] == pytest.approx(2 * densities[14])
    assert densities[14] == pytest.approx(2.2 * 602.214 / 60.084, rel=1e-4)
    contrast = Contrast("SiO2", 2.2)
    expected = sum(n * contrast.cross_section(BEAM, z) for z, n in densities.items())
    assert contrast.per_nm(BEAM) == pytest.approx(expected)
    assert Contrast("SiO2@2.2").per_nm(BEAM) == pytest.approx(expected)
    assert Contrast("PdAu", 15.0).elements == ["Pd", "Au"]


def test_signal_scales_with_density_calibration_and_attenuation() -> None:
    gold = Contrast().per_nm(BEAM)
    assert Contrast(density=9.65).per_nm(BEAM) == pytest.approx(gold / 2)
    assert Contrast(calibration=1.3).per_nm(BEAM) == pytest.approx(1.3 * gold)
    assert Contrast(attenuation=0.02).per_nm(BEAM) == pytest.approx(0.02)


@pytest.mark.parametrize("contrast", [Contrast(), Contrast(attenuation=0.5), Contrast(exponent=2)])
def test_other_materials_keep_their_ratio_to_the_particles(contrast: Contrast) -> None:
    ratio = contrast.per_nm(BEAM, "Ag") / contrast.per_nm(BEAM)
    z = contrast.cross_section(BEAM, 47) / contrast.cross_section(BEAM, 79)
    assert ratio == pytest.approx(z * 58.6 / 59.0, rel=2e-3)
    assert contrast.per_nm(BEAM, "Au") == contrast.per_nm(BEAM)


@pytest.mark.parametrize(("x", "percent"), [(0.02, 1.0), (0.2, 9.4), (1.0, 36.8)])
def test_how_far_saturation_falls_below_the_linear_signal(x: float, percent: float) -> None:
    """P-2, SIM-10: the two models agree within 1 % for μt up to 0.02."""
    thickness = np.full((2, 3), x / Contrast().per_nm(BEAM), np.float32)
    linear = Contrast().fraction(thickness, BEAM)
    saturating = Contrast(saturating=True).fraction(thickness, BEAM)
    np.testing.assert_allclose(linear, x, rtol=1e-6)
    np.testing.assert_allclose(100 * (1 - saturating / linear), percent, atol=0.05)
    np.testing.assert_allclose(Contrast().linear_error(thickness, BEAM), percent, atol=0.05)


def test_where_there_is_nothing_the_linear_model_is_right() -> None:
    np.testing.assert_allclose(Contrast().linear_error([0.0, 1e-9], BEAM), 0, atol=1e-6)


def test_nothing_scatters_more_electrons_than_there_are() -> None:
    thick = np.array([0, 1, 1e2, 1e4, 1e6], np.float32)
    fraction = Contrast(saturating=True).fraction(thick, BEAM)
    assert (np.diff(fraction) >= 0).all()
    assert (fraction[0], fraction[-1]) == (0, 1)


@pytest.mark.parametrize("saturating", [False, True])
def test_the_thickness_comes_back_from_the_fraction(saturating: bool) -> None:
    """SIM-08: thickness from intensity."""
    contrast = Contrast("Pt", saturating=saturating)
    thickness = np.linspace(0, 150, 40, dtype=np.float32)
    back = contrast.thickness(contrast.fraction(thickness, BEAM), BEAM)
    np.testing.assert_allclose(back, thickness, rtol=1e-4)
    assert back.dtype == np.float32


@pytest.mark.parametrize("material", ["", "Xx", "gold", "au", "Si(O2", "(" * 3000, "💥", "Au0"])
def test_what_is_no_formula_is_refused(material: str) -> None:
    with pytest.raises(InputError, match=r"^material must be a chemical formula such as "):
        Contrast(material)


def test_a_compound_without_a_density_is_refused() -> None:
    with pytest.raises(InputError, match=r"^material must name its density .* Received: 'SiO2'$"):
        Contrast("SiO2")
    with pytest.raises(InputError, match="density"):
        Contrast().per_nm(BEAM, "SiO2")


@pytest.mark.parametrize(("inner", "outer"), [(200.0, 200.0), (90.0, 30.0)])
def test_a_detector_inside_out_is_refused(inner: float, outer: float) -> None:
    with pytest.raises(InputError, match=r"^Contrast.inner must be smaller than Contrast.outer"):
        Contrast(inner=inner, outer=outer)


@pytest.mark.parametrize("exponent", [0.1, 1.0, 1.29])
def test_exponents_that_no_atom_has_are_refused(exponent: float) -> None:
    with pytest.raises(InputError, match=r"^Contrast.exponent must be 0 or lie between 1.3 and 2"):
        Contrast(exponent=exponent)
