"""Named distributions of numbers."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number

_LEAST_CHANCE = 1e-9  # of the values that a truncation keeps; further out, inversion is inexact


class Distribution(abc.ABC):
    """Something to draw values from."""

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one value."""


@dataclass(frozen=True)
class Constant(Distribution):
    """Always the same value."""

    value: Any

    def draw(self, rng: np.random.Generator) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True)
class Uniform(Distribution):
    """Numbers between `low` and `high`, all with equal chances."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what is no interval."""
        if not (_finite(self.low, self.high) and self.low <= self.high):
            raise InputError(f"Uniform must have finite numbers low <= high. Received: {self!r}")

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number."""
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform(Distribution):
    """Positive numbers whose logarithm is uniform: each octave has equal chances."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what is no interval of positive numbers."""
        if not (_finite(self.low, self.high) and 0 < self.low <= self.high):
            raise InputError(f"LogUniform must have numbers 0 < low <= high. Received: {self!r}")

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number."""
        drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(drawn, self.low), self.high)


@dataclass(frozen=True)
class Normal(Distribution):
    """Gaussian numbers, truncated to those between `low` and `high`."""

    mean: float
    sigma: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        """Refuse a spread that is none, and intervals in the far tails."""
        if not (_finite(self.mean, self.sigma) and self.sigma > 0):
            raise InputError(
                f"Normal must have a finite mean and a positive sigma. Received: {self!r}"
            )
        _check_truncation(self, -math.inf)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number, by inversion."""
        quantile = float(ndtri(rng.uniform(*self._ends())))
        return min(max(self.mean + self.sigma * quantile, self.low), self.high)

    def _ends(self) -> tuple[float, float]:
        """Return the shares of the whole Gaussian that lie below `low` and below `high`."""
        ends = ((end - self.mean) / self.sigma for end in (self.low, self.high))
        below, up_to = map(float, map(ndtr, ends))
        return below, up_to


@dataclass(frozen=True)
class LogNormal(Distribution):
    """Positive numbers whose logarithm is Gaussian, as the sizes of particles often are.

    Attributes
    ----------
    median : float
        Half of all numbers are smaller, if nothing is truncated.
    sigma : float
        Standard deviation of the natural logarithm: 0.1 is a spread of about 10 %.
    low, high : float
        Interval to which the distribution is truncated.
    """

    median: float
    sigma: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        """Refuse a spread that is none, and intervals in the far tails."""
        if not (_finite(self.median, self.sigma) and min(self.median, self.sigma) > 0):
            raise InputError(f"LogNormal must have a positive median and sigma. Received: {self!r}")
        _check_truncation(self, 0)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number, by inversion."""
        quantile = float(ndtri(rng.uniform(*self._ends())))
        return min(max(self.median * math.exp(self.sigma * quantile), self.low), self.high)

    def _ends(self) -> tuple[float, float]:
        """Return the shares of the whole distribution that lie below `low` and below `high`."""
        with np.errstate(divide="ignore"):
            ends = np.log(np.array([self.low, self.high]) / self.median) / self.sigma
        below, up_to = map(float, ndtr(ends))
        return below, up_to


def draw(value: Any, rng: np.random.Generator) -> Any:
    """Draw from a distribution; return anything else as it is.

    Parameters
    ----------
    value : object
        A `Distribution`, or a plain value.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    object
        A plain value.
    """
    return value.draw(rng) if isinstance(value, Distribution) else value


def _finite(*values: Any) -> bool:
    """Whether all values are finite numbers, and so is the distance of any two."""
    return all(is_number(v) for v in values) and math.isfinite(max(values) - min(values))


def _check_truncation(distribution: Any, least: float) -> None:
    """Refuse ends of an interval that are none, or that hold next to nothing."""
    low, high = distribution.low, distribution.high
    if not (is_number(low) and is_number(high) and least <= low < high):
        raise InputError(
            f"low and high of a {type(distribution).__name__} must be numbers from {least:g} on, "
            f"low below high. Received: {low!r} and {high!r}"
        )
    below, up_to = distribution._ends()
    if up_to - below < _LEAST_CHANCE:
        raise InputError(
            f"low and high must hold some of the values of a {type(distribution).__name__}. "
            f"Received: {distribution!r}"
        )
