from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Defects, Lattice


def test_fields_carry_what_forms_and_options_need():
    for kind in (Lattice, Defects):
        for field in dataclasses.fields(kind):
            assert field.metadata["doc"]
            if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
                assert field.metadata["min"] <= field.default <= field.metadata["max"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("thickness", 0.0),
        ("thickness", -1.0),
        ("thickness", math.nan),
        ("thickness", math.inf),
        ("thickness", "thin"),
        ("cells", 1.5),
        ("cells", True),
        ("tilt_x", 90.0),
        ("eps_xx", -100.0),
        ("displacement", -0.1),
        ("displacement", 5.0),
    ],
)
def test_bad_values_are_refused_in_one_sentence(name: str, value: object):
    with pytest.raises(InputError, match=rf"Lattice\.{name} must .*\. Received: ") as caught:
        Lattice("Au", **{name: value})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_bad_values_are_refused_beside_given_atoms_too():
    from ase.build import bulk

    with pytest.raises(InputError, match=r"Lattice\.thickness"):
        Lattice(bulk("Au"), thickness=0.0)


def test_turning_back_and_forth():
    assert Lattice(rotation=350).turned(20).rotation == pytest.approx(10)


def test_the_simulation_loads_without_ase():
    code = "import sys, napari_stem3d.simulation; sys.exit('ase' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
