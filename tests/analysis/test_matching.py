"""SIM-20: a microscope matched to an image gives back the microscope that recorded it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.matching import Match, match_microscope
from napari_stem3d.analysis.matching.frame import check_frame
from napari_stem3d.simulation import (
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
    Sphere,
    project,
    random_rotation,
)

pytestmark = pytest.mark.tensorflow  # particles are told apart by the network
GRID = Grid((256, 256), (0.2, 0.2))
VACUUM = (0, 0, 40, 256)
SETTINGS = {
    "bright": dict(current=200, jitter=0.04, sigma=0.15, glow=0.3, rough=15, length=1.5, gain=5),
    "streaky": dict(current=100, jitter=0.02, sigma=0.2, glow=10, rough=20, length=2.0, gain=8),
    "dim": dict(current=40, jitter=0.06, sigma=0.1, glow=3, rough=15, length=1.0, gain=20),
}


def microscope(current, jitter, sigma, glow, rough, length, gain):
    return Microscope(
        Beam(current=current),
        Contrast(),
        CarbonFilm(thickness=10, roughness=rough, correlation=length),
        Probe(sigma=sigma, diffraction=False),
        Scan(drift=0, mains=0, wide_band=0, jitter=jitter),
        Detector(gain=gain, pulse_height=0, afterglow=glow),
    )


def particles(shape, seed):
    rng = np.random.default_rng(seed)
    bodies = [
        Particle(shape, (rng.uniform(10, 51), rng.uniform(0, 51)), random_rotation(rng))
        for _ in range(15)
    ]
    thickness = project(bodies, GRID)
    thickness[:48] = 0
    return thickness


def record(name, shape, seed):
    """Image with a strip of vacuum at the top, and the microscope."""
    truth, rng = microscope(**SETTINGS[name]), np.random.default_rng(seed)
    image = truth.image(particles(shape, seed), GRID, rng)
    bare = replace(truth, film=replace(truth.film, thickness=0.0))
    image[:44] = bare.image(np.zeros(GRID.gpts), GRID, rng)[:44]
    return image, truth


@pytest.fixture(scope="module", params=SETTINGS)
def matched(request):
    image, truth = record(request.param, Sphere(5.0), 3)
    return match_microscope(image, GRID.sampling, VACUUM), truth, SETTINGS[request.param]


def test_levels(matched):
    """SIM-20: a vacuum region gives the black level and the read-out noise."""
    found, truth, _ = matched
    assert found.estimates["offset"].value == pytest.approx(100, abs=0.5)
    assert found.estimates["read-out"].value == pytest.approx(5, rel=0.05)
    film = truth.detector.gain * truth.detector.efficiency * truth.electrons_per_pixel
    film *= 10 * truth.film.per_nm(truth.beam, truth.contrast)
    assert found.estimates["background"].value == pytest.approx(film, rel=0.1)


def test_gain(matched):
    """SIM-20: photon transfer within one image gives the gain within 25 %."""
    found, truth, _ = matched
    assert found.estimates["gain"].value == pytest.approx(truth.detector.gain, rel=0.25)


def test_film(matched):
    """SIM-20: roughness within 25 % and correlation within 25 %."""
    found, _, setting = matched
    assert found.estimates["roughness"].value == pytest.approx(setting["rough"], rel=0.25)
    assert found.estimates["correlation"].value == pytest.approx(setting["length"], rel=0.25)


def test_afterglow(matched):
    """SIM-20: the light that the next pixel keeps, within 0.08."""
    found, truth, _ = matched
    kept = truth.detector.glow(truth.scan.dwell)
    assert found.estimates["afterglow"].value == pytest.approx(kept, abs=0.08)


def test_blur_and_jitter(matched):
    """SIM-20: the probe within 0.6 pixels, line jitter within 40 % and 0.01 nm."""
    found, _, setting = matched
    assert found.estimates["blur"].value == pytest.approx(setting["sigma"], abs=0.12)
    assert found.estimates["jitter"].value == pytest.approx(setting["jitter"], rel=0.4, abs=0.01)


def test_dose(matched):
    """SIM-20: the dose within 40 %, from particles taken to be as thick as they are wide."""
    found, truth, _ = matched
    assert found.estimates["dose"].value == pytest.approx(truth.dose(GRID), rel=0.4)


def test_still_scan_and_unlike_shape():
    """SIM-20: no jitter is found where there is none, with bodies that are no spheres."""
    truth = microscope(**{**SETTINGS["bright"], "jitter": 0.0})
    image = truth.image(particles(Cuboid(5, 6, 4), 1), GRID, np.random.default_rng(1))
    assert match_microscope(image, GRID.sampling).estimates["jitter"].value < 0.03


def test_simulated_noise_matches(matched):
    """SIM-20: the matched microscope's film has the variance and the streaks of the true one's."""
    found, truth, _ = matched
    empty, rng = np.zeros(GRID.gpts), np.random.default_rng(8)
    ours, theirs = found.simulate(empty, rng), truth.image(empty, GRID, rng)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.1)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.15)
    streaks = [np.corrcoef(i[:, 1:].ravel(), i[:, :-1].ravel())[0, 1] for i in (ours, theirs)]
    assert streaks[0] == pytest.approx(streaks[1], abs=0.1)


def test_noise_patches(matched):
    """SIM-20: patches are squares of the film that the microscope simulates, drawn from a seed."""
    found, _, _ = matched
    patches = found.noise_patches(np.random.default_rng(1), 1500, 8)
    assert patches.shape == (1500, 8, 8)
    assert len(np.unique(patches.mean(axis=(1, 2)))) > 1000
    again = found.noise_patches(np.random.default_rng(1), 1500, 8)
    np.testing.assert_array_equal(patches, again)
    with pytest.raises(InputError, match="at most 256 pixels"):
        found.noise_patches(np.random.default_rng(1), 1, 257)


def rerecorded(**stages):
    """Estimates from the bright setting with other values of some stages."""
    truth = microscope(**SETTINGS["bright"])
    changed = {name: replace(getattr(truth, name), **values) for name, values in stages.items()}
    truth = replace(truth, **changed)
    image = truth.image(particles(Sphere(5.0), 3), GRID, np.random.default_rng(3))
    return match_microscope(image, GRID.sampling), truth


def test_specks():
    """SIM-20: number and brightness of specks within 40 %; none where there are none."""
    found, truth = rerecorded(film={"specks": 5e5, "speck_volume": 1.0, "speck_size": 0.02})
    assert found.estimates["specks"].value == pytest.approx(5e5, rel=0.4)
    per_nm = truth.film.per_nm(truth.beam, truth.contrast) * truth.electrons_per_pixel
    total = truth.detector.gain * truth.detector.efficiency * per_nm * 1.0 / 0.04
    assert found.estimates["speck signal"].value == pytest.approx(total, rel=0.4)
    assert "specks" not in rerecorded()[0].estimates


def test_line_noise():
    """SIM-20: noise added to lines within 15 %, and no flicker is taken for it."""
    found, _ = rerecorded(detector={"line_noise": 40.0})
    assert found.microscope.detector.line_noise == pytest.approx(40.0, rel=0.15)
    assert found.microscope.beam.flicker < 2


def test_flicker():
    """SIM-20: flicker within 40 %, and no noise added to lines is taken for it."""
    found, _ = rerecorded(beam={"flicker": 8.0})
    assert found.microscope.beam.flicker == pytest.approx(8.0, rel=0.4)
    assert found.microscope.detector.line_noise < 5


def test_without_sampling():
    """SIM-20: without a sampling pixels are the unit, and a note says so."""
    image, _ = record("bright", Sphere(5.0), 3)
    plain, scaled = match_microscope(image), match_microscope(image, GRID.sampling)
    assert plain.grid.sampling == (1.0, 1.0)
    assert any("sampling is unknown" in note for note in plain.notes)
    lengths = plain.estimates["correlation"].value, scaled.estimates["correlation"].value
    assert lengths[0] * 0.2 == pytest.approx(lengths[1], rel=0.05)


def test_gaps_count_nowhere():
    """SIM-20: gaps move no estimate beyond what fewer pixels do."""
    image, _ = record("bright", Sphere(5.0), 3)
    holes = image.copy()
    holes[100:120, 30:60] = np.nan
    whole, gappy = (match_microscope(i, GRID.sampling, VACUUM) for i in (image, holes))
    for name in ("offset", "gain", "roughness"):
        assert gappy.estimates[name].value == pytest.approx(whole.estimates[name].value, rel=0.2)
    assert any("gaps" in note for note in gappy.notes)


def test_eight_bits_and_saturation():
    """SIM-20: the converter's depth is seen, and pixels at its ceiling are left out."""
    truth = microscope(**SETTINGS["bright"])
    truth = replace(
        truth, detector=replace(truth.detector, gain=1.0, offset=10.0, bits=8, read_out=1)
    )
    image = truth.image(particles(Sphere(5.0), 3), GRID, np.random.default_rng(3))
    found = match_microscope(image.astype(np.uint8), GRID.sampling)
    assert found.microscope.detector.bits == 8
    assert any("saturated" in note for note in found.notes)


