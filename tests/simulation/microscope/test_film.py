"""SIM-16: an amorphous carbon background with the mean, rms and spectrum asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d.simulation import Beam, CarbonFilm, Contrast, Grid, Probe
from napari_stem3d.simulation.compute._random import draw_keys
from napari_stem3d.simulation.microscope.film import probe_cell

BEAM = Beam()
KEYS = draw_keys(np.random.default_rng(0), 24)
ATOMS = 2.0 * 602.214 / 12.011  # per nm³ of carbon of 2 g/cm³


def smooth(roughness: float, **values: float) -> CarbonFilm:
    return CarbonFilm(roughness=roughness, grain=False, **values)


def relative_rms(field: NDArray) -> float:
    return float(field.std() / field.mean())


@pytest.mark.parametrize("roughness", [3.0, 10.0, 50.0])
def test_mean_and_rms_of_the_thickness(roughness: float) -> None:
    field = smooth(roughness, thickness=8.0, correlation=3.0).map(Grid((350, 300), (0.8, 1)), KEYS)
    assert field.mean() == pytest.approx(8.0, rel=0.05)
    assert relative_rms(field) == pytest.approx(roughness / 100, rel=0.05)


def test_the_film_is_never_thinner_than_nothing() -> None:
    film = CarbonFilm(roughness=100.0, correlation=2.0, gradient=100.0)
    assert film.map(Grid((300, 300)), KEYS[:3]).min() >= 0
    assert smooth(100.0, correlation=2.0).map(Grid((300, 300)), KEYS[:3]).min() > 0


def test_the_thickness_varies_over_its_correlation_length_along_both_axes() -> None:
    # The correlation of two places d apart is exp(-d² / 4 L²).
    field = smooth(10.0, correlation=3.0).map(Grid((300, 240), (0.5, 1.0)), KEYS)
    field = field - field.mean()
    along_y, along_x = field[:, 12:] * field[:, :-12], field[:, :, 6:] * field[:, :, :-6]
    for product in (along_y, along_x):  # 6 nm along each
        assert product.mean() / field.var() == pytest.approx(np.exp(-1), abs=0.05)


@pytest.mark.parametrize("film", [smooth(0.0), CarbonFilm(0.0), smooth(0.0, thickness=3.0)])
def test_an_even_film_or_none_is_a_number(film: CarbonFilm) -> None:
    assert film.map(Grid(), KEYS) == film.thickness


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("pixel", [(0.05, 0.05), (0.2, 0.1), (0.4, 0.4)])
def test_atoms_under_the_probe_scatter_by_poisson(pixel: tuple, sigma: float) -> None:
    # Relative rms 1 / sqrt(N A t) with A = 4π(σ² + a²), whatever the pixels.
    film, grid = CarbonFilm(roughness=0.0), Grid((128, 128), pixel)
    probe = Probe(sigma, diffraction=False)
    seen = probe.blur(film.map(grid, KEYS, sigma), grid, BEAM)[:, 10:-10, 10:-10]
    area = 4 * np.pi * (sigma**2 + 0.03**2)
    assert seen.mean() == pytest.approx(5.0, rel=0.05)
    assert relative_rms(seen) == pytest.approx(1 / np.sqrt(ATOMS * 5.0 * area), rel=0.05)


@pytest.mark.parametrize("sampling", [(0.05, 0.05), (0.08, 0.04)])
def test_a_probe_that_is_resolved_counts_the_atoms_of_each_pixel(sampling: tuple) -> None:
    grid = Grid(sampling=sampling)
    assert probe_cell(grid, 0.5) == pytest.approx(sampling[0] * sampling[1], rel=0.005)


def test_both_statistics_add_in_quadrature() -> None:
    film, grid = CarbonFilm(roughness=15.0, correlation=2.0), Grid((256, 256), (0.1, 0.1))
    seen = Probe(0.15, diffraction=False).blur(film.map(grid, KEYS, 0.15), grid, BEAM)
    grain = 1 / np.sqrt(ATOMS * 5.0 * 4 * np.pi * (0.15**2 + 0.03**2))
    assert relative_rms(seen) == pytest.approx(np.hypot(0.15, grain), rel=0.05)


@pytest.mark.parametrize("sigma", [0.2, 0.35])
def test_the_power_spectrum_has_the_cut_off_of_the_probe(sigma: float) -> None:
    film, grid = CarbonFilm(roughness=0.0), Grid((128, 128), (0.1, 0.1))
    seen = Probe(sigma, diffraction=False).blur(film.map(grid, KEYS, sigma), grid, BEAM)
    window = np.hanning(128)[:, None] * np.hanning(128)
    power = (abs(np.fft.rfft2((seen - seen.mean()) * window)) ** 2).mean(axis=0)
    f2 = np.fft.fftfreq(128, 0.1)[:, None] ** 2 + np.fft.rfftfreq(128, 0.1) ** 2
    low = (f2 > 0.03) & (f2 < (0.35 / sigma) ** 2)
    slope = np.polyfit(f2[low], np.log(power[low]), 1)[0]
    assert slope == pytest.approx(-((2 * np.pi * sigma) ** 2), rel=0.05)


def test_a_gradient_tilts_each_image_its_own_way_and_keeps_the_mean() -> None:
    film = smooth(0.0, gradient=40.0)
    field = film.map(Grid((41, 61)), KEYS)
    np.testing.assert_allclose(field.mean(axis=(1, 2)), 5.0, rtol=1e-5)
    np.testing.assert_allclose(np.ptp(field, axis=(1, 2)), 2.0, rtol=1e-4)
    tilts = np.stack(np.gradient(field.mean(axis=0)))
    assert len(np.unique(np.sign(field[:, 0, 0] - field[:, -1, -1]))) == 2
    assert abs(tilts).max() < 0.5 * abs(np.stack(np.gradient(field[0]))).max()


def test_the_film_scatters_as_carbon_unless_told() -> None:
    assert CarbonFilm().per_nm(BEAM, Contrast()) == pytest.approx(1.9e-4, rel=0.02)
    assert CarbonFilm(density=1.0).per_nm(BEAM, Contrast()) == pytest.approx(0.95e-4, rel=0.02)
    assert CarbonFilm(attenuation=0.01).per_nm(BEAM, Contrast()) == 0.01
    wide = Contrast(inner=30.0)
    assert CarbonFilm().per_nm(BEAM, wide) == pytest.approx(7.1e-4, rel=0.02)


def test_film_i_depends_on_key_i_alone() -> None:
    film, grid = CarbonFilm(gradient=10.0), Grid((40, 50))
    whole = film.map(grid, KEYS, 0.1)
    np.testing.assert_array_equal(film.map(grid, KEYS[5:7], 0.1), whole[5:7])
    assert (whole[0] != whole[1]).mean() > 0.9


def speckled(**values: float) -> CarbonFilm:
    return smooth(0.0, thickness=3.0, specks=20_000.0, **values)


@pytest.mark.parametrize(("size", "pixel"), [(0.1, (1.0, 2.0)), (1.5, (1.0, 1.0))])
def test_specks_add_their_number_times_their_volume(size: float, pixel: tuple) -> None:
    """SIM-16: 0.02 per nm² of 30 nm³ each add 0.6 nm; whatever the pixels, edges included."""
    field = speckled(speck_size=size).map(Grid((128, 128), pixel), KEYS)
    assert field.min() >= 3
    assert field.mean() - 3 == pytest.approx(0.6, rel=0.03)
    edge = np.r_[field[:, :8].ravel(), field[:, :, -8:].ravel()]
    assert edge.mean() - 3 == pytest.approx(0.6, rel=0.1)


def test_specks_have_the_cumulants_of_exponential_volumes() -> None:
    # Of Poisson's number N per pixel with heights h: k_m = N E[h^m] = N m! h^m.
    film = smooth(0.0, thickness=3.0, specks=200.0, speck_size=0.01)
    field = film.map(Grid((256, 256), (10.0, 10.0)), KEYS)
    higher = 0.02 * np.exp(-0.01 / 0.3)  # per pixel, those that add more than 0.01 nm
    assert (field > 3.01).mean() == pytest.approx(1 - np.exp(-higher), rel=0.03)
    centred = field.astype(float) - field.mean()
    assert field.var() == pytest.approx(0.02 * 2 * 0.3**2, rel=0.05)
    skewness = (centred**3).mean() / centred.var() ** 1.5
    assert skewness == pytest.approx(6 / (2**1.5 * np.sqrt(0.02)), rel=0.1)


def test_specks_draw_from_streams_of_their_own() -> None:
    grid = Grid((64, 64), (1.0, 1.0))
    plain, film = CarbonFilm().map(grid, KEYS), CarbonFilm(specks=2000.0, speck_size=0.3)
    added = film.map(grid, KEYS) - plain
    assert (abs(added) < 1e-5).mean() > 0.9
    np.testing.assert_array_equal(film.map(grid, KEYS[3:5]), film.map(grid, KEYS)[3:5])
    assert len(np.unique(added.sum(axis=(1, 2)))) == len(KEYS)
