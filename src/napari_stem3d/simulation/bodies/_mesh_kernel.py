"""Compiled loops: thickness of what a closed mesh holds."""

from __future__ import annotations

import numpy as np
from numba import njit

from napari_stem3d.simulation.bodies._row_kernel import limit_row, turn_planes, turn_quadrics

_BLOCK = 6  # rows of a moving mesh, and blocks of them, that share a look for its triangles


@njit(cache=True)
def add_mesh(planes, quadrics, mesh, between, path, window, sampling, factor, out):
    """Add `factor` times the thickness of what a mesh holds inside planes and quadrics.

    Every triangle that a beam crosses adds its depth, on near sides with a minus; all are clamped
    to the depths that the planes and quadrics leave. Arguments are those of `add_convex`.
    """
    limits = _limits(planes, quadrics, between, path, window, sampling, out.shape)
    depth = np.zeros(out.shape)
    if path[1] == 1:
        _cross_moving(mesh, path, window, sampling, limits, depth)
    else:
        _cross_still(mesh, path, window, sampling, limits, depth)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] += factor * np.float32(max(0.0, depth[i, j]))


@njit(cache=True)
def _cross_still(mesh, path, window, sampling, limits, depth):
    """Add the depths of all triangles, one after the other, in all their rows."""
    vertices, faces = mesh
    at, _, turns, places = path
    turned = np.empty_like(vertices)
    for v in range(len(vertices)):
        turned[v] = _turn(turns, at, vertices, v)
    x = window[2] * sampling[1] - places[at, 1]
    for t in range(len(faces)):
        i, j, k = faces[t]
        a, b, c = _point(turned, i), _point(turned, j), _point(turned, k)
        low = (min(a[1], b[1], c[1]) + places[at, 0]) / sampling[0]
        high = (max(a[1], b[1], c[1]) + places[at, 0]) / sampling[0]
        for row in range(
            max(window[0], int(np.ceil(low))), min(window[1], int(np.floor(high)) + 1)
        ):
            y = row * sampling[0] - places[at, 0]
            _cross(a, b, c, y, x, sampling[1], row - window[0], limits, depth)


@njit(cache=True)
def _cross_moving(mesh, path, window, sampling, limits, depth):
    """Add the depths of all triangles row by row, turned anew for every row."""
    vertices, faces = mesh
    first, _, turns, places = path
    radius = np.sqrt((vertices**2).sum(axis=1).max())
    points = vertices[:, 0].copy(), vertices[:, 1].copy(), vertices[:, 2].copy()
    heights = np.empty(len(vertices))
    everything = np.arange(len(faces))
    wide, near = np.empty_like(everything), np.empty_like(everything)
    x_first = window[2] * sampling[1]
    for start in range(window[0], window[1], _BLOCK**2):
        stop = min(start + _BLOCK**2, window[1])
        low, high = _heights_of(start, stop, path, sampling[0], radius, points, heights)
        found = _find_crossed(heights, faces, low, high, everything, wide)
        for begin in range(start, stop, _BLOCK):
            end = min(begin + _BLOCK, stop)
            low, high = _heights_of(begin, end, path, sampling[0], radius, points, heights)
            count = _find_crossed(heights, faces, low, high, wide[:found], near)
            for row in range(begin, end):
                at = first + row
                _find_heights(turns, at, points, heights)
                y, x = row * sampling[0] - places[at, 0], x_first - places[at, 1]
                for t in near[:count]:
                    i, j, k = faces[t]
                    one, two, three = heights[i], heights[j], heights[k]
                    if min(one, two, three) <= y <= max(one, two, three):
                        a, b = _turn(turns, at, vertices, i), _turn(turns, at, vertices, j)
                        c = _turn(turns, at, vertices, k)
                        _cross(a, b, c, y, x, sampling[1], row - window[0], limits, depth)


@njit(cache=True)
def _heights_of(start, stop, path, dy, radius, points, heights):
    """Put vertices where they lie in the middle of a block of rows, and return what it covers.

    That is the span of heights, widened by how far any vertex strays from there in the block.
    """
    first, _, turns, places = path
    middle = first + (start + stop) // 2
    stray = 0.0
    for at in range(first + start, first + stop):
        change = np.sqrt(((turns[at, 1] - turns[middle, 1]) ** 2).sum())
        stray = max(stray, radius * change + abs(places[at, 0] - places[middle, 0]))
    _find_heights(turns, middle, points, heights)
    shift = places[middle, 0]
    return start * dy - shift - stray, (stop - 1) * dy - shift + stray


@njit(cache=True)
def _find_heights(turns, at, points, heights):
    u, v, w = turns[at, 1]
    x, y, z = points
    for i in range(len(heights)):
        heights[i] = u * x[i] + v * y[i] + w * z[i]


@njit(cache=True)
def _find_crossed(heights, faces, low, high, among, near):
    """Write to `near` which of some triangles reach between two heights; return their number."""
    count = 0
    for t in among:
        a, b, c = heights[faces[t, 0]], heights[faces[t, 1]], heights[faces[t, 2]]
        near[count] = t
        count += max(a, b, c) >= low and min(a, b, c) <= high
    return count


@njit(cache=True)
def _limits(planes, quadrics, between, path, window, sampling, shape):
    """Depths of every pixel of the window inside planes and quadrics."""
    first, step, turns, places = path
    bottom, top = np.empty(shape, np.float32), np.empty(shape, np.float32)
    flat, curved = np.empty_like(planes), np.empty_like(quadrics)
    ramp = np.arange(shape[1]).astype(np.float32)
    for i in range(shape[0]):
        row = window[0] + i
        at = first + row * step
        if i == 0 or step == 1:
            turn_planes(planes, turns[at], flat)
            turn_quadrics(quadrics, turns[at], curved)
        y = row * sampling[0] - places[at, 0]
        x = window[2] * sampling[1] - places[at, 1]
        limit_row(flat, curved, between, y, x, sampling[1], ramp, bottom[i], top[i])
        top[i] = np.maximum(top[i], bottom[i])
    return bottom, top


@njit(cache=True, inline="always")
def _point(points, v):
    return points[v, 0], points[v, 1], points[v, 2]


@njit(cache=True, inline="always")
def _turn(turns, at, points, v):
    x, y, z = points[v, 0], points[v, 1], points[v, 2]
    return (
        turns[at, 0, 0] * x + turns[at, 0, 1] * y + turns[at, 0, 2] * z,
        turns[at, 1, 0] * x + turns[at, 1, 1] * y + turns[at, 1, 2] * z,
        turns[at, 2, 0] * x + turns[at, 2, 1] * y + turns[at, 2, 2] * z,
    )


@njit(cache=True)
def _cross(a, b, c, y, x_first, dx, row, limits, depth):
    """Add the depths at which a row of beams crosses the triangle a, b, c."""
    bottom, top = limits
    normal_z = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if normal_z == 0:
        return
    first = max(0, int(np.ceil((min(a[0], b[0], c[0]) - x_first) / dx)))
    last = min(depth.shape[1], int(np.floor((max(a[0], b[0], c[0]) - x_first) / dx)) + 1)
    if first >= last:
        return
    slope_x = ((b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])) / normal_z
    slope_y = ((b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])) / normal_z
    sign = 1.0 if normal_z > 0 else -1.0
    for j in range(first, last):
        x = x_first + j * dx
        if _left_of(a, b, x, y, sign) and _left_of(b, c, x, y, sign) and _left_of(c, a, x, y, sign):
            z = a[2] - slope_x * (x - a[0]) - slope_y * (y - a[1])
            depth[row, j] += sign * min(max(z, bottom[row, j]), top[row, j])


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
