"""The stages together: their order, their doses, and batches of images."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Beam,
    CarbonFilm,
    Contrast,
    Cuboid,
    Detector,
    Grid,
    Microscope,
    Particle,
    Probe,
    Scan,
    project,
    random_rotation,
)
from napari_stem3d.simulation.compute._random import draw_keys

IDEAL = PRESETS["ideal"]
COUNTING = replace(IDEAL, detector=replace(IDEAL.detector, shot_noise=True))
KEYS = draw_keys(np.random.default_rng(3), 20)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(thickness: float, grid: Grid, count: int = len(KEYS)) -> NDArray[np.float32]:
    return np.full((count, *grid.gpts), thickness, np.float32)


def neighbours_correlation(images: NDArray, axis: int) -> float:
    images = images - images.mean()
    a, b = np.moveaxis(images, axis, 0)[:-1], np.moveaxis(images, axis, 0)[1:]
    return float((a * b).mean() / images.var())


@pytest.mark.parametrize("gpts", [(100, 100), (128, 128), (256, 256), (64, 80)])
def test_the_ideal_image_is_the_thickness_times_a_constant(gpts: tuple[int, int]) -> None:
    """SIM-08, SIM-21: with noise off, to 1e-6, for any size of image."""
    grid = Grid(gpts, (0.3, 0.2))
    thickness = project(Particle(Cuboid(), grid.centre, random_rotation(rng())), grid)
    image = IDEAL.image(thickness, grid, rng())
    constant = IDEAL.electrons_per_pixel * IDEAL.contrast.per_nm(IDEAL.beam)
    np.testing.assert_allclose(image, thickness * np.float32(constant), rtol=1e-6)
    assert (image.dtype, image.max() > 0) == (np.float32, True)


def test_the_fraction_is_recorded_as_its_thickness_is() -> None:
    grid = Grid()
    thickness = rng().uniform(0, 20, (20, *grid.gpts)).astype(np.float32)
    given = thickness.copy()
    microscope = Microscope(contrast=Contrast(saturating=True))
    fraction = microscope.contrast.fraction(thickness, microscope.beam)
    images = microscope.images(thickness, grid, KEYS)
    np.testing.assert_array_equal(microscope.record(fraction, grid, KEYS), images)
    np.testing.assert_array_equal(thickness, given)


def test_shot_noise_is_white_though_the_image_was_blurred_and_scanned() -> None:
    """SIM-17, SIM-18: counting follows blur and scan, which leave an even image alone."""
    grid = Grid()
    microscope = replace(COUNTING, probe=Probe(1.0), scan=Scan())
    images = microscope.images(flat(10.0, grid), grid, KEYS)
    assert images.var() / images.mean() == pytest.approx(1, abs=0.02)
    assert abs(neighbours_correlation(images, 1)) < 0.01
    assert abs(neighbours_correlation(images, 2)) < 0.01
    silent = replace(microscope, detector=IDEAL.detector).images(flat(10.0, grid), grid, KEYS)
    np.testing.assert_allclose(silent, silent.mean(), rtol=1e-5)


def test_afterglow_is_correlated_along_the_fast_axis_alone() -> None:
    """SIM-19: the detector's memory is that of time."""
    grid = Grid()
    microscope = replace(COUNTING, detector=replace(COUNTING.detector, afterglow=10.0))
    images = microscope.images(flat(10.0, grid), grid, KEYS)
    assert neighbours_correlation(images, 2) == pytest.approx(np.exp(-1), abs=0.02)
    assert abs(neighbours_correlation(images, 1)) < 0.01


