"""Compiled loops: the detector's, pixel after pixel in the order of the scan, and specks."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._random import BLOCK, _bits_of, _quantiles_of

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
Numbers = tuple[np.float32, ...]
_ZERO, _HALF = np.float32(0), np.float32(0.5)


@njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def detect(
    counts: Image,
    rest: Image,
    black: Image,
    pulse_keys: Keys,
    read_keys: Keys,
    pulses: Numbers,
    lights: Numbers,
    outputs: Numbers,
) -> None:
    """Turn electrons into what the detector writes, in place.

    Parameters
    ----------
    counts : ndarray, shape (n, ny * nx), float32
        Counted electrons; replaced by the values written.
    rest : ndarray, shape (n, ny), float32
        Mean count at the place where the probe waits for each line to begin.
    black : ndarray, shape (n, ny), float32
        Black level of each line.
    pulse_keys, read_keys : ndarray, shape (n,), uint64
        Keys of the pulse heights and of the read-out.
    pulses : tuple of float32
        Mean height of an electron's pulse, and its rms.
    lights : tuple of float32
        Fraction of the light that is left one pixel later, and one fly-back later.
    outputs : tuple of float32
        Rms of the read-out, and the converter's largest value, 0 for none.
    """
    gain, spread = pulses
    keep, keep_back = lights
    noise, top = outputs
    # Without afterglow between them, the two normal numbers of a pixel are as good as one.
    apart = keep > 0 and noise > 0
    beside = _ZERO if apart else noise * noise
    n, pixels = counts.shape
    nx = pixels // rest.shape[1]
    for k in prange(n):
        bits, z = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
        light = gain * rest[k, 0]
        for start in range(0, pixels, BLOCK):
            block = counts[k, start : min(start + BLOCK, pixels)]
            size = len(block)
            for i in range(size):
                block[i] = max(block[i], _ZERO)
            if spread > 0 or beside > 0:
                _bits_of(pulse_keys[k], start // 2, bits)
                _quantiles_of(bits, z)
                for i in range(size):
                    rms = np.sqrt(spread * spread * block[i] + beside)
                    block[i] = gain * block[i] + rms * z[i]
            else:
                for i in range(size):
                    block[i] *= gain
            if keep > 0:
                for i in range(size):
                    row = (start + i) // nx
                    if row * nx == start + i:
                        waiting = gain * rest[k, row]
                        light = waiting + (light - waiting) * keep_back
                    light = block[i] + (light - block[i]) * keep
                    block[i] = light
            if apart:
                _bits_of(read_keys[k], start // 2, bits)
                _quantiles_of(bits, z)
                for i in range(size):
                    block[i] += noise * z[i]
            for row in range(start // nx, (start + size - 1) // nx + 1):
                for i in range(max(row * nx - start, 0), min((row + 1) * nx - start, size)):
                    block[i] += black[k, row]
            if top > 0:
                for i in range(size):
                    block[i] = min(max(np.floor(block[i] + _HALF), _ZERO), top)


@njit(cache=True, parallel=True, nogil=True)
def stamp(
    counts: NDArray[np.int64],
    specks: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    reach: float,
    images: Image,
) -> None:
    """Add Gaussians, integrated over each pixel.

    Parameters
    ----------
    counts : ndarray, shape (n,), int64
        How many there are in each image.
    specks : ndarray, shape (n, most, 3), float64
        Their middles along y and x, in pixels from the image's corner, and their sums.
    sigmas : ndarray, shape (2,), float64
        Standard deviations along y and x [px].
    reach : float
        Standard deviations that are kept.
    images : ndarray, shape (n, ny, nx), float32
        Images, in place.
    """
    n, ny, nx = images.shape
    for k in prange(n):
        for i in range(counts[k]):
            y, x, total = specks[k, i]
            top = max(math.floor(y - reach * sigmas[0]), 0)
            left = max(math.floor(x - reach * sigmas[1]), 0)
            for row in range(top, min(math.floor(y + reach * sigmas[0]), ny - 1) + 1):
                down = total * _share(row - y, sigmas[0])
                for column in range(left, min(math.floor(x + reach * sigmas[1]), nx - 1) + 1):
                    images[k, row, column] += np.float32(down * _share(column - x, sigmas[1]))


@njit(cache=True, nogil=True)
def _share(start: float, sigma: float) -> float:
    """Part of a Gaussian about 0 that lies within a pixel that begins at `start`."""
    scale = sigma * math.sqrt(2)
    return 0.5 * (math.erf((start + 1) / scale) - math.erf(start / scale))
