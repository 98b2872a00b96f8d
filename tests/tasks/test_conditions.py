from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from napari_stem3d.simulation import Microscope
from napari_stem3d.tasks.conditions import log_uniform, random_microscope

RADIUS = 20.0


@pytest.fixture(scope="module")
def microscopes() -> list[Microscope]:
    rng = np.random.default_rng(0)
    return [random_microscope(rng, RADIUS) for _ in range(1000)]


def test_logarithms_are_uniform() -> None:
    rng = np.random.default_rng(1)
    draws = np.log([log_uniform(rng, 2.0, 50.0) for _ in range(2000)])
    span = stats.uniform(np.log(2), np.log(25))
    assert stats.kstest(draws, span.cdf).pvalue > 1e-3


def test_10_to_10000_counts_where_a_particle_is_as_thick_as_its_radius(microscopes) -> None:
    counts = [
        m.contrast.attenuation * RADIUS * m.electrons_per_pixel * m.detector.efficiency
        for m in microscopes
    ]
    assert stats.kstest(np.log(counts), stats.uniform(np.log(10), np.log(1000)).cdf).pvalue > 1e-3


def test_the_film_gives_up_to_twice_the_signal_of_a_particle(microscopes) -> None:
    ratios = np.array(
        [
            m.film.thickness * m.film.attenuation / (RADIUS * m.contrast.attenuation)
            for m in microscopes
        ]
    )
    assert 0 <= ratios.min() < 0.01
    assert 1.9 < ratios.max() <= 2
    assert np.mean(ratios < 0.5) == pytest.approx(0.85, abs=0.04)


def test_everything_that_may_vary_does(microscopes) -> None:
    assert np.mean([m.contrast.saturating for m in microscopes]) == pytest.approx(0.3, abs=0.05)
    assert np.mean([m.film.roughness > 0 for m in microscopes]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([m.scan.jitter > 0 for m in microscopes]) == pytest.approx(0.7, abs=0.05)
    assert np.mean([m.detector.shot_noise for m in microscopes]) == pytest.approx(0.95, abs=0.03)
    sigmas = [m.probe.sigma for m in microscopes]
    assert 0.2 <= min(sigmas) < 0.3
    assert 1.8 < max(sigmas) <= 2.0  # a tenth of the radius


@pytest.mark.parametrize("radius", [2.5, 9.0, 50.0])
def test_particles_of_any_size_have_a_microscope(radius: float) -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        microscope = random_microscope(rng, radius)
        assert microscope.probe.sigma <= 4
        assert microscope.scan.jitter <= 0.012 * radius