def test_the_probe_blurs_the_film_too() -> None:
    """SIM-16: carbon is under the probe, and so no finer than it."""
    film, grid = CarbonFilm(roughness=0.0), Grid((128, 128), (0.1, 0.1))
    sharp, blurred = (
        replace(IDEAL, film=film, probe=Probe(sigma, False)).images(flat(0, grid), grid, KEYS)
        for sigma in (0.0, 0.2)
    )
    assert abs(neighbours_correlation(sharp, 1)) < 0.01
    assert neighbours_correlation(blurred, 1) == pytest.approx(np.exp(-1 / 16), abs=0.02)
    assert blurred.mean() == pytest.approx(sharp.mean(), rel=0.01)


@pytest.mark.parametrize("sampling", [0.05, 0.2, 0.4])
def test_mean_and_rms_of_an_empty_area(sampling: float) -> None:
    """SIM-16: those of the film's two statistics, behind the whole microscope."""
    film, grid = CarbonFilm(roughness=20.0, correlation=1.0), Grid((128, 128), (sampling, sampling))
    microscope = replace(IDEAL, film=film, probe=Probe(0.1))
    images = microscope.images(flat(0, grid, 100), grid, draw_keys(rng(), 100))
    width = microscope.probe.width(microscope.beam)
    atoms = 100.3 * 5.0 * 4 * np.pi * (width**2 + 0.03**2)
    mean = 5.0 * film.per_nm(microscope.beam, microscope.contrast) * microscope.electrons_per_pixel
    assert images.mean() == pytest.approx(mean, rel=0.05)
    assert images.std() / images.mean() == pytest.approx(np.hypot(0.2, atoms**-0.5), rel=0.05)


def test_the_scan_displaces_what_the_probe_sees() -> None:
    grid = Grid((128, 60))
    thickness = flat(0, grid)
    thickness[:, :, 30:] = 10.0
    microscope = replace(IDEAL, probe=Probe(0.3), scan=replace(IDEAL.scan, jitter=0.1))
    images = microscope.images(thickness, grid, KEYS)
    still = replace(microscope, scan=IDEAL.scan).images(thickness, grid, KEYS)
    assert images[:, :, 30].std() > 0.05 * images.max()
    assert still[:, :, 30].std() < 1e-5 * images.max()
    np.testing.assert_allclose(images[:, :, :20], 0, atol=1e-3)


def test_a_flickering_beam_makes_lines_of_their_own_brightness() -> None:
    grid = Grid()
    beam = replace(IDEAL.beam, flicker=3.0)
    images = replace(IDEAL, beam=beam).images(flat(10.0, grid), grid, KEYS)
    np.testing.assert_allclose(np.ptp(images, axis=2), 0, atol=1e-3)
    assert images.std() / images.mean() == pytest.approx(0.03, rel=0.2)


def test_slabs_share_what_their_sum_scatters() -> None:
    """SIM-10: matter saturates by its whole thickness, however it is cut."""
    grid = Grid((30, 40))
    slabs = rng().uniform(0, 40, (20, 3, 30, 40)).astype(np.float32)
    slabs[:, :, :5] = 0
    microscope = replace(IDEAL, contrast=Contrast(saturating=True), beam=Beam(convergence=0.1))
    cut = microscope.images(slabs, grid, KEYS, np.zeros(3))
    whole = microscope.images(slabs.sum(axis=1), grid, KEYS)
    np.testing.assert_allclose(cut, whole, rtol=1e-5, atol=1e-6)


def test_slabs_stand_on_the_same_film() -> None:
    grid, slabs = Grid(), np.zeros((20, 3, 128, 128), np.float32)
    for film in (CarbonFilm(), CarbonFilm(roughness=0.0, grain=False)):
        microscope = replace(IDEAL, film=film, probe=Probe(0.3, slabs=3))
        cut = microscope.images(slabs, grid, KEYS, [-5.0, 0.0, 5.0])
        np.testing.assert_allclose(cut, microscope.images(slabs[:, 0], grid, KEYS), rtol=1e-5)


