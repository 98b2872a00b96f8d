"""Compiled loops of the scan: where each pixel of each image is displaced to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._resampling import gather_image

Array = NDArray[np.float32]
_SEVEN, _EIGHT = np.uint64(7), np.uint64(8)


@njit(cache=True)
def _transform(
    re: Array, im: Array, other_re: Array, other_im: Array, cosines: Array, sines: Array
) -> tuple[Array, Array]:
    """Fourier transform of a power of two of complex numbers; returns where the result lies.

    Stockham's self-sorting scheme: its inner loop runs over neighbours.
    """
    size, stride = len(re), np.uint64(1)
    count = size
    while count > 1:
        half = count // 2
        for p in range(np.uint64(half)):
            c, s = cosines[p * stride], sines[p * stride]
            a, b = p * stride, (p + np.uint64(half)) * stride
            to, too = np.uint64(2) * p * stride, (np.uint64(2) * p + np.uint64(1)) * stride
            for q in range(stride):
                x, y = re[q + a] - re[q + b], im[q + a] - im[q + b]
                other_re[q + to], other_im[q + to] = re[q + a] + re[q + b], im[q + a] + im[q + b]
                other_re[q + too], other_im[q + too] = x * c - y * s, x * s + y * c
        re, im, other_re, other_im = other_re, other_im, re, im
        count, stride = half, stride * np.uint64(2)
    return re, im


@njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def wander(
    noise: Array,
    amplitudes: Array,
    circle: Array,
    raster: tuple[int, int],
    step: tuple[int, NDArray[np.float64]],
    gradient: float,
    sampling: tuple[float, float],
    out: Array,
) -> None:
    """Write random displacements along time, scaled to a distortion.

    Parameters
    ----------
    noise : ndarray, shape (n, 4, K), float32
        Normal numbers: real and imaginary parts at the K positive and the K negative frequencies.
        Their transform is one complex series, the parts of which, x and y, are independent.
    amplitudes : ndarray, shape (K,), float32
        Amplitude at each frequency, from the lowest on.
    circle : ndarray, shape (2, N), float32
        Cosine and sine of 2 π k / N.
    raster : tuple of int
        Number of points within the frame, and points per line.
    step : tuple of (int, ndarray of shape (4,))
        Dwell time in points, as a whole number and the weights of the four points around the rest.
    gradient : float
        Root mean square of the local area magnification error to scale to.
    sampling : tuple of float
        Distance of neighbouring pixels (dy, dx).
    out : ndarray, shape (n, 2, M), float32
        Displacements along y and x [px], at the points from -1 on.
    """
    size, (points, per_line), (whole, weights) = circle.shape[1], raster, step
    for n in prange(len(noise)):
        re, im = np.zeros(size, np.float32), np.zeros(size, np.float32)
        for k in range(len(amplitudes)):
            re[k + 1], im[k + 1] = amplitudes[k] * noise[n, 0, k], amplitudes[k] * noise[n, 1, k]
            re[size - k - 1] = amplitudes[k] * noise[n, 2, k]
            im[size - k - 1] = amplitudes[k] * noise[n, 3, k]
        spare = np.empty((2, size), np.float32)
        x, y = _transform(re, im, spare[0], spare[1], circle[0], circle[1])
        # m = (1 + a)(1 + b) - 1 with a and b the steps of x from pixel to pixel and of y from line
        # to line, in pixels; their mean squares are sums over the points of the frame.
        linear, mixed, square = 0.0, 0.0, 0.0
        for j in range(1, points + 1):
            a = -x[j]
            for k in range(4):
                a += weights[k] * x[j + whole + k - 1]
            a, b = a / sampling[1], (y[j + per_line] - y[j]) / sampling[0]
            linear += (a + b) ** 2
            mixed += 2 * (a + b) * a * b
            square += (a * b) ** 2
        scale = gradient / np.sqrt(max(linear, 1e-30) / points)
        for _ in range(8):
            total = max(linear + scale * (mixed + scale * square), 0.5 * linear)
            scale = gradient / np.sqrt(max(total, 1e-30) / points)
        to_y, to_x = np.float32(scale / sampling[0]), np.float32(scale / sampling[1])
        for j in range(out.shape[2]):
            out[n, 0, j], out[n, 1, j] = to_y * y[j], to_x * x[j]


@njit(cache=True)
def walk(kicks: Array, memory: float) -> None:
    """Turn kicks of each line into an autoregressive series, stationary from the start."""
    for n in range(len(kicks)):
        kicks[n, 0] /= np.sqrt(1 - memory * memory)
        for i in range(1, kicks.shape[1]):
            kicks[n, i] += memory * kicks[n, i - 1]


@njit(cache=True, parallel=True, nogil=True)
def displace(common: tuple[Any, ...], own: tuple[Any, ...], out: Array) -> None:
    """Write the displacement of each pixel [px].

    Parameters
    ----------
    common : tuple
        What all images share:

        along_line, fade : ndarray, shapes (2, nx) and (nx,), float32
            Displacements along y and x that depend on the pixel alone, and what is left at each
            pixel of what relaxes since the start of its line.
        line_waves, pixel_waves : ndarray, shape (2, 3, ny or nx), float32
            Sine and cosine of the phases that three waves in time have gained at the start of each
            line, and along a line.
        per_line : int
            Points of the series per line.
        stretches : ndarray, shape (S + 1, 2), int64
            First pixel of each stretch of a line that lies between the same two points, and the
            first of the four points around it; the end of the line last.
        weights : ndarray, shape (4, nx), float32
            Weights of these points for each pixel.
    own : tuple
        What each image has for itself:

        at_line, relax : ndarray, shapes (n, 2, ny) and (2, ny), float32
            Displacement of each line, and what is to relax at its start.
        waves : ndarray, shape (n, 2, H, 2), float32
            Coefficients of the sine and cosine of each wave; H = 0 where there are none, else 3.
        series : ndarray, shape (n, 2, M), float32
            Displacements along time, at the points from -1 on; M = 0 where there are none.
    out : ndarray, shape (2, n, ny, nx), float32
        Displacements along y and x.
    """
    for n in prange(out.shape[1]):
        _displace_along(common, own, n, 0, out[0, n])
        _displace_along(common, own, n, 1, out[1, n])


@njit(cache=True, parallel=True, nogil=True)
def sample(images: Array, common: tuple[Any, ...], own: tuple[Any, ...], out: Array) -> None:
    """Sample images (n, ny, nx) at the displaced positions; see `displace`."""
    ny, nx = images.shape[1:]
    for n in prange(len(images)):
        dy, dx = np.empty((ny, nx), np.float32), np.empty((ny, nx), np.float32)
        _displace_along(common, own, n, 0, dy)
        _displace_along(common, own, n, 1, dx)
        gather_image(images[n], dy, dx, out[n])


@njit(cache=True)
def _displace_along(
    common: tuple[Any, ...], own: tuple[Any, ...], n: int, axis: int, out: Array
) -> None:
    """Write the displacements of image n along one axis."""
    along_line, fade, line_waves, pixel_waves, per_line, stretches, weights = common
    at_line, relax, waves, series = own
    sines, cosines = np.empty(3, np.float32), np.empty(3, np.float32)
    size = np.uint64(out.shape[1])
    for i in range(len(out)):
        offset, rest = at_line[n, axis, i], relax[axis, i]
        if series.shape[2]:
            for k in range(len(stretches) - 1):
                # Whole vectors; the next stretch overwrites what is too much.
                first, begin = i * per_line + stretches[k, 1], np.uint64(stretches[k, 0])
                end = np.uint64(stretches[k + 1, 0])
                end = min(begin + (end - begin + _SEVEN) // _EIGHT * _EIGHT, size)
                a, b = series[n, axis, first], series[n, axis, first + 1]
                c, d = series[n, axis, first + 2], series[n, axis, first + 3]
                for j in range(begin, end):
                    near = b * weights[1, j] + c * weights[2, j]
                    out[i, j] = near + (a * weights[0, j] + d * weights[3, j])
        else:
            out[i] = np.float32(0)
        if not waves.shape[2]:
            for j in range(size):
                out[i, j] += (along_line[axis, j] + offset) + rest * fade[j]
            continue
        for h in range(3):
            p, q = waves[n, axis, h, 0], waves[n, axis, h, 1]
            s, c = line_waves[0, h, i], line_waves[1, h, i]
            sines[h], cosines[h] = p * c - q * s, p * s + q * c
        (s0, s1, s2), (c0, c1, c2) = sines, cosines
        for j in range(size):
            first = s0 * pixel_waves[0, 0, j] + c0 * pixel_waves[1, 0, j]
            second = s1 * pixel_waves[0, 1, j] + c1 * pixel_waves[1, 1, j]
            third = s2 * pixel_waves[0, 2, j] + c2 * pixel_waves[1, 2, j]
            even = (along_line[axis, j] + offset) + rest * fade[j]
            out[i, j] += (first + second) + (third + even)
