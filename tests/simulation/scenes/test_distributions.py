"""What is drawn follows the distribution asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.scenes.distributions import (
    Constant,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
    draw,
)

NUMBERS = {
    "uniform": (Uniform(4, 9), stats.uniform(4, 5)),
    "loguniform": (LogUniform(2, 50), stats.loguniform(2, 50)),
    "normal": (Normal(8, 2), stats.norm(8, 2)),
    "truncated": (Normal(8, 2, 7, 13), stats.truncnorm(-0.5, 2.5, 8, 2)),
    "lognormal": (LogNormal(8, 0.3), stats.lognorm(0.3, scale=8)),
}
BAD = math.nan


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_follow_their_distribution(name: str, rng: np.random.Generator) -> None:
    """SIM-05: a Kolmogorov-Smirnov test against SciPy's distribution."""
    distribution, expected = NUMBERS[name]
    drawn = [draw(distribution, rng) for _ in range(4000)]
    assert stats.kstest(drawn, expected.cdf).pvalue > 1e-3
    assert {type(number) for number in drawn} == {float}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_test_would_see_a_wrong_width(name: str, rng: np.random.Generator) -> None:
    distribution, expected = NUMBERS[name]
    centre = expected.median()
    drawn = [centre + 1.2 * (draw(distribution, rng) - centre) for _ in range(4000)]
    assert stats.kstest(drawn, expected.cdf).pvalue < 1e-3


def test_a_truncated_log_normal_is_what_lies_between_its_ends(rng: np.random.Generator) -> None:
    whole = stats.lognorm(0.4, scale=10)
    low, high = whole.cdf([6, 12])
    drawn = np.array([LogNormal(10, 0.4, 6, 12).draw(rng) for _ in range(4000)])
    assert drawn.min() >= 6 and drawn.max() <= 12
    assert stats.kstest((whole.cdf(drawn) - low) / (high - low), "uniform").pvalue > 1e-3


def test_plain_values_stay_what_they_are(rng: np.random.Generator) -> None:
    before = rng.bit_generator.state
    assert draw(3.5, rng) == 3.5 and draw(None, rng) is None and Constant(4).draw(rng) == 4
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Uniform(2, 1), "Uniform must have finite numbers low <= high. Received: Uniform("),
        (lambda: Uniform(BAD, 1), "Uniform must have finite numbers low <= high."),
        (lambda: Uniform(-1e308, 1e308), "Uniform must have finite numbers low <= high."),
        (lambda: Uniform(True, 2), "Uniform must have finite numbers low <= high."),
        (lambda: LogUniform(0, 1), "LogUniform must have numbers 0 < low <= high."),
        (lambda: LogUniform(1, math.inf), "LogUniform must have numbers 0 < low <= high."),
        (lambda: Normal(0, 0), "Normal must have a finite mean and a positive sigma."),
        (lambda: Normal(0, BAD), "Normal must have a finite mean and a positive sigma."),
        (lambda: Normal("8", 1), "Normal must have a finite mean and a positive sigma."),
        (lambda: Normal(0, 1, 2, 1), "low and high of a Normal must be numbers from -inf on"),
        (lambda: Normal(0, 1, 50), "low and high must hold some of the values of a Normal."),
        (lambda: LogNormal(-1, 1), "LogNormal must have a positive median and sigma."),
        (lambda: LogNormal(1, 1, -2), "low and high of a LogNormal must be numbers from 0 on"),
    ],
)
def test_what_is_no_distribution_is_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value).startswith(sentence)
    assert "Received: " in str(error.value)
