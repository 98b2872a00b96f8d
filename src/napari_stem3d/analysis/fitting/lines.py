"""Displacements of scan lines as a walk: each line keeps part of the last one's, and is kicked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Array = NDArray[np.floating]
MEMORY = 0.9  # part of the displacement that the next line keeps
SMALLEST, LARGEST = 0.02, 0.4  # pixels: kicks between which the likeliest is looked for


def precision(count: int, kick: float) -> Array:
    """Inverse covariance of the displacements.

    Parameters
    ----------
    count : int
        Lines, the first of which begins at rest.
    kick : float
        Standard deviation of the kicks [pixels].

    Returns
    -------
    ndarray, shape (2, count)
        The band above the diagonal, and the diagonal, as `scipy.linalg.solveh_banded` takes them.
    """
    bands = np.empty((2, count))
    bands[0], bands[1] = -MEMORY, 1 + MEMORY**2
    bands[0, 0], bands[1, -1] = 0.0, 1.0
    return bands / kick**2


def times(bands: Array, values: Array) -> Array:
    """Product of a symmetric tridiagonal matrix and a vector."""
    product = bands[1] * values
    product[1:] += bands[0, 1:] * values[:-1]
    product[:-1] += bands[0, 1:] * values[1:]
    return product


def likely_kick(shifts: Array, bands: Array) -> float:
    """Size of the kicks that displacements make likely: one step of expectation maximisation.

    Parameters
    ----------
    shifts : ndarray, shape (n,)
        Most probable displacements [pixels].
    bands : ndarray, shape (2, n)
        Their inverse covariance, given the image.

    Returns
    -------
    float
        Standard deviation of the kicks [pixels].
    """
    count = len(shifts)
    covariance = solveh_banded(bands, np.eye(count))
    kicks = np.eye(count) - MEMORY * np.eye(count, k=-1)
    squares = (kicks @ shifts) ** 2 + np.einsum("ij,jk,ik->i", kicks, covariance, kicks)
    return float(np.sqrt(np.clip(squares.mean(), SMALLEST**2, LARGEST**2)))
