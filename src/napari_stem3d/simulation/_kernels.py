"""Compiled loops: thickness of one body along every beam of a window of the image.

Lengths are in nm and relative to the body's origin. `rows` and `columns` are the window's first
and one-past-last pixels, `origin` is the body's (y, x), `sampling` is (dy, dx).
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_FAR = np.float32(1e9)
_PARALLEL_TO_BEAM = 1e-6  # a plane this steep bounds no pixel's depth, it only hides pixels


@njit(cache=True, fastmath={"nnan", "nsz", "contract", "reassoc", "arcp"})
def add_convex(planes, quadric, curved, rows, columns, origin, sampling, out):
    """Add the thickness of planes (F, 4: normal, offset) and a quadric (4, 4) to `out`."""
    first, last = columns
    width = last - first
    top = np.empty(width, np.float32)
    bottom = np.empty(width, np.float32)
    x_first = first * sampling[1] - origin[1]
    for row in range(rows[0], rows[1]):
        y = row * sampling[0] - origin[0]
        top[:] = _FAR
        bottom[:] = -_FAR
        for k in range(planes.shape[0]):
            nz = planes[k, 2]
            start = planes[k, 3] - planes[k, 1] * y - planes[k, 0] * x_first
            step = -planes[k, 0] * sampling[1]
            if nz > _PARALLEL_TO_BEAM:
                a, b = np.float32(start / nz), np.float32(step / nz)
                for j in range(width):
                    top[j] = min(top[j], a + b * np.float32(j))
            elif nz < -_PARALLEL_TO_BEAM:
                a, b = np.float32(start / nz), np.float32(step / nz)
                for j in range(width):
                    bottom[j] = max(bottom[j], a + b * np.float32(j))
            else:
                a, b = np.float32(start), np.float32(step)
                for j in range(width):
                    top[j] = top[j] if a + b * np.float32(j) >= 0 else -_FAR
        if curved:
            for j in range(width):
                x = x_first + j * sampling[1]
                out[row, first + j] += _inside_quadric(quadric, x, y, bottom[j], top[j])
        else:
            for j in range(width):
                out[row, first + j] += max(np.float32(0), top[j] - bottom[j])


@njit(cache=True, inline="always")
def _inside_quadric(q, x, y, bottom, top):
    """Length of the beam at (x, y) between `bottom` and `top` that lies inside a quadric."""
    if top <= bottom:
        return 0.0
    a = q[2, 2]
    b = q[0, 2] * x + q[1, 2] * y + q[2, 3]
    c = (q[0, 0] * x + 2 * (q[0, 1] * y + q[0, 3])) * x + (q[1, 1] * y + 2 * q[1, 3]) * y + q[3, 3]
    if abs(a) < 1e-12 * (abs(q[0, 0]) + abs(q[1, 1]) + abs(a)):
        if abs(b) < 1e-12:
            return top - bottom if c <= 0 else 0.0
        root = -c / (2 * b)
        return max(0.0, min(top, root) - bottom) if b > 0 else max(0.0, top - max(bottom, root))
    discriminant = b * b - a * c
    if discriminant <= 0:
        return top - bottom if a < 0 else 0.0
    spread = np.sqrt(discriminant) / abs(a)
    low, high = -b / a - spread, -b / a + spread
    if a > 0:
        return max(0.0, min(top, high) - max(bottom, low))
    # Steeper than the mantle of a cone, the beam is inside both nappes, outside between them.
    return max(0.0, min(top, low) - bottom) + max(0.0, top - max(bottom, high))


@njit(cache=True)
def add_mesh(vertices, faces, rows, columns, origin, sampling, out):
    """Add the signed depths of a closed mesh's triangles to `out`: far sides less near sides."""
    depth = np.zeros((rows[1] - rows[0], columns[1] - columns[0]))
    for t in range(faces.shape[0]):
        a, b, c = vertices[faces[t, 0]], vertices[faces[t, 1]], vertices[faces[t, 2]]
        normal_z = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if normal_z == 0:
            continue
        slope_x = ((b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])) / normal_z
        slope_y = ((b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])) / normal_z
        sign = 1.0 if normal_z > 0 else -1.0
        low_y, high_y = min(a[1], b[1], c[1]) + origin[0], max(a[1], b[1], c[1]) + origin[0]
        low_x, high_x = min(a[0], b[0], c[0]) + origin[1], max(a[0], b[0], c[0]) + origin[1]
        for row in range(
            max(rows[0], int(np.ceil(low_y / sampling[0]))),
            min(rows[1], int(np.floor(high_y / sampling[0])) + 1),
        ):
            y = row * sampling[0] - origin[0]
            for column in range(
                max(columns[0], int(np.ceil(low_x / sampling[1]))),
                min(columns[1], int(np.floor(high_x / sampling[1])) + 1),
            ):
                x = column * sampling[1] - origin[1]
                if (
                    _left_of(a, b, x, y, sign)
                    and _left_of(b, c, x, y, sign)
                    and _left_of(c, a, x, y, sign)
                ):
                    z = a[2] - slope_x * (x - a[0]) - slope_y * (y - a[1])
                    depth[row - rows[0], column - columns[0]] += sign * z
    for i in range(depth.shape[0]):
        for j in range(depth.shape[1]):
            out[rows[0] + i, columns[0] + j] += max(0.0, depth[i, j])


@njit(cache=True, inline="always")
def _left_of(a, b, x, y, sign):
    """Whether (x, y) lies inside an edge; a point on an edge belongs to one neighbour only.

    The edge is evaluated with its ends in a fixed order, so that both triangles that share it
    get the very same number, and none or two of them cannot claim a point.
    """
    swap = a[0] > b[0] or (a[0] == b[0] and a[1] > b[1])
    p, q = (b, a) if swap else (a, b)
    side = (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])
    if swap:
        sign = -sign
    return side * sign > 0 or (side == 0 and sign > 0)


@njit(cache=True, parallel=True)
def project_batch(planes, quadrics, curved, windows, origins, sampling, out):
    """Thickness of one convex body per image; all arrays are stacked along the images."""
    for i in prange(out.shape[0]):
        out[i] = 0
        window = windows[i]
        add_convex(
            planes[i],
            quadrics[i],
            curved[i],
            (window[0], window[1]),
            (window[2], window[3]),
            (origins[i, 0], origins[i, 1]),
            sampling,
            out[i],
        )
