"""Estimates with standard errors, and how errors come from leaving parts of an image out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A number read off an image.

    Attributes
    ----------
    value : float
        The number.
    error : float
        Its standard error; NaN where the image does not tell.
    unit : str
        Unit of both, ``""`` for pure numbers.
    """

    value: float
    error: float
    unit: str

    def __str__(self) -> str:
        """Value, error and unit, as in ``20.1 ± 0.3 ADU/e``."""
        error = f" ± {self.error:.2g}" if math.isfinite(self.error) else ""
        return f"{self.value:.4g}{error} {self.unit}".rstrip()

    def __float__(self) -> float:
        """Value alone."""
        return self.value


def jackknife(
    estimate: Callable[[Sequence[int]], NDArray[np.float64]], parts: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates from all parts, and their standard errors from leaving out each in turn.

    The variance is ``(n - 1) / n Σ (θ_i - mean θ)²`` (Tukey, Ann. Math. Stat. 29 (1958) 614).
    It holds for correlated pixels too, where parts are wider than the correlation.

    Parameters
    ----------
    estimate : callable
        Takes the indices of the parts to use, and returns numbers.
    parts : int
        Number of parts.

    Returns
    -------
    values, errors : ndarray
        As many of each as `estimate` returns.
    """
    everything = range(parts)
    left_out = np.array([estimate([i for i in everything if i != j]) for j in everything])
    spread = ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
    return estimate(everything), np.sqrt((parts - 1) / parts * spread)


def bands(count: int, parts: int) -> NDArray[np.int64]:
    """Part to which each of `count` rows belongs: contiguous bands of about equal height."""
    return np.arange(count) * parts // count
