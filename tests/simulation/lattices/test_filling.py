from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Octahedron

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid, Lattice
from napari_stem3d.simulation.lattices import fill

GRID = Grid((500, 400), (0.02, 0.025))
AREA = 100.0


@pytest.mark.parametrize(
    ("structure", "density"),
    [
        ("graphene", 2 / (0.246**2 * np.sqrt(3) / 2)),
        ("WS2", 3 / (0.3153**2 * np.sqrt(3) / 2)),
        ("SrTiO3", 6 * 5 / 0.3905**2),
        ("Si", 6 * 8 / 0.5431**2 * np.sqrt(2)),
        ("Au", 6 * 4 / 0.40782**2 * np.sqrt(2)),
    ],
)
@pytest.mark.parametrize("rotation", [0.0, 27.0])
def test_atoms_per_area(structure: str, density: float, rotation: float):
    """The density of the crystal times its thickness, six cells along the zone."""
    specimen = fill(Lattice(structure, rotation=rotation, cells=6), GRID)
    assert len(specimen) / AREA == pytest.approx(density, rel=0.02)


@pytest.mark.parametrize(("structure", "each"), [("SrTiO3", {7, 14}), ("Au", {7}), ("Si", {7})])
def test_cells_count_the_repeats_along_the_beam(structure: str, each: set[int]):
    """Along <110> the primitive period is half of [110], so a repeat holds two atoms there."""
    counts = set(fill(Lattice(structure, cells=7), GRID).counts().tolist())
    assert counts == ({2 * n for n in each} if structure != "SrTiO3" else each)


def test_columns_of_strontium_titanate():
    specimen = fill(Lattice("SrTiO3", cells=10), GRID)
    kinds = dict(zip(specimen.elements(), specimen.counts().tolist()))
    assert kinds == {"Sr": 10, "Ti+O": 20, "O": 10}


def test_no_atom_of_the_field_is_missing_when_tilted_and_strained():
    """A narrow view sees what a wide view sees there."""
    lattice = Lattice(
        "SrTiO3", thickness=6, rotation=33, tilt_x=20, tilt_y=-15, eps_xx=4, eps_xy=-3, shift_x=0.3
    )
    narrow = Grid((101, 101), (0.02, 0.02))
    wide = Grid((401, 401), (0.02, 0.02))
    own, all_of_them = fill(lattice, narrow), fill(lattice, wide)
    offset = np.array(wide.centre) - np.array(narrow.centre)
    there = np.abs(all_of_them.sites - offset - narrow.centre).max(axis=1) <= narrow.extent[0] / 2
    expected = all_of_them.keep(there)
    assert len(own) == len(expected)
    for seen in (own, expected):
        assert (seen.counts() > 0).all()
    np.testing.assert_allclose(own.sites, expected.sites - offset, atol=1e-9)


def test_a_tilt_foreshortens_a_sheet():
    flat, tilted = fill(Lattice("graphene"), GRID), fill(Lattice("graphene", tilt_x=30), GRID)
    assert len(tilted) / len(flat) == pytest.approx(1 / np.cos(np.pi / 6), rel=0.02)


def test_a_tilt_smears_a_column_by_the_sine_times_the_thickness():
    specimen = fill(Lattice("SrTiO3", cells=20, tilt_x=4), GRID)
    column = specimen.columns == specimen.elements().index("Sr")
    spread = np.ptp(specimen.positions[column, 0])
    assert spread == pytest.approx(19 * 0.3905 * np.sin(np.radians(4)), rel=1e-6)
    across = np.ptp(specimen.positions[column, 1])
    assert across == pytest.approx(0, abs=1e-9)


def test_a_rotation_turns_x_towards_y():
    """Turned by 10°, the nearest strontium in the row lies lower on the right."""
    specimen = fill(Lattice("SrTiO3", rotation=10), GRID)
    sr = specimen.sites[np.array(specimen.elements()) == "Sr"]
    steps = sr - sr[len(sr) // 2]
    step = next(s for s in steps if 0.38 < np.hypot(*s) < 0.4 and s[1] > 0.3)
    assert np.degrees(np.arctan2(*step)) == pytest.approx(10, abs=1e-6)


def test_the_strain_grows_along_x():
    specimen = fill(Lattice("SrTiO3", strain_gradient=1.0), GRID)
    x = np.unique(specimen.sites[:, 1].round(6)) - GRID.centre[1]
    middles, steps = (x[1:] + x[:-1]) / 2, np.diff(x)
    slope = np.polyfit(middles, steps / (0.3905 / 2) - 1, 1)[0]
    assert slope == pytest.approx(0.01, rel=0.01)


def test_atoms_that_do_not_repeat_are_shown_once_in_the_middle():
    cluster = Octahedron("Au", length=5)
    specimen = fill(Lattice(cluster), GRID)
    assert len(specimen) == len(cluster)
    middle = (specimen.positions.min(axis=0) + specimen.positions.max(axis=0)) / 2
    np.testing.assert_allclose(middle, GRID.centre, atol=1e-9)


def test_a_chain_repeats_along_its_own_axis_only():
    chain = Atoms("C", [[0, 0, 0]], cell=[1.5, 0, 0], pbc=[True, False, False])
    specimen = fill(Lattice(chain), GRID)
    assert len(specimen) == pytest.approx(GRID.extent[1] / 0.15, abs=1)
    assert np.ptp(specimen.sites[:, 0]) == pytest.approx(0)


def test_atoms_for_other_programs_are_in_angstrom():
    specimen = fill(Lattice("Au"), GRID)
    atoms = specimen.to_ase()
    np.testing.assert_allclose(atoms.positions[:, 1], specimen.positions[:, 0] * 10)
    assert np.ptp(atoms.positions[:, 2]) == pytest.approx(50, abs=2)


@pytest.mark.parametrize(
    ("lattice", "says"),
    [
        (Lattice("Au", thickness=1000), "twenty million"),
        (Lattice("Au", strain_gradient=10), "strain_gradient"),
    ],
)
def test_what_cannot_be_built_is_refused(lattice: Lattice, says: str):
    with pytest.raises(InputError, match=says):
        fill(lattice, Grid((2048, 2048), (0.05, 0.05)))
