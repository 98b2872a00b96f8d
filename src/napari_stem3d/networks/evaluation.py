"""Honest figures: proportions come with their interval, probabilities with what they are worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
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


def calibration(
    confidence: ArrayLike, right: ArrayLike, bins: int = 10
) -> tuple[pd.DataFrame, float]:
    """Compare how sure answers are with how often they are right (Guo et al. 2017).

    Parameters
    ----------
    confidence : array_like, shape (n,)
        Probability of each answer, between 0 and 1.
    right : array_like of bool, shape (n,)
        Whether it is right.
    bins : int
        Number of bins of equal width.

    Returns
    -------
    table : pandas.DataFrame
        One row per bin with answers: their number ``answers``, their mean ``confidence``, and
        the share ``accuracy`` of right ones with the ends ``low`` and ``high`` of its interval.
    error : float
        Expected calibration error: the distance between confidence and accuracy, averaged over
        the answers; NaN without any.
    """
    sure, hits = np.asarray(confidence, float), np.asarray(right, bool)
    bin_of = np.clip((sure * bins).astype(int), 0, bins - 1)
    rows = []
    for k in np.unique(bin_of):
        own = bin_of == k
        share = proportion(int(hits[own].sum()), int(own.sum()))
        rows.append((int(own.sum()), float(sure[own].mean()), *share))
    table = pd.DataFrame(rows, columns=["answers", "confidence", "accuracy", "low", "high"])
    gaps = (table["confidence"] - table["accuracy"]).abs()
    error = float((table["answers"] * gaps).sum() / len(sure)) if len(sure) else float("nan")
    return table, error
