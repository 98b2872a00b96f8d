from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from napari_stem3d.analysis.planning.chances import Chances


def simple(slope: float = 0.05, particles: int = 50) -> Chances:
    """Two known images: the score is normal with mean -d'²/2 and variance d'², d'² ∝ dose."""
    rng = np.random.default_rng(0)
    electrons = np.geomspace(20, 2000, 13)
    squares = slope * electrons[:, None, None]
    noise = rng.standard_normal((2, 1, particles, 400))
    few, many = -squares / 2 + np.sqrt(squares) * noise
    return Chances(electrons, (few, many))


def test_two_known_images_are_told_apart_as_the_formula_says():
    """Φ(d'/2), the law of two normal distributions."""
    chances = simple()
    expected = ndtr(np.sqrt(0.05 * chances.electrons) / 2)
    assert chances.right() == pytest.approx(expected, abs=0.01)
    needed = (2 * ndtri(0.9)) ** 2 / 0.05
    assert chances.needed(0.9) == pytest.approx(needed, rel=0.05)
    assert chances.at(needed) == pytest.approx(0.9, abs=0.01)


def test_views_add_up():
    """Two views of half the dose tell as much as one; more views of one dose tell more."""
    chances = simple()
    assert chances.needed(0.9, 2) == pytest.approx(chances.needed(0.9) / 2, rel=0.06)
    rights = [chances.right(views) for views in (1, 2, 3, 5)]
    assert (np.diff(rights, axis=0) > -0.005).all()


def test_beyond_the_doses_there_is_nothing_to_tell():
    chances = simple()
    assert chances.needed(0.55) == 0
    assert chances.needed(0.9999999) == np.inf


def test_particles_that_differ_widen_the_interval():
    low, high = simple(particles=50).interval(0.9, 1, np.random.default_rng(0))
    assert low < simple().needed(0.9) < high
    assert high / low < 1.3
