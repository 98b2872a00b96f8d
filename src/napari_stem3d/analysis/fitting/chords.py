"""Thickness of a convex body along the beam, and how it changes with the surfaces that bound it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.floating]
_FLAT = 1e-12  # a surface that is steeper than this along the beam bounds nothing along it


class Chords(NamedTuple):
    """Where the beam through each pixel enters and leaves a body.

    Attributes
    ----------
    thickness : ndarray, shape (ny, nx)
        Length inside the body [nm].
    ends : ndarray, shape (2, ny, nx)
        Depths at which the beam leaves and enters it [nm]; 0 where it misses it.
    bounds : ndarray of int, shape (2, ny, nx)
        Surfaces there: planes first, then quadrics; -1 where the beam misses the body.
    """

    thickness: Array
    ends: Array
    bounds: NDArray[np.int32]


def chords(planes: Array, quadrics: Array, y: Array, x: Array) -> Chords:
    """Cut the beam with a convex body.

    Parameters
    ----------
    planes : ndarray, shape (F, 4)
        Inside is where ``planes[:, :3] @ (x, y, z) <= planes[:, 3]`` [nm].
    quadrics : ndarray, shape (K, 4, 4)
        Inside is where ``v @ Q @ v <= 0`` of ``v = (x, y, z, 1)``; planes keep one nappe of a cone.
    y, x : ndarray, shapes (ny,) and (nx,)
        Places of the pixels [nm].

    Returns
    -------
    Chords
        Of every pixel.
    """
    shape = (len(y), len(x))
    ends, bounds = np.zeros((2, *shape)), np.full((2, *shape), -1, np.int32)
    _cut(planes, quadrics, y, x, ends, bounds)
    return Chords(ends[0] - ends[1], ends, bounds)


def slopes(
    planes: Array,
    quadrics: Array,
    by_planes: Array,
    by_quadrics: Array,
    y: Array,
    x: Array,
) -> Array:
    """Differentiate the thickness with respect to parameters that move the surfaces.

    Where a surface f(x, y, z; p) = 0 bounds the beam, its depth moves by -(df/dp) / (df/dz).

    Parameters
    ----------
    planes, quadrics, y, x
        As of `chords`.
    by_planes : ndarray, shape (F, 4, M)
        Derivatives of the planes with respect to M parameters.
    by_quadrics : ndarray, shape (K, 4, 4, M)
        Those of the quadrics.

    Returns
    -------
    ndarray, shape (M, ny, nx)
        Exact but on the lines where two surfaces meet.
    """
    found = chords(planes, quadrics, y, x)
    out = np.zeros((by_planes.shape[-1], *found.thickness.shape))
    _slopes(found.ends, found.bounds, planes, quadrics, by_planes, by_quadrics, y, x, out)
    return out


@njit(cache=True)
def _cut(planes, quadrics, ys, xs, ends, bounds):
    for i in range(len(ys)):
        for j in range(len(xs)):
            y, x = ys[i], xs[j]
            top, bottom, above, below, missed = np.inf, -np.inf, -1, -1, False
            for k in range(len(planes)):
                rest = planes[k, 3] - planes[k, 0] * x - planes[k, 1] * y
                steep = planes[k, 2]
                if steep > _FLAT:
                    if rest / steep < top:
                        top, above = rest / steep, k
                elif steep < -_FLAT:
                    if rest / steep > bottom:
                        bottom, below = rest / steep, k
                elif rest < 0:
                    missed = True
            for k in range(len(quadrics)):
                q = quadrics[k]
                a = q[2, 2]
                b = q[0, 2] * x + q[1, 2] * y + q[2, 3]
                c = q[0, 0] * x * x + q[1, 1] * y * y + q[3, 3]
                c += 2 * (q[0, 1] * x * y + q[0, 3] * x + q[1, 3] * y)
                n = len(planes) + k
                root = b * b - a * c
                if abs(a) <= _FLAT:
                    if abs(b) <= _FLAT:
                        missed |= c > 0
                    elif b > 0 and -c / (2 * b) < top:
                        top, above = -c / (2 * b), n
                    elif b < 0 and -c / (2 * b) > bottom:
                        bottom, below = -c / (2 * b), n
                elif a > 0:
                    if root <= 0:
                        missed = True
                        continue
                    low, high = (-b - np.sqrt(root)) / a, (-b + np.sqrt(root)) / a
                    if high < top:
                        top, above = high, n
                    if low > bottom:
                        bottom, below = low, n
                elif root > 0:  # both nappes of a cone: the planes have left one of them
                    low, high = (-b + np.sqrt(root)) / a, (-b - np.sqrt(root)) / a
                    if min(top, low) - bottom >= top - max(bottom, high):
                        if low < top:
                            top, above = low, n
                    elif high > bottom:
                        bottom, below = high, n
            if not missed and top > bottom and above >= 0 and below >= 0:
                ends[0, i, j], ends[1, i, j] = top, bottom
                bounds[0, i, j], bounds[1, i, j] = above, below


@njit(cache=True)
def _slopes(ends, bounds, planes, quadrics, by_planes, by_quadrics, ys, xs, out):
    point = np.ones(4)
    for i in range(len(ys)):
        for j in range(len(xs)):
            if bounds[0, i, j] < 0:
                continue
            point[0], point[1] = xs[j], ys[i]
            for side in range(2):
                sign = 1 - 2 * side
                k = bounds[side, i, j]
                point[2] = ends[side, i, j]
                if k < len(planes):
                    scale = sign / planes[k, 2]
                    for m in range(len(out)):
                        by = by_planes[k, 3, m]
                        for r in range(3):
                            by -= by_planes[k, r, m] * point[r]
                        out[m, i, j] += scale * by
                else:
                    k -= len(planes)
                    steep = 0.0
                    for r in range(4):
                        steep += quadrics[k, 2, r] * point[r]
                    for m in range(len(out)):
                        by = 0.0
                        for r in range(4):
                            for s in range(4):
                                by += point[r] * by_quadrics[k, r, s, m] * point[s]
                        out[m, i, j] -= sign * by / (2 * steep)
