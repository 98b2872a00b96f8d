"""Compiled filters of stacks of images: blur, smooth random fields, resampling.

Every image is worked on by itself, in one thread: the results do not depend on the rest of the
stack or on the number of threads.

A wide Gaussian is the sum of narrower ones at the nodes of a coarse raster: with a spacing of d
nodes, standard deviations a and c of the windows that collect and distribute, the product of the
two windows summed over the nodes is the Gaussian of σ² = a² + c² up to the relative error
2 exp(-2 π² (a c / (σ d))²) (Poisson's sum formula). The cost per pixel does not grow with σ.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from scipy.special import erf

from napari_stem3d._errors import InputError
from napari_stem3d.simulation._random import normals

_HALF, _ONE, _TWO, _THREE, _FOUR, _FIVE = map(np.float32, (0.5, 1, 2, 3, 4, 5))
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
    ys, xs = (_nodes(n, s, max(1.0, _SCATTER * s)) for n, s in zip(gpts, sigmas))
    noise = normals(keys, (len(xs), len(ys)))
    out = np.empty((len(noise), *gpts), np.float32)
    x_out, y_out = (
        _distribute(n, nodes, s, 2) for n, nodes, s in zip(gpts[::-1], (xs, ys), sigmas[::-1])
    )
    _from_nodes(noise, *x_out, *y_out, out)
    return out


def shift_rows(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Images whose rows are sampled further right; a row continues evenly beyond its ends.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx), float32
        Images.
    shifts : ndarray, shape (n, ny)
        Displacement of each row [px].

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Images by Catmull-Rom interpolation between four pixels (Keys 1981, a = -1/2).
    """
    images = as_stack(images)
    out = np.empty_like(images)
    _shift_rows(images, _like(shifts, images.shape[:2], "shifts"), out)
    return out


def gather(images: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Images sampled at displaced positions; they continue evenly beyond their edges.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx), float32
        Images.
    dy, dx : ndarray, shape (n, ny, nx), float32
        Displacement of each pixel [px].

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Images by Catmull-Rom interpolation between 4 x 4 pixels (Keys 1981, a = -1/2).
    """
    images = as_stack(images)
    out = np.empty_like(images)
    _gather(images, _like(dy, images.shape, "dy"), _like(dx, images.shape, "dx"), out)
    return out


def cubic_weights(t: np.ndarray) -> np.ndarray:
    """Catmull-Rom weights of the four nodes around positions t from the second node on.

    Parameters
    ----------
    t : ndarray
        Positions between the second node, 0, and the third, 1.

    Returns
    -------
    ndarray, shape (4, *t.shape)
        Weights, with a sum of 1.
    """
    nodes = np.eye(4).reshape(4, 4, *(1,) * np.ndim(t))
    return np.stack([_cubic.py_func(np.asarray(t, float), *node) for node in nodes])


def as_stack(images: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return images as contiguous float32; InputError unless they have the shape (n, ny, nx)."""
    images = np.ascontiguousarray(images, np.float32)
    if images.ndim != 3 or shape not in (None, images.shape):
        raise InputError(
            f"images must have the shape {shape or '(n, ny, nx)'}. Received: {images.shape}"
        )
    return images


def _like(values, shape, name):
    values = np.ascontiguousarray(values, np.float32)
    if values.shape != shape:
        raise InputError(f"{name} must have the shape {shape}. Received: {values.shape}")
    return values


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


def _blur_bands(size, sigma):
    """Return collecting and distributing rows that together blur one axis."""
    if sigma <= _NARROW:
        alone = np.arange(size), np.ones((size, 1), np.float32)
        return _clamped_gaussian(size, sigma), alone
    window = sigma / math.sqrt(2)
    nodes = _nodes(size, window, _COLLECT * sigma)
    return _collect(size, nodes, window), _distribute(size, nodes, window, 1)


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


@njit(cache=True, parallel=True)
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


@njit(cache=True, parallel=True)
def _from_nodes(nodes, x_out, x_out_w, y_out, y_out_w, out):
    for n in prange(len(nodes)):
        columns = np.empty((out.shape[2], nodes.shape[2]), np.float32)
        _apply(x_out, x_out_w, nodes[n], columns)
        _apply(y_out, y_out_w, np.ascontiguousarray(columns.T), out[n])


@njit(cache=True, parallel=True)
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


@njit(cache=True, inline="always")
def _cubic(t, p0, p1, p2, p3):
    """Catmull-Rom interpolation between pixels at -1, 0, 1 and 2, at the position t."""
    w0 = ((_TWO - t) * t - _ONE) * t
    w1 = (_THREE * t - _FIVE) * t * t + _TWO
    w2 = ((_FOUR - _THREE * t) * t + _ONE) * t
    w3 = (t - _ONE) * t * t
    return _HALF * (w0 * p0 + w1 * p1 + w2 * p2 + w3 * p3)


