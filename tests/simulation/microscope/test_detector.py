"""SIM-17, SIM-19: what counting, amplifying and writing do to a known number of electrons."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d.simulation import Detector, Scan
from napari_stem3d.simulation.compute._random import draw_keys

KEYS = draw_keys(np.random.default_rng(1), 40)
SCAN = Scan(dwell=1.0, flyback=50.0)
PERFECT = Detector(1.0, True, 1.0, 0.0, 0.0, 0.0, 0.0, 0)
SILENT = dataclasses.replace(PERFECT, shot_noise=False)


def flat(electrons: float, shape: tuple[int, int] = (128, 160)) -> NDArray[np.float32]:
    return np.full((len(KEYS), *shape), electrons, np.float32)


def written(electrons: float, scan: Scan = SCAN, **values: float) -> NDArray[np.float32]:
    """Flat images of so many electrons by a detector that is perfect but for `values`."""
    return dataclasses.replace(PERFECT, **values).record(flat(electrons), scan, KEYS)


def test_a_perfect_detector_without_noise_writes_the_electrons() -> None:
    images = np.random.default_rng(0).random((40, 9, 8), np.float32)
    np.testing.assert_array_equal(SILENT.record(images.copy(), SCAN, KEYS), images)


@pytest.mark.parametrize("electrons", [0.1, 3.0, 50.0, 2000.0])
def test_counts_are_whole_and_their_variance_is_their_mean(electrons: float) -> None:
    """SIM-17: variance over mean is 1."""
    counts = written(electrons)
    np.testing.assert_array_equal(counts, np.rint(counts))
    assert counts.min() >= 0
    assert counts.mean() == pytest.approx(electrons, rel=0.01)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.02)


def test_relative_noise_falls_with_the_root_of_the_dose() -> None:
    """P-4, SIM-17: a slope of -1/2 in the logarithms."""
    doses = np.geomspace(10, 1e4, 4)
    noise = [(image := written(dose)).std() / image.mean() for dose in doses]
    slope = np.polyfit(np.log(doses), np.log(noise), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.02)


@pytest.mark.parametrize("gain", [0.2, 20.0])
@pytest.mark.parametrize("spread", [0.0, 0.4, 1.5])
@pytest.mark.parametrize("read_out", [0.0, 30.0])
@pytest.mark.parametrize("afterglow", [0.0, 0.8])
def test_variance_over_mean(gain: float, spread: float, read_out: float, afterglow: float) -> None:
    """P-3: g (1 + ε²), times what afterglow leaves, plus the read-out's variance."""
    images = written(
        90.0, gain=gain, pulse_height=spread, read_out=read_out, afterglow=afterglow
    )  # fmt: skip
    keep = np.exp(-1 / afterglow) if afterglow else 0.0
    expected = 90 * gain**2 * (1 + spread**2) * (1 - keep) / (1 + keep) + read_out**2
    assert images.mean() == pytest.approx(90 * gain, rel=0.01)
    # The first pixels of a line follow the quiet wait for it.
    assert images[:, :, 30:].var() == pytest.approx(expected, rel=0.02)
    detector = Detector(1.0, True, gain, spread, afterglow, 0.0, read_out, 0)
    assert images.std() / images.mean() == pytest.approx(detector.noise(90.0, SCAN), rel=0.02)


def test_photon_transfer_recovers_the_gain() -> None:
    """SIM-19: the slope of the variance against the mean of flat areas is the gain."""
    doses = np.geomspace(5, 500, 6)
    values = {"gain": 17.0, "offset": 120.0, "read_out": 9.0, "bits": 16}
    stacks = [written(dose, **values) for dose in doses]
    slope = np.polyfit([s.mean() for s in stacks], [s.var() for s in stacks], 1)[0]
    assert slope == pytest.approx(17.0, rel=0.03)
    black = written(0.0, **values)
    assert black.mean() == pytest.approx(120.0, abs=0.1)
    assert black.std() == pytest.approx(np.sqrt(9.0**2 + 1 / 12), rel=0.01)


