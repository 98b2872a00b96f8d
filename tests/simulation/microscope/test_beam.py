from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.simulation import Beam
from napari_stem3d.simulation.compute._random import draw_keys

KEYS = draw_keys(np.random.default_rng(0), 4000)


@pytest.mark.parametrize(("voltage", "picometres"), [(80, 4.176), (200, 2.508), (300, 1.969)])
def test_wavelength(voltage: float, picometres: float) -> None:
    assert 1e3 * Beam(voltage).wavelength == pytest.approx(picometres, abs=5e-4)


@pytest.mark.parametrize(
    ("current", "dwell", "electrons"), [(1, 1, 6.2415), (10, 10, 624.15), (100, 320, 199_728.3)]
)
def test_electrons_per_dwell_time(current: float, dwell: float, electrons: float) -> None:
    assert Beam(current=current).electrons(dwell) == pytest.approx(electrons, rel=1e-5)


def test_a_steady_beam_needs_no_factors() -> None:
    assert Beam().steadiness(np.arange(5.0), KEYS) is None


@pytest.mark.parametrize("flicker", [1.0, 5.0])
def test_the_current_varies_by_the_rms_asked_for_about_its_mean(flicker: float) -> None:
    times = np.linspace(0, 0.3, 40)
    factors = Beam(flicker=flicker).steadiness(times, KEYS)
    assert factors is not None
    assert (factors.shape, factors.dtype) == ((4000, 40), np.float32)
    np.testing.assert_allclose(factors.mean(axis=0), 1, atol=5e-4 * flicker)
    np.testing.assert_allclose(factors.std(axis=0), flicker / 100, rtol=0.05)


def test_the_current_varies_slowly() -> None:
    step = np.array([0.0, 1e-4, 1e-2, 100.0])
    factors = Beam(flicker=2.0).steadiness(step, KEYS)
    assert factors is not None
    near, apart, far = (np.corrcoef(factors[:, 0], factors[:, i])[0, 1] for i in (1, 2, 3))
    assert near > 0.999
    assert 0.3 < apart < 0.95
    assert abs(far) < 0.6


def test_the_current_never_turns_around() -> None:
    factors = Beam(flicker=30.0).steadiness(np.linspace(0, 10, 500), KEYS)
    assert factors is not None
    assert factors.min() >= 0


def test_every_image_has_a_flicker_of_its_own() -> None:
    factors = Beam(flicker=5.0).steadiness(np.linspace(0, 1, 200), KEYS[:2])
    assert factors is not None
    assert abs(np.corrcoef(factors)[0, 1]) < 0.5
