"""Honest figures: proportions come with their interval."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest


class Proportion(NamedTuple):
    """A share of successes with its Wilson 95 % interval, all three between 0 and 1."""

    value: float
    low: float
    high: float


def proportion(successes: int, trials: int) -> Proportion:
    """Share of successes and its 95 % interval (Wilson 1927).

    Parameters
    ----------
    successes, trials : int
        Counts; at least one trial.

    Returns
    -------
    Proportion
        Share, and the ends of its interval.
    """
    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return Proportion(successes / trials, float(interval.low), float(interval.high))