def test_dose() -> None:
    microscope = Microscope(Beam(current=10.0), scan=Scan(dwell=10.0))
    assert microscope.electrons_per_pixel == pytest.approx(624.15, abs=0.01)
    assert microscope.dose(Grid(sampling=(0.1, 0.1))) == pytest.approx(624.15, abs=0.01)
    assert microscope.dose(Grid(sampling=(0.1, 0.4))) == pytest.approx(156.04, abs=0.01)
    assert microscope.at_dose(200.0).electrons_per_pixel == pytest.approx(200.0)
    assert microscope.at_dose(200.0).scan == microscope.scan


@pytest.mark.parametrize("noise", [0.01, 0.1])
@pytest.mark.parametrize("detector", [Detector(), Detector(read_out=300.0, afterglow=8.0)])
def test_a_noise_can_be_asked_for(noise: float, detector: Detector) -> None:
    """SIM-17: the dose that gives 1 % is computed, and gives 1 %."""
    grid, film = Grid(), CarbonFilm(thickness=0.0)
    microscope = Microscope(film=film, detector=replace(detector, offset=0.0, bits=24))
    thickness = flat(0.05 / microscope.contrast.per_nm(microscope.beam), grid)
    dose = microscope.dose_for(noise, 0.05)
    images = microscope.at_dose(dose).images(thickness, grid, KEYS)[:, :, 40:]
    assert images.std() / images.mean() == pytest.approx(noise, rel=0.02)


def test_the_linear_model_says_by_how_much_it_is_wrong() -> None:
    """SIM-10, P-2."""
    error = Microscope().linear_error([0.0, 0.2 / Microscope().contrast.per_nm(Beam())])
    np.testing.assert_allclose(error, [0, 9.37], atol=0.01)


def everything() -> Microscope:
    scan = replace(Scan(), jitter=0.05, jitter_memory=0.5)
    return Microscope(
        replace(Beam(), flicker=2.0), film=CarbonFilm(gradient=20.0), probe=Probe(0.2), scan=scan,
        detector=Detector(afterglow=5.0),
    )  # fmt: skip


@pytest.mark.parametrize("grid", [Grid((40, 60)), Grid((300, 200))], ids=str)
def test_image_i_depends_on_key_i_and_map_i_alone(grid: Grid) -> None:
    """SIM-24, P-10: the same bytes in any batch and on any number of threads."""
    microscope = everything()
    thickness = rng().uniform(0, 10, (20, *grid.gpts)).astype(np.float32)
    whole = microscope.images(thickness, grid, KEYS)
    order = rng().permutation(20)
    for part in (order, slice(7, 8)):
        images = microscope.images(thickness[part], grid, KEYS[part])
        np.testing.assert_array_equal(images, whole[part])
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        np.testing.assert_array_equal(microscope.images(thickness, grid, KEYS), whole)
    finally:
        numba.set_num_threads(threads)


def test_one_image_is_a_batch_of_one() -> None:
    grid = Grid((50, 60))
    thickness = flat(3.0, grid, 1)
    image = Microscope().image(thickness[0], grid, rng(5))
    batch = Microscope().images(thickness, grid, draw_keys(rng(5), 1))
    np.testing.assert_array_equal(image, batch[0])


