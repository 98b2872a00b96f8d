"""Compiled loops: the depths between which a row of beams runs inside planes and quadrics."""

from __future__ import annotations

import numpy as np
from numba import njit

_PARALLEL_TO_BEAM = 1e-6  # a plane this steep bounds no pixel's depth, it only hides pixels
_STEEP = 2.0  # depth per width above which a plane is followed from where it crosses depth 0
_NOWHERE = np.float32(-1e9)
_FAST = {"nnan", "nsz", "contract", "arcp"}  # not "reassoc": see the steep planes


@njit(cache=True)
def turn_planes(planes, turn, out):
    """Planes (F, 4) in the laboratory's frame as (side, depth at x = y = 0, slopes in y and x).

    `side` is 1 for a plane that bounds the depth from above, -1 from below; of a plane that
    stands along the beam it is 0, and the other three are those of its distance, positive inside.
    """
    for k in range(len(planes)):
        x, y, z, offset = planes[k]
        nx = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z
        ny = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z
        nz = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z
        steep = abs(nz) <= _PARALLEL_TO_BEAM
        scale = 1.0 if steep else 1 / nz
        out[k, 0] = 0.0 if steep else np.sign(nz)
        out[k, 1], out[k, 2], out[k, 3] = offset * scale, -ny * scale, -nx * scale


@njit(cache=True)
def turn_quadrics(quadrics, turn, out):
    """Quadrics (K, 4, 4) in the laboratory's frame."""
    half = np.empty((3, 4))
    for k in range(len(quadrics)):
        q = quadrics[k]
        for i in range(3):
            for j in range(4):
                half[i, j] = turn[i, 0] * q[0, j] + turn[i, 1] * q[1, j] + turn[i, 2] * q[2, j]
        for i in range(3):
            out[k, i, 3] = out[k, 3, i] = half[i, 3]
            for j in range(3):
                out[k, i, j] = (
                    half[i, 0] * turn[j, 0] + half[i, 1] * turn[j, 1] + half[i, 2] * turn[j, 2]
                )
        out[k, 3, 3] = q[3, 3]


@njit(cache=True, fastmath=_FAST)
def limit_row(planes, quadrics, between, y, x, dx, ramp, bottom, top):
    """Depths `bottom` and `top` of beams from (y, x) on, `dx` apart, inside planes and quadrics.

    Where `top` does not lie above `bottom`, the beam misses. Planes and quadrics are those of
    the laboratory's frame; `between` are the depths to start from. `ramp` counts the beams from 0:
    it is faster to read than to convert.
    """
    width = len(top)
    bottom[:] = between[0]
    top[:] = between[1]
    for k in range(len(planes)):
        depth, step = planes[k, 1] + planes[k, 2] * y + planes[k, 3] * x, planes[k, 3] * dx
        # The depth of a steep plane at the first pixel has too few digits. Counted from the pixel
        # where it crosses depth 0, it is exact wherever it bounds a body.
        zero = np.rint(-depth / step) if abs(planes[k, 3]) > _STEEP else 0.0
        start, slope = np.float32(depth + step * zero), np.float32(step)
        origin = np.float32(zero)
        if planes[k, 0] > 0:
            for j in range(width):
                top[j] = min(top[j], start + slope * (ramp[j] - origin))
        elif planes[k, 0] < 0:
            for j in range(width):
                bottom[j] = max(bottom[j], start + slope * (ramp[j] - origin))
        else:
            for j in range(width):
                top[j] = top[j] if start + slope * (ramp[j] - origin) >= 0 else _NOWHERE
    for k in range(len(quadrics)):
        q = quadrics[k]
        # [r, 1] Q [r, 1] = a z² + 2 (b0 + b1 x) z + c0 + c1 x + c2 x²
        a, b0, b1 = q[2, 2], q[1, 2] * y + q[2, 3], q[0, 2]
        c0, c1, c2 = (q[1, 1] * y + 2 * q[1, 3]) * y + q[3, 3], 2 * (q[0, 1] * y + q[0, 3]), q[0, 0]
        parallel = abs(a) <= 1e-12 * (abs(q[0, 0]) + abs(q[1, 1]))
        if a > 0 and not parallel:
            b0, b1, c0, c1, c2 = b0 / a, b1 / a, c0 / a, c1 / a, c2 / a
            for j in range(width):
                at = x + j * dx
                middle = -(b0 + b1 * at)
                square = middle * middle - (c0 + (c1 + c2 * at) * at)
                half = np.sqrt(max(square, 0.0))
                bottom[j] = max(bottom[j], np.float32(middle - half))
                top[j] = min(top[j], np.float32(middle + half)) if square > 0 else _NOWHERE
        else:
            for j in range(width):
                at = x + j * dx
                b, c = b0 + b1 * at, c0 + (c1 + c2 * at) * at
                if parallel:
                    bottom[j], top[j] = _limit_once(b, c, bottom[j], top[j])
                else:
                    bottom[j], top[j] = _limit_nappe(a, b, c, bottom[j], top[j])


@njit(cache=True)
def _limit_once(b, c, bottom, top):
    """Depths inside 2 b z + c <= 0: along a mantle the beam crosses it once, or never."""
    if b == 0:
        return bottom, (top if c <= 0 else _NOWHERE)
    root = np.float32(-c / (2 * b))
    return (bottom, min(top, root)) if b > 0 else (max(bottom, root), top)


@njit(cache=True)
def _limit_nappe(a, b, c, bottom, top):
    """Depths inside a z² + 2 b z + c <= 0 for a < 0, where the planes leave one nappe of a cone.

    Steeper than the mantle the beam is inside both nappes and outside between them; the longer
    part is in the nappe that is left.
    """
    square = b * b - a * c
    if square <= 0:
        return bottom, top
    low, high = np.float32((-b + np.sqrt(square)) / a), np.float32((-b - np.sqrt(square)) / a)
    if min(top, low) - bottom > top - max(bottom, high):
        return bottom, min(top, low)
    return max(bottom, high), top