def power(images: NDArray, axis: int) -> NDArray[np.float64]:
    """Power spectrum along an axis over its mean, the frequencies from one step to half."""
    size = images.shape[axis]
    spectrum = abs(np.fft.rfft(images - images.mean(), axis=axis)) ** 2
    spectrum = spectrum.mean(axis=tuple({0, 1, 2} - {axis}))[1 : size // 2]
    return spectrum / spectrum.mean()


@pytest.mark.parametrize("axis", [1, 2])
def test_noise_is_white_before_afterglow(axis: int) -> None:
    """P-6: every frequency has the same power."""
    images = written(50.0, pulse_height=0.5, gain=9.0, read_out=4.0)
    np.testing.assert_allclose(power(images, axis), 1, atol=0.1)


def test_afterglow_makes_noise_lorentzian_along_the_fast_axis_alone() -> None:
    """P-6: power (1-ρ)² / (1 - 2 ρ cos 2πf + ρ²), the discrete Lorentzian, along a line."""
    images = written(50.0, afterglow=1.5, pulse_height=0.5)[:, :, 32:]
    keep = np.exp(-1 / 1.5)
    frequency = np.fft.rfftfreq(128)[1:64]
    expected = 1 / (1 - 2 * keep * np.cos(2 * np.pi * frequency) + keep**2)
    np.testing.assert_allclose(power(images, 2), expected / expected.mean(), rtol=0.1)
    np.testing.assert_allclose(power(images, 1), 1, atol=0.15)


def bright_pixel(**scan: float) -> NDArray[np.float32]:
    image = np.zeros((40, 6, 20), np.float32)
    image[:, 2, 15] = 1000.0
    detector = dataclasses.replace(SILENT, afterglow=2.0)
    return detector.record(image, Scan(**scan), KEYS)[0]


def test_a_bright_pixel_leaves_a_tail_behind_it() -> None:
    keep = np.exp(-1 / 2)
    streak = bright_pixel(dwell=1.0, flyback=50.0)
    np.testing.assert_allclose(streak[2, 15:], 1000 * (1 - keep) * keep ** np.arange(5), rtol=1e-5)
    assert streak[2, :15].max() == 0
    assert streak[[0, 1, 4, 5]].max() < 1e-6
    assert streak[3].max() < 1e-6


def test_light_outlasts_a_short_fly_back() -> None:
    keep = np.exp(-1 / 2)
    streak = bright_pixel(dwell=1.0, flyback=0.0).ravel()
    expected = 1000 * (1 - keep) * keep ** np.arange(20)
    np.testing.assert_allclose(streak[2 * 20 + 15 :][:20], expected, rtol=1e-5)
    half = bright_pixel(dwell=1.0, flyback=2.0)
    assert half[3, 0] == pytest.approx(half[2, 19] * np.exp(-1) * keep, rel=1e-5)


def test_lines_do_not_begin_in_the_dark() -> None:
    images = dataclasses.replace(SILENT, afterglow=5.0).record(flat(70.0), SCAN, KEYS)
    np.testing.assert_allclose(images, 70.0, rtol=1e-5)


@pytest.mark.parametrize("bits", [1, 8, 12, 16, 24])
def test_the_converter_rounds_and_clips(bits: int) -> None:
    ramp = np.linspace(-30, 2.0**bits + 60, 3000, dtype=np.float32).reshape(1, 30, 100)
    images = dataclasses.replace(SILENT, offset=-20.0, bits=bits).record(ramp, SCAN, KEYS[:1])
    np.testing.assert_array_equal(images, np.rint(images))
    assert (images.min(), images.max()) == (0, 2**bits - 1)


def test_nothing_negative_is_detected() -> None:
    shadow = np.full((1, 4, 4), -1e-3, np.float32)
    for detector in (PERFECT, SILENT, dataclasses.replace(PERFECT, pulse_height=1.0)):
        np.testing.assert_array_equal(detector.record(shadow.copy(), SCAN, KEYS[:1]), 0)


def test_every_stage_draws_from_its_own_stream() -> None:
    # Electrons are the same ones whatever becomes of them later.
    counts = written(100.0)
    rough = written(100.0, pulse_height=0.1) - counts
    noisy = written(100.0, read_out=1.0) - counts
    assert abs(np.corrcoef(counts.ravel(), rough.ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(counts.ravel(), noisy.ravel())[0, 1]) < 0.01
    both = written(100.0, pulse_height=0.1, read_out=1.0, afterglow=0.1)
    assert abs(np.corrcoef((both - counts)[0].ravel(), counts[0].ravel())[0, 1]) < 0.05


def test_image_i_depends_on_key_i_alone() -> None:
    detector = Detector(afterglow=5.0)
    whole = detector.record(flat(40.0), SCAN, KEYS)
    part = detector.record(flat(40.0)[:3], SCAN, KEYS[7:10])
    np.testing.assert_array_equal(part, whole[7:10])


@pytest.mark.parametrize("shape", [(128, 160), (300, 7)])
def test_line_noise_offsets_whole_lines(shape: tuple[int, int]) -> None:
    """SIM-19: one normal number per line, whatever the signal, after the afterglow."""
    bare = dataclasses.replace(SILENT, afterglow=2.0, gain=3.0)
    noisy = dataclasses.replace(bare, line_noise=4.0)
    added = [noisy.record(flat(e, shape), SCAN, KEYS) - 3 * e for e in (0.0, 50.0)]
    np.testing.assert_allclose(*added, atol=1e-3)
    assert np.ptp(added[0], axis=2).max() < 1e-3
    offsets = added[0][:, :, 0]
    assert offsets.std() == pytest.approx(4.0, rel=0.03)
    assert offsets.mean() == pytest.approx(0.0, abs=0.2)
    assert abs(np.corrcoef(offsets[:, 1:].ravel(), offsets[:, :-1].ravel())[0, 1]) < 0.05


def test_line_noise_draws_from_a_stream_of_its_own() -> None:
    values = {"pulse_height": 0.3, "read_out": 2.0, "afterglow": 0.2}
    added = written(80.0, line_noise=5.0, **values) - written(80.0, **values)
    assert np.ptp(added, axis=2).max() < 1e-3
