"""Compiled loops: thickness of bodies along the beam through every pixel of an image.

Lengths are in nm, depths are measured from the body's origin. What a loop needs to know of the
scene comes as nested tuples, in the order in which `projection` and `_packing` build them.

Numba's cache sees changes of this file alone: whoever changes `_row_kernel` or `_mesh_kernel`
must touch it.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from napari_stem3d.simulation.bodies._mesh_kernel import add_mesh
from napari_stem3d.simulation.bodies._row_kernel import limit_row, turn_planes, turn_quadrics


@njit(cache=True)
def add_convex(planes, quadrics, between, path, window, sampling, factor, out):
    """Add `factor` times the thickness of a convex piece to the pixels of a window.

    `path` is (first, step, turns, places): the poses of the body, `step` = 1 with one for each
    row of the image, 0 with one for all. `out` is the window's part of the image.
    """
    first, step, turns, places = path
    top = np.empty(out.shape[1], np.float32)
    bottom = np.empty(out.shape[1], np.float32)
    ramp = np.arange(out.shape[1]).astype(np.float32)
    flat = np.empty_like(planes)
    curved = np.empty_like(quadrics)
    for i in range(out.shape[0]):
        row = window[0] + i
        at = first + row * step
        if i == 0 or step == 1:
            turn_planes(planes, turns[at], flat)
            turn_quadrics(quadrics, turns[at], curved)
        y = row * sampling[0] - places[at, 0]
        x = window[2] * sampling[1] - places[at, 1]
        limit_row(flat, curved, between, y, x, sampling[1], ramp, bottom, top)
        for j in range(out.shape[1]):
            out[i, j] += factor * max(np.float32(0), top[j] - bottom[j])


@njit(cache=True)
def add_particle(scene, m, slab, sampling, out):
    """Add the thickness of particle `m` of a scene, between two depths, to an image."""
    (planes, quadrics, vertices, faces, ends, signs), particles, (turns, places) = scene
    spans, windows, depths, weights = particles
    window = windows[m]
    if window[1] <= window[0] or window[3] <= window[2]:
        return
    target = out[window[0] : window[1], window[2] : window[3]]
    start, stop, pose, step = spans[m]
    path = (pose, step, turns, places)
    between = (np.float32(slab[0] - depths[m]), np.float32(slab[1] - depths[m]))
    # One convex piece is never negative: it needs no place of its own to be added up in.
    alone = stop == start + 1 and ends[3, start] == ends[3, stop]
    own = target if alone else np.zeros(target.shape, np.float32)
    for i in range(start, stop):
        flat = planes[ends[0, i] : ends[0, i + 1]]
        curved = quadrics[ends[1, i] : ends[1, i + 1]]
        points = vertices[ends[2, i] : ends[2, i + 1]]
        triangles = faces[ends[3, i] : ends[3, i + 1]]
        factor = signs[i] * weights[m] if alone else signs[i]
        if len(triangles) == 0:
            add_convex(flat, curved, between, path, window, sampling, factor, own)
        else:
            mesh = (points, triangles)
            add_mesh(flat, curved, mesh, between, path, window, sampling, factor, own)
    if not alone:
        for i in range(target.shape[0]):
            for j in range(target.shape[1]):
                target[i, j] += weights[m] * max(np.float32(0), own[i, j])


@njit(cache=True)
def project(scene, slab, sampling, out):
    """Add all particles of a scene to one image."""
    for m in range(len(scene[1][0])):
        add_particle(scene, m, slab, sampling, out)


@njit(cache=True)
def label(scene, slab, sampling, total, thickest, labels):
    """Add all particles to `total`, and write to `labels` which of them is thickest."""
    windows = scene[1][1]
    own = np.zeros_like(total)
    for m in range(len(windows)):
        first, last, left, right = windows[m]
        own[first:last, left:right] = 0
        add_particle(scene, m, slab, sampling, own)
        for i in range(first, last):
            for j in range(left, right):
                total[i, j] += own[i, j]
                if own[i, j] > thickest[i, j]:
                    thickest[i, j] = own[i, j]
                    labels[i, j] = m + 1


@njit(cache=True, parallel=True)
def project_batch(scene, images, slab, sampling, out):
    """Image i of `out` shows the particles `images[i]` to `images[i + 1]`, the latter excluded."""
    # Numba carries arrays into a parallel loop, and no tuples of them.
    (planes, quadrics, vertices, faces, ends, signs), particles, (turns, places) = scene
    spans, windows, depths, weights = particles
    for i in prange(out.shape[0]):
        geometry = (planes, quadrics, vertices, faces, ends, signs)
        parts = (geometry, (spans, windows, depths, weights), (turns, places))
        out[i] = 0
        for m in range(images[i], images[i + 1]):
            add_particle(parts, m, slab, sampling, out[i])


@njit(cache=True)
def matrices(quaternions):
    """Rotation matrices (n, 3, 3) of unit quaternions (n, 4), scalar last."""
    turns = np.empty((len(quaternions), 3, 3))
    for i in range(len(quaternions)):
        x, y, z, w = quaternions[i]
        turns[i, 0] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)
        turns[i, 1] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)
        turns[i, 2] = 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)
    return turns


@njit(cache=True)
def interpolate_poses(keys, quaternions, positions, times):
    """Quaternions (m, 4) and positions (m, 2) at times between keyframes (slerp, Shoemake 1985)."""
    turns, places = np.empty((len(times), 4)), np.empty((len(times), 2))
    for i in range(len(times)):
        k = min(max(np.searchsorted(keys, times[i], side="right") - 1, 0), len(keys) - 1)
        n = min(k + 1, len(keys) - 1)
        span = keys[n] - keys[k]
        share = min(max((times[i] - keys[k]) / span, 0.0), 1.0) if span > 0 else 0.0
        apart = along = 0.0
        for j in range(4):
            apart += (quaternions[n, j] - quaternions[k, j]) ** 2
            along += (quaternions[n, j] + quaternions[k, j]) ** 2
        # A quaternion and its negative are one turn: the nearer of them is meant. The angle comes
        # from the sides of the triangle that both span, which keeps its digits where it is small.
        sign = 1.0 if apart <= along else -1.0
        angle = 2 * np.arctan2(np.sqrt(min(apart, along)), np.sqrt(max(apart, along)))
        near, far = 1 - share, share
        if angle > 1e-9:
            near, far = np.sin(angle * near) / np.sin(angle), np.sin(angle * far) / np.sin(angle)
        for j in range(4):
            turns[i, j] = near * quaternions[k, j] + sign * far * quaternions[n, j]
        for j in range(2):
            places[i, j] = (1 - share) * positions[k, j] + share * positions[n, j]
    return turns, places


@njit(cache=True)
def find_windows(hulls, ends, radii, spans, turns, places, gpts, sampling):
    """First and one-past-last row and column of the pixels that each particle can cover."""
    found = np.empty((len(radii), 4), np.int64)
    box = np.empty((2, 2), np.int64)
    for m in range(len(radii)):
        points, first, step = hulls[ends[m] : ends[m + 1]], spans[m, 2], spans[m, 3]
        if step == 1:
            points = _box_corners(points)
        found[m] = gpts[0], 0, gpts[1], 0
        for row in range(gpts[0] if step == 1 else 1):
            for axis in range(2):
                low, high = _reach(points, turns[first + row, 1 - axis], radii[m])
                d, centre = sampling[axis], places[first + row, axis]
                box[axis, 0] = int(min(max(np.ceil((centre + low) / d), 0), gpts[axis]))
                box[axis, 1] = int(min(max(np.floor((centre + high) / d) + 1, 0), gpts[axis]))
            if step == 1 and not box[0, 0] <= row < box[0, 1]:
                continue
            rows = (row, row + 1) if step == 1 else (box[0, 0], box[0, 1])
            found[m, 0], found[m, 1] = min(found[m, 0], rows[0]), max(found[m, 1], rows[1])
            found[m, 2], found[m, 3] = min(found[m, 2], box[1, 0]), max(found[m, 3], box[1, 1])
    return found


@njit(cache=True)
def _box_corners(points):
    """Corners of the box around many points, which stand for them where they turn row by row."""
    if len(points) <= 8:
        return points
    corners = np.empty((8, 3))
    for k in range(3):
        low = high = points[0, k]
        for i in range(len(points)):
            low, high = min(low, points[i, k]), max(high, points[i, k])
        for i in range(8):
            corners[i, k] = high if i >> k & 1 else low
    return corners


@njit(cache=True)
def _reach(points, direction, radius):
    """Extent of points along a direction, or of a sphere where there are none."""
    if len(points) == 0:
        return -radius, radius
    low, high = radius, -radius
    for i in range(len(points)):
        along = (
            direction[0] * points[i, 0] + direction[1] * points[i, 1] + direction[2] * points[i, 2]
        )
        low, high = min(low, along), max(high, along)
    return max(low, -radius), min(high, radius)
