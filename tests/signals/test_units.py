import numpy as np
import pytest

from napari_stem3d.signals.units import clean_units, is_diffraction, nanometres


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("nm", 1),
        (" nm ", 1),
        ("nm/px", 1),
        ("µm", 1e3),
        ("μm", 1e3),
        ("um", 1e3),
        ("micron", 1e3),
        ("m", 1e9),
        ("pm", 1e-3),
        ("A", 0.1),
        ("Å", 0.1),
        ("\N{ANGSTROM SIGN}", 0.1),
        ("Angstrom", 0.1),
    ],
)
def test_lengths_along_the_image(text, nm):
    units, understood = clean_units(text, image_axis=True)
    assert understood
    assert nanometres(units) == nm


@pytest.mark.parametrize(
    "text", [None, [], "", " ", "<undefined>", "px", "pixels", "Pixel", "frame", "a.u.", "none", 3]
)
@pytest.mark.parametrize("image_axis", [True, False])
def test_no_units(text, image_axis):
    assert clean_units(text, image_axis=image_axis) == ("", True)


@pytest.mark.parametrize("text", ["bananas", "Time (s)", "e-", "2 nm", "NM"])
def test_unknown_units_are_left_out_and_reported(text):
    assert clean_units(text, image_axis=True) == ("", False)


def test_ampere_along_a_series_stays_ampere():
    assert clean_units("A", image_axis=False) == ("A", True)


@pytest.mark.parametrize("text", ["nm", "µm", "um", "s", "1/nm", "°C", "V"])
def test_spelling_that_pint_knows_is_kept(text):
    assert clean_units(text, image_axis=False) == (text, True)


@pytest.mark.parametrize("units", ["1/nm", "1 / nm", "nm^-1", "1/Å", "mrad", "rad", "deg", "1/px"])
def test_units_of_diffraction(units):
    assert is_diffraction(units)
    assert nanometres(units) is None


@pytest.mark.parametrize("units", ["", "nm", "s", "°C", "pixel", "%", "eV"])
def test_other_units(units):
    assert not is_diffraction(units)


def test_factors_have_no_rounding_dust():
    assert [nanometres(u) for u in ("µm", "mm", "m")] == [1e3, 1e6, 1e9]
    assert np.isclose(nanometres("inch"), 25.4e6)
