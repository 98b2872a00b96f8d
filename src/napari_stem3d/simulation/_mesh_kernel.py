"""Compiled loops: thickness of what a closed mesh holds."""

from __future__ import annotations

import numpy as np
from numba import njit

from napari_stem3d.simulation._row_kernel import limit_row, turn_planes, turn_quadrics

_SLACK = 4  # rows by which a moving vertex may stray from where the middle of its block puts it


@njit(cache=True)
def add_mesh(planes, quadrics, mesh, between, path, window, sampling, factor, out):
    """Add `factor` times the thickness of what a mesh holds inside planes and quadrics.

    Every triangle that a beam crosses adds its depth, on near sides with a minus; all are clamped
    to the depths that the planes and quadrics leave. Arguments are those of `add_convex`.

    Of a moving mesh, blocks of rows share a look for the triangles that they may cross; these
    are then turned anew for every row.
    """
    vertices, faces = mesh
    first, step, turns, places = path
    height, width = out.shape
    bottom, top = _limits(planes, quadrics, between, path, window, sampling, out.shape)
    depth = np.zeros(out.shape)
    corners = np.empty((3, 3))
    turned = np.empty_like(vertices)
    radius = np.sqrt((vertices**2).sum(axis=1).max())
    start = 0
    while start < height:
        stop, stray = _block(start, height, path, window, radius, sampling[0])
        middle = first + (window[0] + (start + stop) // 2) * step
        for v in range(len(vertices)):
            _turn(turns[middle], vertices[v], turned[v])
        shift = places[middle, 0]
        for t in range(len(faces)):
            for k in range(3):
                corners[k] = turned[faces[t, k]]
            low = min(corners[0, 1], corners[1, 1], corners[2, 1]) + shift - stray
            high = max(corners[0, 1], corners[1, 1], corners[2, 1]) + shift + stray
            for i in range(
                max(start, int(np.ceil(low / sampling[0])) - window[0]),
                min(stop, int(np.floor(high / sampling[0])) + 1 - window[0]),
            ):
                row = window[0] + i
                at = first + row * step
                if step == 1:
                    for k in range(3):
                        _turn(turns[at], vertices[faces[t, k]], corners[k])
                y = row * sampling[0] - places[at, 0]
                x = window[2] * sampling[1] - places[at, 1]
                _cross(corners, y, x, sampling[1], bottom[i], top[i], depth[i])
        start = stop
    for i in range(height):
        for j in range(width):
            out[i, j] += factor * np.float32(max(0.0, depth[i, j]))


@njit(cache=True)
def _limits(planes, quadrics, between, path, window, sampling, shape):
    """Depths of every pixel of the window inside planes and quadrics."""
    first, step, turns, places = path
    bottom, top = np.empty(shape, np.float32), np.empty(shape, np.float32)
    flat, curved = np.empty_like(planes), np.empty_like(quadrics)
    for i in range(shape[0]):
        row = window[0] + i
        at = first + row * step
        if i == 0 or step == 1:
            turn_planes(planes, turns[at], flat)
            turn_quadrics(quadrics, turns[at], curved)
        y = row * sampling[0] - places[at, 0]
        x = window[2] * sampling[1] - places[at, 1]
        limit_row(flat, curved, between, y, x, sampling[1], bottom[i], top[i])
        top[i] = np.maximum(top[i], bottom[i])
    return bottom, top


@njit(cache=True)
def _block(start, height, path, window, radius, dy):
    """End of a block of rows, and the most [nm] by which vertices stray in y within it."""
    first, step, turns, places = path
    stop = height
    while step == 1:
        middle = first + window[0] + (start + stop) // 2
        stray = 0.0
        for i in range(start, stop):
            at = first + window[0] + i
            change = turns[at, 1] - turns[middle, 1]
            moved = abs(places[at, 0] - places[middle, 0])
            stray = max(stray, radius * np.sqrt((change**2).sum()) + moved)
        if stray <= _SLACK * dy or stop == start + 1:
            return stop, stray
        stop = start + (stop - start + 1) // 2
    return stop, 0.0


@njit(cache=True, inline="always")
def _turn(turn, point, out):
    for i in range(3):
        out[i] = turn[i, 0] * point[0] + turn[i, 1] * point[1] + turn[i, 2] * point[2]


@njit(cache=True)
def _cross(corners, y, x_first, dx, bottom, top, depth):
    """Add the depths at which one row of beams crosses a triangle."""
    a, b, c = corners
    normal_z = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if normal_z == 0:
        return
    slope_x = ((b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])) / normal_z
    slope_y = ((b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])) / normal_z
    sign = 1.0 if normal_z > 0 else -1.0
    for j in range(
        max(0, int(np.ceil((min(a[0], b[0], c[0]) - x_first) / dx))),
        min(len(depth), int(np.floor((max(a[0], b[0], c[0]) - x_first) / dx)) + 1),
    ):
        x = x_first + j * dx
        if _left_of(a, b, x, y, sign) and _left_of(b, c, x, y, sign) and _left_of(c, a, x, y, sign):
            z = a[2] - slope_x * (x - a[0]) - slope_y * (y - a[1])
            depth[j] += sign * min(max(z, bottom[j]), top[j])


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
