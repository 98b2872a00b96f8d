"""Objects at random: mixtures, and fields that are drawn."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Cuboid, Sphere, simulate
from napari_stem3d.simulation.scenes.distributions import (
    Constant,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
    draw,
)
from napari_stem3d.simulation.scenes.mixtures import Choice, Random, Same

BAD = math.nan


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_the_dimensions_of_a_series_follow_their_distribution() -> None:
    """SIM-05: the histogram of the truth passes a Kolmogorov-Smirnov test."""
    sizes = Random(Cuboid, a=Uniform(4, 6), b=LogNormal(5, 0.2), c=Same("a"))
    scenes = simulate(sizes, frames=300, particles=3, seed=5)
    shapes = [p.shape for i in range(300) for p in scenes.scene(i).particles]
    assert stats.kstest([s.a for s in shapes], stats.uniform(4, 2).cdf).pvalue > 1e-3
    assert stats.kstest([s.b for s in shapes], stats.lognorm(0.2, scale=5).cdf).pvalue > 1e-3
    assert all(s.a == s.c for s in shapes)
    assert abs(np.corrcoef([s.a for s in shapes], [s.b for s in shapes])[0, 1]) < 0.12


def test_choices_have_their_weights(rng: np.random.Generator) -> None:
    """SIM-05: a chi-squared test of a weighted choice."""
    drawn = [Choice(["a", "b", "c"], [2, 0, 6]).draw(rng) for _ in range(4000)]
    counts = [drawn.count(letter) for letter in "abc"]
    assert counts[1] == 0
    assert stats.chisquare(counts[::2], [1000, 3000]).pvalue > 1e-3
    even = [Choice(("a", "b")).draw(rng) for _ in range(4000)]
    assert stats.chisquare([even.count("a"), even.count("b")]).pvalue > 1e-3


def test_distributions_nest(rng: np.random.Generator) -> None:
    mixture = Choice([Sphere(5.0), Random(Cuboid(1, 2, 3), b=Uniform(7, 8)), Constant("none")])
    drawn = [draw(mixture, rng) for _ in range(60)]
    assert {type(value) for value in drawn} == {Sphere, Cuboid, str}
    cuboids = [value for value in drawn if isinstance(value, Cuboid)]
    assert {(c.a, c.c) for c in cuboids} == {(1, 3)}
    assert all(7 <= c.b <= 8 for c in cuboids)


def test_equal_generators_draw_equal_values() -> None:
    sizes = Random(Cuboid, a=Normal(5, 1), b=LogUniform(1, 9))
    copy = pickle.loads(pickle.dumps(sizes))
    assert copy == sizes and hash(copy) == hash(sizes)
    assert copy.draw(np.random.default_rng(3)) == sizes.draw(np.random.default_rng(3))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Choice([]), "A Choice must have values to choose from. Received: []"),
        (lambda: Choice("ab"), "A Choice must have values to choose from. Received: 'ab'"),
        (lambda: Choice([1, 2], [1]), "weights must be 2 numbers from 0 on, not all of them 0."),
        (lambda: Choice([1, 2], [0, 0]), "weights must be 2 numbers from 0 on"),
        (lambda: Choice([1, 2], [1, BAD]), "weights must be 2 numbers from 0 on"),
        (lambda: Random(3), "Random must be given a dataclass or one's instance. Received: 3"),
        (lambda: Random(Cuboid, d=1), "The fields to draw are a, b, c. Received: 'd'"),
        (lambda: Random(Cuboid, a=Same("b"), b=1), "Same must name a field that is drawn before a"),
        (lambda: draw(Same("a"), None), "Same stands for a field of a Random object."),
        (lambda: Random(Cuboid, a=Constant(-1)).draw(None), "Cuboid.a must lie between"),
    ],
)
def test_what_is_no_distribution_is_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value).startswith(sentence)
    assert "Received: " in str(error.value)
