"""Compiled loops of the scan: where each pixel of each image is displaced to."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)


@njit(cache=True)
def _transform(re, im, other_re, other_im, cosines, sines):
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


@njit(cache=True, parallel=True, error_model="numpy")
def wander(noise, amplitudes, circle, raster, step, gradient, sampling, out):
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
def walk(kicks, memory):
    """Turn kicks of each line into an autoregressive series, stationary from the start."""
    for n in range(len(kicks)):
        kicks[n, 0] /= np.sqrt(1 - memory * memory)
        for i in range(1, kicks.shape[1]):
            kicks[n, i] += memory * kicks[n, i - 1]


@njit(cache=True, parallel=True)
def displace(steady, kicks, waves, line_waves, pixel_waves, series, per_line, first, weights, out):
    """Write the displacement of each pixel [px].

    Parameters
    ----------
    steady : ndarray, shape (2, ny, nx), float32
        What all images share, along y and x.
    kicks : ndarray, shape (n, 2, ny), float32
        Displacement of each line.
    waves : ndarray, shape (n, 2, H, 2), float32
        Coefficients of sine and cosine of H waves in time.
    line_waves, pixel_waves : ndarray, shape (2, H, ny or nx), float32
        Sine and cosine of the phases that the waves have gained at each line, and along a line.
    series : ndarray, shape (n, 2, M), float32
        Displacements along time, at the points from -1 on; M = 0 where there are none.
    per_line : int
        Points of the series per line.
    first : ndarray, shape (nx,), uint64
        Index of the first of the four points around each pixel of the first line.
    weights : ndarray, shape (4, nx), float32
        Their weights.
    out : ndarray, shape (2, n, ny, nx), float32
        Displacements along y and x.
    """
    ny, nx = out.shape[2:]
    for n in prange(out.shape[1]):
        for axis in range(2):
            for i in range(ny):
                row, even = out[axis, n, i], steady[axis, i]
                kick = kicks[n, axis, i]
                for j in range(nx):
                    row[j] = even[j] + kick
                for h in range(waves.shape[2]):
                    a, b = waves[n, axis, h]
                    s, c = line_waves[0, h, i], line_waves[1, h, i]
                    sine, cosine = a * c - b * s, a * s + b * c
                    for j in range(nx):
                        row[j] += sine * pixel_waves[0, h, j] + cosine * pixel_waves[1, h, j]
                if series.shape[2]:
                    _interpolate(series[n, axis], np.uint64(i * per_line), first, weights, row)


@njit(cache=True)
def _interpolate(series, start, first, weights, row):
    """Add a series to a row, by four points around each pixel."""
    end = np.uint64(0)
    while end < len(row):
        begin, k = end, start + first[end]
        while end < len(row) and start + first[end] == k:
            end += np.uint64(1)
        a, b = series[k], series[k + np.uint64(1)]
        c, d = series[k + np.uint64(2)], series[k + np.uint64(3)]
        for j in range(begin, end):
            row[j] += (a * weights[0, j] + b * weights[1, j]) + (
                c * weights[2, j] + d * weights[3, j]
            )
