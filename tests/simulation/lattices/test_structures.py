from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid, Lattice
from napari_stem3d.simulation.lattices import STRUCTURES, fill
from napari_stem3d.simulation.lattices.structures import along_beam, unit_cell, zone_axis

GRID = Grid((200, 200), (0.02, 0.02))


@pytest.mark.parametrize(
    ("name", "formula", "volume_per_atom"),
    [
        ("graphene", "C2", None),
        ("MoS2", "MoS2", None),
        ("WS2", "WS2", None),
        ("SrTiO3", "SrTiO3", 3.905**3 / 5),
        ("Si", "Si8", 5.431**3 / 8),
        ("Au", "Au4", 4.0782**3 / 4),
    ],
)
def test_known_structures(name: str, formula: str, volume_per_atom: float | None):
    atoms = unit_cell(name)
    assert atoms.get_chemical_formula("reduce") == formula or str(atoms.symbols) == formula
    if volume_per_atom:
        assert atoms.get_volume() / len(atoms) == pytest.approx(volume_per_atom)
    else:
        assert list(atoms.pbc) == [True, True, False]


def test_every_structure_has_debye_waller_factors_of_its_elements():
    for name, structure in STRUCTURES.items():
        assert set(structure.debye_waller) == set(unit_cell(name).get_chemical_symbols())


def test_vibration_follows_from_the_debye_waller_factor():
    """A factor B of 0.62 Å² is a vibration of sqrt(B / 8π²) = 0.0886 Å."""
    assert Lattice("Au").vibration("Au") == pytest.approx(0.00886, rel=1e-3)
    assert Lattice("Au", displacement=0.2).vibration("Au") == pytest.approx(0.02)


def test_a_cif_file_is_the_crystal_it_holds(tmp_path: Path):
    path = tmp_path / "perovskite.cif"
    write(path, unit_cell("SrTiO3"))
    own, named = (fill(Lattice(s, thickness=2.0), GRID) for s in (path, "SrTiO3"))
    assert sorted(own.numbers) == sorted(named.numbers)
    np.testing.assert_allclose(
        own.sites[np.lexsort(own.sites.T.round(6))],
        named.sites[np.lexsort(named.sites.T.round(6))],
        atol=1e-6,
    )


@pytest.mark.parametrize("text", ["", "no crystal", "data_x\n_cell_length_a 3\n"])
def test_a_bad_cif_file_is_named_in_one_sentence(tmp_path: Path, text: str):
    path = tmp_path / "bad.cif"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path))) as caught:
        Lattice(path).unit_cell()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("structure", "says"),
    [
        ("unobtainium", "graphene.*Received: 'unobtainium'"),
        ("/nowhere/missing.cif", "exists.*missing.cif"),
        (Atoms(), "at least one atom"),
        (Atoms("C", [[0, 0, np.nan]]), "finite"),
        (Atoms("X", [[0, 0, 0]]), "elements"),
        (Atoms("C", [[0, 0, 0]], cell=[1, 0, 1], pbc=True), "independent"),
        (3.0, "at least one atom"),
    ],
)
def test_structures_that_are_none_are_refused(structure: object, says: str):
    with pytest.raises(InputError, match=says):
        Lattice(structure).unit_cell()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "indices"),
    [("110", (1, 1, 0)), ("1-10", (1, -1, 0)), ("2 -2 4", (1, -1, 2)), ("0,0,12", (0, 0, 1))],
)
def test_zone_axes_are_read(text: str, indices: tuple[int, int, int]):
    assert zone_axis(text) == indices


@pytest.mark.parametrize("text", ["000", "11", "1100", "a b c", "0 0 0"])
def test_zone_axes_that_are_none_are_refused(text: str):
    with pytest.raises(InputError, match="zone must be three indices"):
        Lattice("Au", zone=text)


@pytest.mark.parametrize("zone", ["001", "100", "110", "111", "1-12", "310"])
def test_the_zone_runs_along_the_beam_in_a_right_handed_frame(zone: str):
    cell = bulk("Au", cubic=True).cell[:]
    turn = along_beam(cell, zone)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    beam = turn @ (np.array(zone_axis(zone)) @ cell)
    assert beam[2] == pytest.approx(np.linalg.norm(beam))


def test_a_sheet_is_seen_from_above_only():
    with pytest.raises(InputError, match="zone must be 001"):
        Lattice("graphene", zone="110").unit_cell()