def test_the_same_generator_gives_the_same_image_and_another_another() -> None:
    grid = Grid((50, 60))
    first, again, other = (
        Microscope().image(flat(3.0, grid, 1)[0], grid, rng(k)) for k in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_what_lies_around_the_image_is_blurred_into_it() -> None:
    grid, margin = Grid((20, 30)), 15
    wide = np.zeros((20, 50, 60), np.float32)
    wide[:, :, : margin - 1] = 0.1
    microscope = replace(IDEAL, probe=Probe(0.4, False))
    images = microscope.record(wide, grid, KEYS, margin=margin)
    assert images.shape == (20, 20, 30)
    # The edge lies 1.5 px left of the first pixel, the probe is 2 px wide.
    expected = 0.1 * microscope.electrons_per_pixel * norm.cdf(-0.75)
    np.testing.assert_allclose(images[:, :, 0], expected, rtol=0.02)
    assert images[:, :, 15:].max() < 1e-4 * expected


@pytest.mark.parametrize("margin", [-1, 1.5, True, None])
def test_margins_are_whole_numbers(margin: Any) -> None:
    with pytest.raises(InputError, match=r"^margin must be a whole number of pixels"):
        Microscope().record(np.zeros((20, 5, 6)), Grid((5, 6)), KEYS, margin=margin)


EXTREMES = [
    (stage.name, field.name, field.metadata[end])
    for stage in fields(Microscope)
    for field in fields(type(getattr(Microscope(), stage.name)))
    if "unit" in field.metadata
    for end in ("min", "max")
]


@pytest.mark.parametrize(("stage", "field", "value"), EXTREMES)
def test_within_its_bounds_no_quantity_breaks_an_image(stage: str, field: str, value: Any) -> None:
    """An image of finite numbers comes out, or one sentence."""
    grid = Grid((12, 16))
    try:
        changed = replace(getattr(everything(), stage), **{field: value})
        image = replace(everything(), **{stage: changed}).image(flat(5, grid, 1)[0], grid, rng())
        assert np.isfinite(image).all()
    except InputError as error:
        assert field in str(error) or "Probe.sigma" in str(error)


@pytest.mark.parametrize("gpts", [(1, 1), (1, 9), (9, 1)])
def test_images_may_be_of_one_pixel(gpts: tuple[int, int]) -> None:
    grid = Grid(gpts, (5.0, 5.0))
    assert everything().images(flat(1.0, grid), grid, KEYS).shape == (20, *gpts)


def test_no_images_are_no_images() -> None:
    grid = Grid((5, 6))
    assert Microscope().images(np.empty((0, 5, 6)), grid, KEYS[:0]).shape == (0, 5, 6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"beam": Beam(convergence=70.0)}, "must not be larger than Contrast.inner, .* 70 and 60"),
        ({"beam": Probe()}, "^Microscope.beam must be a Beam. Received: Probe"),
        ({"detector": None}, "^Microscope.detector must be a Detector. Received: None"),
    ],
)
def test_stages_that_do_not_fit_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Microscope(**values)


@pytest.mark.parametrize(
    ("shape", "depths"), [((20, 9, 8), None), ((19, 8, 9), None), ((20, 2, 8, 9), [1, 2, 3])]
)
def test_maps_that_do_not_fit_are_refused(shape: tuple, depths: list | None) -> None:
    with pytest.raises(InputError, match=r"^maps must have the shape .*Received: \("):
        Microscope().images(np.zeros(shape), Grid((8, 9)), KEYS, depths)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_thickness_that_is_no_number_is_refused(value: float) -> None:
    thickness = flat(1.0, Grid((8, 9)))
    thickness[13, 2, 3] = value
    with pytest.raises(InputError, match=r"^maps must hold numbers that are finite"):
        Microscope().images(thickness, Grid((8, 9)), KEYS)


def test_a_probe_wider_than_the_image_is_refused() -> None:
    grid = Grid((64, 20), (0.2, 0.2))
    with pytest.raises(InputError, match="smaller than the image, 4 nm"):
        Microscope(probe=Probe(4.5)).image(flat(1.0, grid, 1)[0], grid, rng())


@pytest.mark.parametrize("value", [0.0, -0.1, 1.5, np.nan, True, "1 %"])
def test_a_noise_that_nothing_has_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"^relative_noise must lie between 0 and 1"):
        Microscope().dose_for(value)
    with pytest.raises(InputError, match=r"^fraction must lie between 0 and 1"):
        Microscope().dose_for(0.01, value)


@pytest.mark.parametrize("dose", [0.0, -5.0, np.nan])
def test_no_dose_is_refused(dose: float) -> None:
    with pytest.raises(InputError, match=r"^electrons_per_pixel must be a positive number"):
        Microscope().at_dose(dose)
