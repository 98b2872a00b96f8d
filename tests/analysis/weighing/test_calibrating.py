"""Ways to a balance, and what it refuses."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.weighing import (
    Balance,
    balance_from_particles,
    estimate_balance,
    weigh_frame,
)
from napari_stem3d.simulation import PRESETS, Contrast, Grid, Sample, Sphere, metadata, simulate


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Four gold spheres of 6 nm and of 9 nm."""
    grid = Grid((160, 160), (0.25, 0.25))
    return simulate([Sphere(6.0), Sphere(9.0)], particles=4, frames=1, grid=grid, seed=5)[0]


def volumes(sample: Sample) -> list[float]:
    return [p.volume for p in sample.particles]


def test_a_known_particle_weighs_all_others(sample):
    balance = balance_from_particles(
        sample.image, sample.labels, 2, volume=volumes(sample)[1], sampling=(0.25, 0.25)
    )
    table = weigh_frame(sample.image, sample.labels, (0.25, 0.25), balance).table
    np.testing.assert_allclose(table["volume_nm3"], volumes(sample), rtol=0.03)
    assert table["volume_nm3"][1] == pytest.approx(volumes(sample)[1])
    assert 3.0 <= table["calibration_percent"][0] < 4.0


def test_several_known_diameters_find_the_factor_on_cross_sections(sample):
    detector = PRESETS["default"].detector
    span = detector.gain * detector.efficiency * PRESETS["default"].electrons_per_pixel
    assumed = Balance(Contrast(calibration=2.0), vacuum=100.0, full_beam=100.0 + span)
    balance = balance_from_particles(
        sample.image,
        sample.labels,
        [1, 2, 3],
        diameter=[p.shape.diameter for p in sample.particles[:3]],
        sampling=(0.25, 0.25),
        balance=assumed,
    )
    assert balance.contrast.calibration == pytest.approx(1.0, rel=0.02)
    assert (balance.vacuum, balance.full_beam) == (100.0, 100.0 + span)


def test_without_a_sampling_known_volumes_are_in_pixels(sample):
    known = volumes(sample)[0] / 0.25**3
    balance = balance_from_particles(sample.image, sample.labels, 1, volume=known)
    weighing = weigh_frame(sample.image, sample.labels, None, balance)
    assert weighing.unit == "px"
    expected = np.array(volumes(sample)) / 0.25**3
    np.testing.assert_allclose(weighing.table["volume_px3"], expected, rtol=0.03)
    assert "atoms" not in weighing.table


@pytest.mark.parametrize("preset", ["default", "low dose"])
def test_a_balance_is_estimated_within_its_error(preset):
    microscope, grid = PRESETS[preset], Grid((192, 192), (0.25, 0.25))
    spheres = simulate(
        Sphere(10.0), particles=5, frames=1, grid=grid, microscope=microscope, seed=8
    )[0]
    balance, notes = estimate_balance(spheres.image, metadata(microscope, grid))
    detector = microscope.detector
    span = detector.gain * detector.efficiency * microscope.electrons_per_pixel
    assert 15 < balance.level_error < 40
    assert abs(balance.span / span - 1) < 2 * balance.level_error / 100
    assert any("assumed" in note for note in notes)


def test_what_metadata_do_not_tell_stays_unknown(sample):
    balance, notes = estimate_balance(sample.image, {})
    assert not balance.is_calibrated
    assert any("beam_current and dwell_time" in note for note in notes)
    zero = {"Acquisition_instrument": {"TEM": {"beam_current": 0.0, "dwell_time": 1e-5}}}
    assert not estimate_balance(sample.image, zero).balance.is_calibrated


def test_a_region_of_vacuum_tells_its_level(sample):
    image = sample.image.copy()
    image[:16, :16] = 80.0
    balance, _ = estimate_balance(image, vacuum=(0, 0, 16, 16))
    assert balance.vacuum == pytest.approx(80.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Either volume or diameter"),
        ({"volume": 1.0, "diameter": 1.0}, "Either volume or diameter"),
        ({"volume": -1.0}, "volume must be one positive number"),
        ({"volume": (1.0, 2.0)}, "or one for each of 1 particles"),
        ({"diameter": "large"}, "diameter must be one positive number"),
        ({"volume": 1.0, "particles": 99}, "must be labels of the image, from 1 to 4"),
        ({"volume": 1.0, "error": 200.0}, "between 0 and 100 %"),
        (
            {"volume": 1.0, "balance": Balance(Contrast(saturating=True))},
            "levels of vacuum and full beam",
        ),
    ],
)
def test_what_calibrates_nothing_is_refused(sample, given, message):
    arguments = {"particles": 1, "sampling": (0.25, 0.25), **given}
    with pytest.raises(InputError, match=message):
        balance_from_particles(sample.image, sample.labels, **arguments)


def test_a_dark_spot_is_no_known_particle(sample):
    with pytest.raises(InputError, match="brighter than what surrounds"):
        balance_from_particles(-sample.image, sample.labels, 1, volume=5.0, sampling=(0.25, 0.25))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"full_beam": 5.0, "vacuum": 5.0}, "full_beam must be larger"),
        ({"level_error": -1.0}, "level_error must lie between"),
        ({"vacuum": float("nan")}, "vacuum must lie between"),
        ({"unit": "m"}, "unit must be nm or px"),
        ({"contrast": "Au"}, "contrast must be a Contrast"),
    ],
)
def test_a_balance_refuses_what_it_cannot_be(changes, message):
    with pytest.raises(InputError, match=message):
        replace(Balance(), **changes)


def test_every_number_of_a_balance_tells_its_unit_for_forms_and_options():
    told = [f for f in dataclasses.fields(Balance) if "doc" in f.metadata]
    assert len(told) == 6
    assert all({"unit", "min", "max"} <= set(f.metadata) for f in told)
