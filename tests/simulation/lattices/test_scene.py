from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from napari_stem3d.simulation import (
    Dataset,
    Defects,
    Grid,
    Lattice,
    LatticeScene,
    Microscope,
    RandomLattices,
    Scan,
)
from napari_stem3d.simulation.lattices import ATOMIC

GRID = Grid((300, 300), (0.02, 0.02))


def expected(lattice: Lattice, microscope: Microscope, grid: Grid = GRID, **defects: object):
    scene = LatticeScene(lattice, grid, microscope, Defects(**defects))  # type: ignore[arg-type]
    return scene.image(np.random.default_rng(5))


@pytest.mark.parametrize(
    ("structure", "period"),
    [
        ("graphene", 0.246),
        ("MoS2", 0.316),
        ("WS2", 0.3153),
        ("SrTiO3", 0.3905),
        ("Si", 0.5431 * np.sqrt(3 / 8)),
        ("Au", 0.40782 * np.sqrt(3 / 8)),
    ],
)
def test_the_lattice_constant_is_measured_back(
    structure: str, period: float, blurred: Microscope, periods: Callable[..., np.ndarray]
):
    """The shortest shift under which the image repeats: half a face diagonal's for <110>."""
    image = expected(Lattice(structure, rotation=11, cells=3), blurred).image
    assert np.hypot(*periods(image)[0]) * 0.02 == pytest.approx(period, rel=0.01)


def test_strain_moves_the_peaks_as_predicted(
    blurred: Microscope, periods: Callable[..., np.ndarray]
):
    lattice = Lattice("SrTiO3", cells=3, eps_xx=6, eps_yy=-4, eps_xy=3)
    found = periods(expected(lattice, blurred).image) * 0.02
    for x, y in ((0.3905, 0.0), (0.0, 0.3905)):
        wanted = np.array([0.03 * x + 0.96 * y, 1.06 * x + 0.03 * y])
        gap = np.linalg.norm(found - wanted, axis=1).min()
        assert min(gap, np.linalg.norm(found + wanted, axis=1).min()) < 0.01 * 0.39


def test_a_tilt_shortens_the_periods(blurred: Microscope, periods: Callable[..., np.ndarray]):
    image = expected(Lattice("graphene", tilt_y=35), blurred).image
    found = periods(image) * 0.02
    wanted = np.array([0.0, 0.246 * np.cos(np.radians(35))])
    assert np.linalg.norm(found - wanted, axis=1).min() < 0.002


def test_an_atom_scatters_its_cross_section(sharp: Microscope):
    """SIM-09: single atoms of W and S differ by (74/16)^n exactly, each σ N / pixel area."""
    signals = {}
    for symbol, number in (("W", 74), ("S", 16)):
        image = expected(Lattice(Atoms(symbol, [[0, 0, 0]])), sharp, Grid((65, 65), (0.02, 0.02)))
        assert image.fraction.min() > -1e-6 * image.fraction.max()
        signals[symbol] = image.image.sum(dtype=float)
        section = sharp.contrast.cross_section(sharp.beam, number)
        electrons = section / 0.02**2 * sharp.electrons_per_pixel
        assert signals[symbol] == pytest.approx(electrons, rel=1e-5)
    assert signals["W"] / signals["S"] == pytest.approx((74 / 16) ** 1.7, rel=1e-5)


def test_columns_of_tungsten_and_sulfur(sharp: Microscope):
    """SIM-09: the sum around W over that around two S is (74/16)^n / 2."""
    sample = expected(Lattice("WS2"), sharp)
    labels, elements = sample.labels(0.08), sample.sites.elements()
    inside = ((sample.positions > 6) & (sample.positions < 293)).all(axis=1)
    sums = np.bincount(labels.ravel(), sample.image.ravel().astype(float))[1:]
    tungsten, sulfur = (sums[inside & (np.array(elements) == name)] for name in ("W", "S"))
    np.testing.assert_allclose(tungsten, tungsten[0], rtol=1e-4)
    assert tungsten.mean() / sulfur.mean() == pytest.approx((74 / 16) ** 1.7 / 2, rel=1e-4)


def test_with_angles_the_microscope_tells_the_contrast():
    contrast, beam = ATOMIC["200 kV"].contrast, ATOMIC["200 kV"].beam
    bright = replace(ATOMIC["200 kV"], contrast=replace(contrast, calibration=0.6))
    lattice = Lattice(Atoms("Au", [[0, 0, 0]]))
    for microscope, factor in ((ATOMIC["200 kV"], 1.0), (bright, 0.6)):
        fraction = expected(lattice, microscope).fraction
        assert fraction.sum() * 0.02**2 == pytest.approx(
            factor * contrast.cross_section(beam, 79), rel=1e-5
        )


def test_a_vacancy_is_dark_and_takes_its_signal_away(sharp: Microscope):
    whole = expected(Lattice("graphene"), sharp)
    holes = expected(Lattice("graphene"), sharp, vacancies=0.5)
    away = holes.classes == "vacancy"
    assert away.sum() == pytest.approx(18, abs=1)
    sums = np.bincount(holes.labels(0.06).ravel(), holes.image.ravel().astype(float))[1:]
    one = np.median(sums)
    assert np.abs(sums[away]).max() < 1e-3 * one
    inside = ((holes.positions > 4) & (holes.positions < 295)).all(axis=1)
    lost = float(whole.image.sum(dtype=float) - holes.image.sum(dtype=float))
    assert lost == pytest.approx(away.sum() * one, abs=one * (away & ~inside).sum() + 0.01 * one)