@njit(cache=True)
def _split(displacements, size, whole, part):
    """Split displacements into whole pixels and the part from there on, of 0 to 1 pixel."""
    far = np.float32(size + 3)
    for j in range(len(displacements)):
        d = min(max(displacements[j], -far), far)
        floor = np.floor(d)
        whole[j], part[j] = np.int32(floor), d - floor


@njit(cache=True, parallel=True)
def _shift_rows(images, shifts, out):
    ny, nx = images.shape[1:]
    for n in prange(len(images)):
        line = np.empty(nx + 3, np.float32)
        whole, part = np.empty(ny, np.int32), np.empty(ny, np.float32)
        _split(shifts[n], nx, whole, part)
        for i in range(ny):
            start, t = whole[i] - 1, part[i]
            row, source = out[n, i], images[n, i]
            first, last = min(max(-start, 0), nx + 3), max(min(nx - start, nx + 3), 0)
            line[:first] = source[0]
            line[first:last] = source[first + start : last + start]
            line[last:] = source[nx - 1]
            for j in range(nx):
                row[j] = _cubic(t, line[j], line[j + 1], line[j + 2], line[j + 3])


@njit(cache=True, parallel=True)
def _gather(images, dy, dx, out):
    for n in prange(len(images)):
        gather_image(images[n], dy[n], dx[n], out[n])


@njit(cache=True)
def gather_image(image, dy, dx, out):
    """Sample one image at displaced positions; see `gather`."""
    ny, nx = image.shape
    y, x = np.empty(nx, np.int32), np.empty(nx, np.int32)
    ty, tx = np.empty(nx, np.float32), np.empty(nx, np.float32)
    starts = np.empty(nx + 1, np.int64)
    for i in range(ny):
        _split(dy[i], ny, y, ty)
        _split(dx[i], nx, x, tx)
        # A run of pixels that are displaced by the same whole pixels reads four rows side by side.
        # Whether or not one starts here is written down without a branch.
        runs = 0
        for j in range(1, nx):
            starts[runs] = j
            runs += (x[j] != x[j - 1]) | (y[j] != y[j - 1])
        starts[runs] = nx
        begin = 0
        for run in range(runs + 1):
            row, shift = i + y[begin] - 1, x[begin] - 1
            _gather_run(image, row, shift, begin, starts[run], ty, tx, out[i])
            begin = starts[run]


@njit(cache=True)
def _gather_run(image, row, shift, begin, end, ty, tx, out):
    """Interpolate pixels `begin` to `end` of a row between the four rows from `row` on.

    Whole vectors are written where the rows go on: the next run overwrites what is too much.
    Unsigned indices need no test for being negative, which would keep loops out of vectors.
    """
    ny, nx = image.shape
    r0, r1, r2, r3 = (
        np.uint64(min(max(row, 0), ny - 1)),
        np.uint64(min(max(row + 1, 0), ny - 1)),
        np.uint64(min(max(row + 2, 0), ny - 1)),
        np.uint64(min(max(row + 3, 0), ny - 1)),
    )
    head = min(max(-shift, begin), end)
    tail = max(min(head + (end - head + 7) // 8 * 8, min(nx - 3 - shift, nx)), head)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for j in range(np.uint64(head), np.uint64(tail)):
        k, t = j + np.uint64(shift), tx[j]
        out[j] = _cubic(
            ty[j],
            _cubic(t, image[r0, k], image[r0, k + one], image[r0, k + two], image[r0, k + three]),
            _cubic(t, image[r1, k], image[r1, k + one], image[r1, k + two], image[r1, k + three]),
            _cubic(t, image[r2, k], image[r2, k + one], image[r2, k + two], image[r2, k + three]),
            _cubic(t, image[r3, k], image[r3, k + one], image[r3, k + two], image[r3, k + three]),
        )
    for part in (range(begin, head), range(tail, end)):
        for j in part:
            k0, k1 = min(max(j + shift, 0), nx - 1), min(max(j + shift + 1, 0), nx - 1)
            k2, k3 = min(max(j + shift + 2, 0), nx - 1), min(max(j + shift + 3, 0), nx - 1)
            out[j] = _cubic(
                ty[j],
                _cubic(tx[j], image[r0, k0], image[r0, k1], image[r0, k2], image[r0, k3]),
                _cubic(tx[j], image[r1, k0], image[r1, k1], image[r1, k2], image[r1, k3]),
                _cubic(tx[j], image[r2, k0], image[r2, k1], image[r2, k2], image[r2, k3]),
                _cubic(tx[j], image[r3, k0], image[r3, k1], image[r3, k2], image[r3, k3]),
            )