def test_without_background():
    """SIM-20: an image full of matter still gives a microscope, and a note says what it lacks."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:96, :96]
    image = rng.poisson(200 + 150 * np.sin(x / 2) * np.sin(y / 2)).astype(float)
    found = match_microscope(image, (0.1, 0.1))
    assert isinstance(found, Match)
    assert np.isfinite(found.simulate(np.zeros((96, 96)), rng)).all()


NOISE = np.random.default_rng(0).normal(100, 10, (64, 64))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (np.zeros((64, 64, 3)), "one image"),
        (NOISE + 1j, "one image"),
        (NOISE > 100, "one image"),
        (NOISE[:8], "at least 32 rows"),
        (np.full((64, 64), 7.0), "same value everywhere"),
        (np.full((64, 64), np.nan), "finite values"),
        (np.where(NOISE > 90, 255, NOISE).round(), "saturated"),
    ],
)
def test_refuses_frames(frame, words):
    """SIM-20: what cannot be matched is refused in one sentence."""
    with pytest.raises(InputError, match=words):
        match_microscope(frame)


@pytest.mark.parametrize(
    "vacuum",
    [(0, 0, 65, 10), (5, 0, 5, 10), (0, 0, 4, 4), np.ones((8, 8), bool), (0.5, 0, 20, 20), "top"],
)
def test_refuses_regions(vacuum):
    """SIM-20: a region of vacuum lies in the image and holds pixels enough."""
    with pytest.raises(InputError, match="vacuum must"):
        check_frame(NOISE, None, vacuum)


def test_refuses_sampling_and_material():
    with pytest.raises(InputError, match="sampling"):
        match_microscope(NOISE, (0.1, 0.0))
    with pytest.raises(InputError):
        match_microscope(NOISE, material="Xx")


@pytest.mark.slow
def test_real_spheres(shared_data: Path):
    """SIM-20: the film of the real image and of its match have the same mean and spread."""
    from napari_stem3d.signals import load

    stack = load(shared_data / "haadf" / "sio2_spheres_haadf.hspy")[0]
    image = np.asarray(next(stack.frames), float)[25:]
    found = match_microscope(image, stack.sampling_nm, material="SiO2@2.2")
    empty = np.zeros(image.shape)
    film = found.simulate(empty, np.random.default_rng(0))[found.film]
    real = image[found.film]
    black = found.microscope.detector.offset
    assert film.mean() - black == pytest.approx(real.mean() - black, rel=0.1)
    assert film.std() == pytest.approx(real.std(), rel=0.35)