def test_the_probe_sees_beyond_the_edge_of_the_image(blurred: Microscope):
    """A small image is a part of a large one."""
    wide = Grid((400, 400), (0.02, 0.02))
    small = expected(Lattice("WS2", rotation=7), blurred).image
    large = expected(Lattice("WS2", rotation=7), blurred, wide).image[50:350, 50:350]
    np.testing.assert_allclose(small, large, atol=1e-4 * large.max())


def test_thermal_vibration_widens_the_atoms(sharp: Microscope):
    peaks = [
        expected(Lattice("Au", displacement=a, cells=1), sharp).fraction.max() for a in (0.3, 0.6)
    ]
    assert peaks[0] / peaks[1] == pytest.approx(4, rel=0.02)


def test_a_tilted_column_is_a_streak(blurred: Microscope):
    """Variance along y grows by (t sin θ)² / 12 of a column of thickness t."""
    column = Atoms("Au", [[0, 0, 0]], cell=[9, 9, 2.5], pbc=True)

    def width(tilt: float) -> float:
        lattice = Lattice(column, cells=40, tilt_x=tilt, shift_y=0.0)
        image = expected(lattice, blurred, Grid((45, 45), (0.02, 0.02))).image.astype(float)
        y = (np.arange(45) - 22) * 0.02
        profile = image.sum(axis=1) / image.sum()
        return float(profile @ y**2 - (profile @ y) ** 2)

    grown = width(1.5) - width(0.0)
    assert grown == pytest.approx((10 * np.sin(np.radians(1.5))) ** 2 / 12, rel=0.02)


def test_the_truth_lies_where_the_displaced_scan_shows_it(blurred: Microscope):
    """Centres of mass of single atoms, under drift, mains, wide-band noise and line jitter."""
    shaken = Scan(drift=3, drift_direction=30, mains=0.02, wide_band=3, jitter=0.005)
    lattice = Lattice(Atoms("Au", [[0, 0, 0]], cell=[6, 6, 1], pbc=[True, True, False]))
    sample = expected(lattice, replace(blurred, scan=shaken))
    y, x = np.indices(GRID.gpts)
    errors, moved = [], []
    straight = sample.sites.sites / np.array(GRID.sampling)
    for place, ideal in zip(sample.positions, straight):
        if ((place > 15) & (place < 284)).all():
            near = np.hypot(y - place[0], x - place[1]) < 11
            light = np.where(near, sample.image.astype(float), 0)
            centre = np.array([(y * light).sum(), (x * light).sum()]) / light.sum()
            errors.append(np.hypot(*(centre - place)))
            moved.append(np.hypot(*(centre - ideal)))
    assert len(errors) > 60 and np.median(moved) > 1.0
    assert np.mean(errors) < 0.06 and max(errors) < 0.25


def test_samples_depend_on_seed_and_index_alone():
    scenes = [
        LatticeScene(Lattice(name), Grid((64, 64), (0.02, 0.02)), defects=Defects(vacancies=1.0))
        for name in ("graphene", "MoS2")
    ]
    series = Dataset(RandomLattices(scenes), 6, seed=4)  # type: ignore[arg-type]
    ahead = [series[i] for i in range(6)]
    for i in (3, 0, 5):
        again = series[i]
        np.testing.assert_array_equal(again.image, ahead[i].image)
        assert again.truth() == ahead[i].truth()  # type: ignore[comparison-overlap]
    np.testing.assert_array_equal(series.images(), [sample.image for sample in ahead])
    np.testing.assert_array_equal(series.to_dask(chunk=4)[3:5].compute(), series.images(3, 5))
    assert len({sample.image.tobytes() for sample in ahead}) == 6
    other = Dataset(RandomLattices(scenes), 6, seed=5)  # type: ignore[arg-type]
    assert (other[0].image != ahead[0].image).any()


@pytest.mark.parametrize("name", list(ATOMIC))
def test_the_microscopes_resolve_dumbbells(name: str, periods: Callable[..., np.ndarray]):
    """Graphene's bonds of 0.142 nm show a dip halfway between the atoms."""
    quiet = replace(ATOMIC[name], detector=replace(ATOMIC[name].detector, shot_noise=False))
    sample = expected(Lattice("graphene"), quiet, Grid((200, 200), (0.01, 0.01)))
    places = sample.positions
    away = np.linalg.norm(places[:, None] - places, axis=2)
    pairs = np.argwhere(np.triu((away > 13) & (away < 15)))
    pairs = [p for p in pairs if ((places[p] > 10) & (places[p] < 189)).all()]
    assert len(pairs) > 50
    atoms = [sample.image[tuple(np.rint(places[i]).astype(int))] for i, _ in pairs]
    bonds = [sample.image[tuple(np.rint(places[p].mean(axis=0)).astype(int))] for p in pairs]
    assert np.mean(bonds) - 100 < 0.9 * (np.mean(atoms) - 100)
