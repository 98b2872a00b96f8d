"""Every stage of the microscope against the formula or the statistics it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    CarbonFilm,
    Contrast,
    Cuboid,
    Electrons,
    Grid,
    LineJitter,
    Microscope,
    Particle,
    Probe,
    project,
    random_rotation,
)

NOTHING = {
    "film": CarbonFilm(0.0),
    "probe": Probe(0.0),
    "jitter": LineJitter(0.0),
    "electrons": Electrons(shot_noise=False),
}
FLAT = np.full((512, 512), 10.0, np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def with_counts(counts: float, thickness: float = 10.0) -> Electrons:
    """Electrons that give so many counts behind gold of some thickness [nm]."""
    return Electrons(counts / (0.0155 * thickness) / 6.241509, dwell=1.0, efficiency=1.0)


def neighbours_correlation(image: NDArray, axis: int) -> float:
    image = image - image.mean()
    a, b = np.moveaxis(image, axis, 0)[:-1], np.moveaxis(image, axis, 0)[1:]
    return float((a * b).mean() / image.var())


def test_with_all_stages_off_the_image_is_the_thickness_times_a_constant() -> None:
    grid = Grid((64, 80), (0.3, 0.2))
    thickness = project(Particle(Cuboid(), grid.centre, random_rotation(rng())), grid)
    image = Microscope(Contrast(0.02), **NOTHING).image(thickness, grid, rng())
    electrons = 6.241509 * 20 * 10 * 0.8  # current, dwell time, efficiency of the defaults
    np.testing.assert_allclose(image, thickness * np.float32(0.02 * electrons), rtol=1e-6)
    assert image.dtype == np.float32


@pytest.mark.parametrize(("x", "percent"), [(0.02, 1.0), (0.2, 9.4), (1.0, 36.8)])
def test_how_far_saturation_falls_below_the_linear_signal(x: float, percent: float) -> None:
    thickness = np.full((2, 3), x / 0.0155, np.float32)
    linear = Contrast().fraction(thickness)
    saturating = Contrast(saturating=True).fraction(thickness)
    np.testing.assert_allclose(linear, x, rtol=1e-6)
    np.testing.assert_allclose(100 * (1 - saturating / linear), percent, atol=0.05)


def test_nothing_scatters_more_electrons_than_there_are() -> None:
    thick = np.float32([0, 1, 1e2, 1e4, 1e6])
    fraction = Contrast(saturating=True).fraction(thick)
    assert (np.diff(fraction) >= 0).all()
    assert fraction[0] == 0
    assert fraction[-1] == 1


@pytest.mark.parametrize("roughness", [3.0, 10.0, 50.0])
def test_mean_and_rms_of_the_film_are_those_asked_for(roughness: float) -> None:
    film = CarbonFilm(5.0, 2e-4, roughness, correlation=3.0)
    field = film.fraction(Grid((900, 700), (0.8, 1.0)), rng(1))
    assert field.mean() == pytest.approx(1e-3, rel=0.05)
    assert field.std() / field.mean() == pytest.approx(roughness / 100, rel=0.05)


def test_the_film_is_never_thinner_than_nothing() -> None:
    field = CarbonFilm(roughness=100.0, correlation=2.0).fraction(Grid((300, 300)), rng())
    assert field.min() > 0


def test_the_film_varies_over_its_correlation_length_along_both_axes() -> None:
    # Smoothing white noise with sigma = L leaves a correlation of exp(-d² / 4 L²).
    field = CarbonFilm(roughness=10.0, correlation=3.0).fraction(
        Grid((900, 700), (0.5, 1.0)), rng()
    )
    field = field - field.mean()
    for axis, shift in ((0, 12), (1, 6)):  # 6 nm along each
        assert (field * np.roll(field, shift, axis)).mean() / field.var() == pytest.approx(
            np.exp(-1), abs=0.05
        )


def test_an_even_film_or_none_needs_no_randomness() -> None:
    grid, before = Grid((4, 5)), rng().bit_generator.state
    generator = rng()
    np.testing.assert_allclose(CarbonFilm(5.0, 2e-4, 0.0).fraction(grid, generator), 1e-3)
    np.testing.assert_array_equal(CarbonFilm(0.0).fraction(grid, generator), 0)
    assert generator.bit_generator.state == before


def test_the_probe_keeps_every_electron() -> None:
    grid = Grid((160, 160), (0.2, 0.25))
    thickness = project(Particle(Cuboid(), grid.centre, random_rotation(rng(2))), grid)
    blurred = Probe(0.8).blur(thickness, grid)
    assert blurred.sum(dtype=float) == pytest.approx(thickness.sum(dtype=float), rel=1e-5)
    assert blurred.max() < thickness.max()


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.5])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_edge_rises_over_1_683_sigma(sigma: float, axis: int) -> None:
    grid = Grid((400, 500), (0.05, 0.04))
    position = np.indices(grid.gpts)[axis] * grid.sampling[axis]
    edge = Probe(sigma).blur((position > 10).astype(np.float32), grid)
    profile, place = edge.mean(axis=1 - axis), np.unique(position)
    rise = np.interp(0.8, profile, place) - np.interp(0.2, profile, place)
    assert rise == pytest.approx(1.683 * sigma, rel=0.05)


def displacements(jitter: LineJitter, grid: Grid, seed: int = 0) -> NDArray:
    """Displacement [nm] of every line, read off an image whose grey value is the position x."""
    ramp = np.tile(np.arange(grid.gpts[1], dtype=np.float32), (grid.gpts[0], 1))
    middle = grid.gpts[1] // 2
    moved = jitter.displace(ramp * np.float32(grid.sampling[1]), grid, rng(seed))
    return moved[:, middle] - middle * grid.sampling[1]


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_the_lines_jump_by_an_autoregressive_series(memory: float) -> None:
    shifts = displacements(LineJitter(0.02, memory), Grid((60_000, 9), (0.5, 0.1)))
    assert shifts.std() == pytest.approx(0.02 / np.sqrt(1 - memory**2), rel=0.05)
    assert np.corrcoef(shifts[:-1], shifts[1:])[0, 1] == pytest.approx(memory, abs=0.02)
    kicks = shifts[1:] - memory * shifts[:-1]
    assert kicks.std() == pytest.approx(0.02, rel=0.02)


def test_the_first_line_has_jumped_as_far_as_any_other() -> None:
    first = [displacements(LineJitter(0.02), Grid((1, 9), (1, 0.1)), k)[0] for k in range(3000)]
    assert np.std(first) == pytest.approx(0.02 / np.sqrt(1 - 0.9**2), rel=0.05)


def test_lines_jump_by_lengths_not_by_pixels() -> None:
    fine, coarse = (displacements(LineJitter(0.02), Grid((200, 41), (1, d))) for d in (0.05, 0.2))
    np.testing.assert_allclose(fine, coarse, atol=1e-5)


def test_jitter_leaves_an_even_image_alone() -> None:
    moved = LineJitter(0.5).displace(FLAT, Grid(FLAT.shape), rng())
    np.testing.assert_allclose(moved, FLAT, rtol=1e-6)


def test_electrons_per_pixel() -> None:
    # 10 pA for 10 us are 624 electrons.
    assert Electrons(current=10.0, dwell=10.0).per_pixel == pytest.approx(624.15, abs=0.01)


@pytest.mark.parametrize("counts", [0.1, 3.0, 50.0, 2000.0])
def test_counts_are_whole_and_their_variance_is_their_mean(counts: float) -> None:
    image = Microscope(**{**NOTHING, "electrons": with_counts(counts)}).image(
        FLAT, Grid(FLAT.shape), rng(3)
    )
    np.testing.assert_array_equal(image, np.rint(image))
    assert image.min() >= 0
    assert image.mean() == pytest.approx(counts, rel=0.01 + 3 / np.sqrt(counts * image.size))
    assert image.var() / image.mean() == pytest.approx(1, abs=0.02)


def test_relative_noise_falls_with_the_root_of_the_dose() -> None:
    doses = np.array([10.0, 100.0, 1e3, 1e4])
    noise = []
    for dose in doses:
        image = Microscope(**{**NOTHING, "electrons": with_counts(dose)}).image(
            FLAT, Grid(FLAT.shape), rng(4)
        )
        noise.append(image.std() / image.mean())
    slope = np.polyfit(np.log(doses), np.log(noise), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.02)


def test_electrons_are_counted_last() -> None:
    # Blur and jitter come before the counting: the noise of neighbours stays independent.
    microscope = Microscope(
        film=CarbonFilm(0.0), probe=Probe(1.0), jitter=LineJitter(0.2), electrons=with_counts(100.0)
    )
    image = microscope.image(FLAT, Grid(FLAT.shape), rng(5))
    assert abs(neighbours_correlation(image, 0)) < 0.01
    assert abs(neighbours_correlation(image, 1)) < 0.01


def test_the_probe_blurs_the_film_too() -> None:
    # A film that varies from pixel to pixel is smooth once the probe has passed over it.
    film, grid = CarbonFilm(roughness=20.0, correlation=0.1), Grid((300, 300), (0.2, 0.2))
    sharp, blurred = (
        Microscope(**{**NOTHING, "film": film, "probe": Probe(sigma)}).image(
            np.zeros(grid.gpts, np.float32), grid, rng(6)
        )
        for sigma in (0.0, 0.4)
    )
    assert neighbours_correlation(blurred, 0) > neighbours_correlation(sharp, 0) + 0.5
    assert blurred.mean() == pytest.approx(sharp.mean(), rel=0.01)


def test_the_scan_displaces_what_the_probe_sees() -> None:
    grid = Grid((200, 60), (0.2, 0.2))
    thickness = np.zeros(grid.gpts, np.float32)
    thickness[:, 30:] = 10.0
    jitter = LineJitter(0.1)
    image = Microscope(**{**NOTHING, "jitter": jitter, "probe": Probe(0.3)}).image(
        thickness, grid, rng(7)
    )
    expected = jitter.displace(Probe(0.3).blur(thickness, grid), grid, rng(7))
    assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.9999
    assert image[:, 30].std() > 0.05 * image.max()


def test_the_same_generator_gives_the_same_image_and_another_another() -> None:
    grid = Grid((50, 60))
    thickness = np.full(grid.gpts, 3.0, np.float32)
    first, again, other = (Microscope().image(thickness, grid, rng(k)) for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_a_probe_wider_than_the_image_is_refused() -> None:
    grid = Grid((64, 20), (0.2, 0.2))
    with pytest.raises(InputError, match=r"smaller than the image, 4 nm. Received: 4\.5 nm"):
        Microscope(probe=Probe(4.5)).image(np.zeros(grid.gpts, np.float32), grid, rng())
