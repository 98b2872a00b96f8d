"""Compiled filters of stacks of images: blur and smooth random fields.

Every image is worked on by itself, in one thread: the results do not depend on the rest of the
stack or on the number of threads.

A wide Gaussian is the sum of narrower ones at the nodes of a coarse raster: with a spacing of d
nodes, standard deviations a and c of the windows that collect and distribute, the product of the
two windows summed over the nodes is the Gaussian of σ² = a² + c² up to the relative error
2 exp(-2 π² (a c / (σ d))²) (Poisson's sum formula). The cost per pixel does not grow with σ.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import njit, prange
from scipy.special import erf

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import normals
from napari_stem3d.simulation.compute._resampling import as_stack

_NARROW = 3.0  # px: up to here the Gaussian is summed tap by tap
_REACH = 5.0  # standard deviations of a window that are kept
_COLLECT = 0.55  # node spacing of a blur per σ: relative error 2e-7
_SCATTER = 0.8  # node spacing of a random field per σ: relative error 4e-7 of its covariance


def blur(images: np.ndarray, sigmas: tuple[float, float]) -> np.ndarray:
    """Gaussian blur; beyond the edges the images continue evenly.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx), float32
        Images.
    sigmas : tuple of float
        Standard deviations along y and x [px], of any size. Up to 3 px the Gaussian is summed to
        4 σ, as SciPy does; above, to 6 σ and more, within 1e-5 of the range of the image.

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Blurred images.
    """
    images = as_stack(images)
    sigmas = _checked(sigmas)
    if max(sigmas) == 0 or images.size == 0:
        return images.copy()
    out = np.empty_like(images)
    if max(sigmas) <= _NARROW:
        _convolve(images, _half_gaussian(sigmas[0]), _half_gaussian(sigmas[1]), out)
        return out
    (y_in, y_out), (x_in, x_out) = map(_blur_bands, images.shape[1:], sigmas)
    _through_nodes(images, *y_in, *x_in, *x_out, *y_out, out)
    return out


def smooth_fields(
    keys: np.ndarray, gpts: tuple[int, int], sigmas: tuple[float, float]
) -> np.ndarray:
    """Gaussian random fields of mean 0 and variance 1.

    White noise on a raster smoothed by a Gaussian window; every pixel is divided by the norm of
    its weights, so that its variance is 1 exactly, at the edges too.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        One key per field.
    gpts : tuple of int
        Rows and columns (ny, nx).
    sigmas : tuple of float
        Standard deviations of the window along y and x [px], of any size: the correlation of two
        pixels is exp(-Δy²/(4 σ_y²) - Δx²/(4 σ_x²)).

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Fields.
    """
    sigmas = _checked(sigmas)
    y_out, x_out = (_field_band(size, sigma) for size, sigma in zip(gpts, sigmas))
    noise = normals(keys, (x_out[2], y_out[2]))
    out = np.empty((len(noise), *gpts), np.float32)
    _from_nodes(noise, *x_out[:2], *y_out[:2], out)
    return out


def _checked(sigmas):
    pair = tuple(float(sigma) for sigma in sigmas)
    if len(pair) != 2 or not all(0 <= sigma < math.inf for sigma in pair):
        raise InputError(
            f"sigmas must be two standard deviations (sy, sx) in pixels, 0 or more. "
            f"Received: {sigmas!r}"
        )
    return pair


def _half_gaussian(sigma):
    """Weights at 0, 1, 2 ... px of a Gaussian that sums to 1 over both sides."""
    reach = int(4 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(reach + 1) / max(sigma, 1e-9)) ** 2)
    return (taps / (2 * taps.sum() - taps[0])).astype(np.float32)


def _clamped_gaussian(size, sigma):
    """Rows of the matrix that convolves `size` even-edged pixels with a Gaussian, tap by tap."""
    half = _half_gaussian(sigma)
    reach = len(half) - 1
    taps = np.arange(-reach, reach + 1)
    width = min(2 * reach + 1, size)
    rows = np.arange(size)
    first = np.clip(rows - reach, 0, size - width)
    weights = np.zeros((size, width), np.float32)
    columns = np.clip(rows[:, None] + taps, 0, size - 1) - first[:, None]
    np.add.at(weights, (rows[:, None], columns), half[np.abs(taps)])
    return first, weights


def _nodes(size, window, spacing):
    """Positions [px] of the nodes whose windows reach the image."""
    margin = math.ceil(_REACH * window / spacing)
    return spacing * np.arange(-margin, math.ceil((size - 1) / spacing) + margin + 1)


def _collect(size, nodes, window):
    """Rows that average `size` even-edged pixels under the window of each node."""
    width = min(math.ceil(2 * _REACH * window) + 2, size)
    first = np.clip(np.floor(nodes - _REACH * window), 0, size - width).astype(np.int64)
    columns = first[:, None] + np.arange(width)
    # Over the area of each pixel, so that the edges may reach to infinity; a pixel's own variance
    # of 1/12 is taken off the window's.
    scale = math.sqrt(2 * (window**2 - 1 / 12))
    low = np.where(columns == 0, -np.inf, (columns - 0.5 - nodes[:, None]) / scale)
    high = np.where(columns == size - 1, np.inf, (columns + 0.5 - nodes[:, None]) / scale)
    weights = erf(high) - erf(low)
    return first, (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _distribute(size, nodes, window, power):
    """Rows that sum the windows of the nodes at each pixel; their `power` norm is 1."""
    spacing = nodes[1] - nodes[0]
    width = min(2 * math.floor(_REACH * window / spacing) + 1, len(nodes))
    nearest = np.rint((np.arange(size) - nodes[0]) / spacing).astype(np.int64)
    first = np.clip(nearest - width // 2, 0, len(nodes) - width)
    away = np.arange(size)[:, None] - nodes[first[:, None] + np.arange(width)]
    weights = np.exp(-0.5 * (away / max(window, 1e-9)) ** 2)
    weights /= (weights**power).sum(1, keepdims=True) ** (1 / power)
    return first, weights.astype(np.float32)


@lru_cache(32)
def _blur_bands(size, sigma):
    """Return collecting and distributing rows that together blur one axis."""
    if sigma <= _NARROW:
        alone = np.arange(size), np.ones((size, 1), np.float32)
        return _clamped_gaussian(size, sigma), alone
    window = sigma / math.sqrt(2)
    nodes = _nodes(size, window, _COLLECT * sigma)
    return _collect(size, nodes, window), _distribute(size, nodes, window, 1)


@lru_cache(32)
def _field_band(size, sigma):
    """Return distributing rows of unit norm along one axis, and the number of nodes."""
    nodes = _nodes(size, sigma, max(1.0, _SCATTER * sigma))
    return *_distribute(size, nodes, sigma, 2), len(nodes)


@njit(cache=True)
def _apply(first, weights, source, out):
    """Write the product of a banded matrix with an image, four terms at a time."""
    terms = weights.shape[1]
    for i in range(len(first)):
        row = out[i]
        row[:] = np.float32(0)
        for k in range(0, terms - 3, 4):
            w0, w1, w2, w3 = weights[i, k], weights[i, k + 1], weights[i, k + 2], weights[i, k + 3]
            a, b = source[first[i] + k], source[first[i] + k + 1]
            c, d = source[first[i] + k + 2], source[first[i] + k + 3]
            for j in range(len(row)):
                row[j] += (w0 * a[j] + w1 * b[j]) + (w2 * c[j] + w3 * d[j])
        for k in range(terms - terms % 4, terms):
            weight, line = weights[i, k], source[first[i] + k]
            for j in range(len(row)):
                row[j] += weight * line[j]


@njit(cache=True, parallel=True, nogil=True)
def _through_nodes(images, y_in, y_in_w, x_in, x_in_w, x_out, x_out_w, y_out, y_out_w, out):
    nx = images.shape[2]
    for n in prange(len(images)):
        lines = np.empty((len(y_in), nx), np.float32)
        _apply(y_in, y_in_w, images[n], lines)
        nodes = np.empty((len(x_in), len(y_in)), np.float32)
        _apply(x_in, x_in_w, np.ascontiguousarray(lines.T), nodes)
        columns = np.empty((nx, len(y_in)), np.float32)
        _apply(x_out, x_out_w, nodes, columns)
        _apply(y_out, y_out_w, np.ascontiguousarray(columns.T), out[n])


@njit(cache=True, parallel=True, nogil=True)
def _from_nodes(nodes, x_out, x_out_w, y_out, y_out_w, out):
    for n in prange(len(nodes)):
        columns = np.empty((out.shape[2], nodes.shape[2]), np.float32)
        _apply(x_out, x_out_w, nodes[n], columns)
        _apply(y_out, y_out_w, np.ascontiguousarray(columns.T), out[n])


@njit(cache=True, parallel=True, nogil=True)
def _convolve(images, along_y, along_x, out):
    """Convolve with two symmetric kernels, given from their middles on."""
    ny, nx = images.shape[1:]
    ry, rx = len(along_y) - 1, len(along_x) - 1
    for n in prange(len(images)):
        line = np.empty(nx + 2 * rx, np.float32)
        inner = line[rx : rx + nx]
        for i in range(ny):
            middle = images[n, i]
            for j in range(nx):
                inner[j] = along_y[0] * middle[j]
            for k in range(1, ry + 1):
                above, below = images[n, max(i - k, 0)], images[n, min(i + k, ny - 1)]
                for j in range(nx):
                    inner[j] += along_y[k] * (above[j] + below[j])
            line[:rx] = line[rx]
            line[rx + nx :] = line[rx + nx - 1]
            row = out[n, i]
            for j in range(nx):
                row[j] = along_x[0] * inner[j]
            for k in range(1, rx + 1):
                left, right = line[rx - k : rx - k + nx], line[rx + k : rx + k + nx]
                for j in range(nx):
                    row[j] += along_x[k] * (left[j] + right[j])
