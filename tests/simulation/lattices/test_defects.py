from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Defects, Grid, Lattice
from napari_stem3d.simulation.lattices import CLASSES, Specimen, fill
from napari_stem3d.simulation.lattices.specimen import SYMBOLS

GRID = Grid((400, 500), (0.02, 0.02))
AREA = 80.0


def make(lattice: Lattice, defects: Defects, key: int = 0) -> Specimen:
    return defects.apply(defects.grains(lattice, GRID, margin=0.3), GRID, key)


def of_class(specimen: Specimen, name: str) -> np.ndarray:
    return np.flatnonzero(specimen.classes == CLASSES.index(name))


def test_vacancies_are_missing_where_they_are_told():
    perfect = fill(Lattice("WS2"), GRID, 0.3)
    specimen = make(Lattice("WS2"), Defects(vacancies=0.5, vacancy="S"))
    missing = of_class(specimen, "vacancy")
    assert len(missing) == pytest.approx(0.5 * AREA, abs=1)
    assert len(specimen) == len(perfect) - len(missing)
    np.testing.assert_array_equal(specimen.sites, perfect.sites)
    assert set(perfect.counts()[missing]) == {2} and set(specimen.counts()[missing]) == {1}
    assert {specimen.elements()[i] for i in missing} == {"S"}


def test_a_whole_column_can_be_missing():
    defects = Defects(vacancies=0.5, vacancy="S", whole_columns=True)
    specimen = make(Lattice("WS2"), defects)
    missing = of_class(specimen, "vacancy")
    assert set(specimen.counts()[missing]) == {0}
    assert {specimen.elements()[i] for i in missing} == {""}


def test_any_element_can_be_missing():
    specimen = make(Lattice("WS2"), Defects(vacancies=5, whole_columns=True))
    perfect = fill(Lattice("WS2"), GRID, 0.3).elements()
    kinds = [perfect[i] for i in of_class(specimen, "vacancy")]
    share = kinds.count("W") / len(kinds)
    assert share == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / len(kinds)))


def test_substitutions_are_of_the_other_element():
    defects = Defects(substitutions=1, replaced="W", substitute="Mo")
    specimen = make(Lattice("WS2"), defects)
    foreign = of_class(specimen, "substitution")
    assert len(foreign) == pytest.approx(AREA, abs=1)
    elements = specimen.elements()
    assert {elements[i] for i in foreign} == {"Mo"}
    assert elements.count("Mo") == len(foreign)


def test_in_a_thick_column_one_atom_is_another():
    specimen = make(
        Lattice("SrTiO3", cells=10), Defects(substitutions=0.5, replaced="Ti", substitute="Fe")
    )
    foreign = of_class(specimen, "substitution")
    assert {specimen.elements()[i] for i in foreign} == {"Fe+Ti+O"}
    assert np.sum(specimen.numbers == SYMBOLS.index("Fe")) == len(foreign)


def test_adatoms_lie_between_the_columns():
    specimen = make(Lattice("graphene"), Defects(adatoms=0.5, adatom="Si"))
    added = of_class(specimen, "adatom")
    assert len(added) == pytest.approx(0.5 * AREA, abs=1)
    rest = np.delete(specimen.sites, added, axis=0)
    gaps, _ = cKDTree(rest).query(specimen.sites[added])
    assert np.median(gaps) > 0.12  # of 0.142 nm in the middle of a hexagon
    assert specimen.inside(GRID)[added].all()


def test_every_site_has_one_defect_and_each_kind_its_own_randomness():
    alone = make(Lattice("graphene"), Defects(vacancies=2))
    together = make(
        Lattice("graphene"), Defects(vacancies=2, substitutions=2, substitute="N", adatoms=1)
    )
    np.testing.assert_array_equal(of_class(alone, "vacancy"), of_class(together, "vacancy"))
    counts = np.bincount(together.classes, minlength=5)
    assert counts[1] == pytest.approx(160, abs=1) and counts[2] == pytest.approx(160, abs=1)


def test_equal_keys_give_equal_defects():
    first, again, other = (
        of_class(make(Lattice("graphene"), Defects(vacancies=1), key), "vacancy")
        for key in (7, 7, 2**63 + 5)
    )
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_densities_are_met_on_average():
    grid = Grid((100, 100), (0.02, 0.02))
    crystal = fill(Lattice("graphene"), grid)
    defects = Defects(vacancies=0.1)
    counts = [of_class(defects.apply(crystal, grid, k), "vacancy").size for k in range(400)]
    assert np.mean(counts) == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 400))


def test_two_grains_meet_without_overlap():
    defects = Defects(boundary_angle=20, boundary_direction=30, boundary_offset=1.0)
    specimen = make(Lattice("graphene"), defects)
    assert cKDTree(specimen.sites).query(specimen.sites, k=2)[0][:, 1].min() > 0.6 * 0.142 - 1e-9
    normal = np.array([np.sin(np.pi / 6), np.cos(np.pi / 6)])
    beyond = (specimen.sites - np.array(GRID.centre)) @ normal - 1.0
    np.testing.assert_array_equal(specimen.classes == 4, np.abs(beyond) < specimen.spacing)
    for side, rotation in ((beyond < -0.2, 0.0), (beyond > 0.2, 20.0)):
        reference = fill(Lattice("graphene", rotation=rotation), GRID, 0.3)
        gaps, _ = cKDTree(reference.sites).query(specimen.sites[side])
        assert gaps.max() < 1e-9


def test_grains_alike_are_one_crystal():
    """Turned by 90°, strontium titanate lies on itself."""
    lattice = Lattice("SrTiO3")
    one, two = fill(lattice, GRID), Defects(boundary_angle=90).grains(lattice, GRID)
    gaps, _ = cKDTree(one.sites).query(two.sites)
    assert gaps.max() < 1e-9 and len(one.sites) == len(two.sites)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"vacancies": -1.0}, r"Defects\.vacancies must lie between"),
        ({"vacancies": float("nan")}, r"Defects\.vacancies"),
        ({"vacancy": "Xx"}, r"Defects\.vacancy must be the symbol.*'Xx'"),
        ({"adatom": ""}, r"Defects\.adatom must be the symbol"),
        ({"substitutions": 1.0}, r"Defects\.substitute must name"),
        ({"substitute": "C", "replaced": "C"}, "another element"),
        ({"whole_columns": 1}, r"Defects\.whole_columns"),
    ],
)
def test_bad_values_are_refused(values: dict[str, object], says: str):
    with pytest.raises(InputError, match=says):
        Defects(**values)  # type: ignore[arg-type]


def test_more_defects_than_atoms_are_refused():
    with pytest.raises(InputError, match=r"Defects\.vacancies must find perfect sites that hold W"):
        make(Lattice("WS2"), Defects(vacancies=20, vacancy="W"))
    with pytest.raises(InputError, match=r"asks for \d+ of 0"):
        make(Lattice("WS2"), Defects(vacancies=1, vacancy="Au"))
