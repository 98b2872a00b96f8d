"""Compiled loops: thickness of bodies along the beam through every pixel of a window.

Lengths are in nm. `pose` counts rows of `turns` (3, 3) from the body's frame to the laboratory's
and of `places`, the (y, x) of the body's origin; a moving body has one per row of the image, and
`step` is 1, else 0. Depths are measured from the body's origin.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_PARALLEL_TO_BEAM = 1e-6  # a plane this steep bounds no pixel's depth, it only hides pixels
_NOWHERE = np.float32(-1e9)


@njit(cache=True, fastmath={"nnan", "nsz", "contract", "reassoc", "arcp"})
def bound_by_planes(planes, turn, y, x, dx, bottom, top):
    """Narrow the depths `bottom` to `top` of one row of pixels to the inside of planes (F, 4).

    The row starts at (y, x) from the body's origin.
    """
    width = len(top)
    for k in range(planes.shape[0]):
        p = planes[k]
        nx = turn[0, 0] * p[0] + turn[0, 1] * p[1] + turn[0, 2] * p[2]
        ny = turn[1, 0] * p[0] + turn[1, 1] * p[1] + turn[1, 2] * p[2]
        nz = turn[2, 0] * p[0] + turn[2, 1] * p[1] + turn[2, 2] * p[2]
        start, step = p[3] - ny * y - nx * x, -nx * dx
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
                top[j] = top[j] if a + b * np.float32(j) >= 0 else _NOWHERE


@njit(cache=True)
def bound_by_quadrics(quadrics, turn, y, x_first, dx, bottom, top):
    """Narrow the depths `bottom` to `top` of one row of pixels to the inside of quadrics."""
    for k in range(quadrics.shape[0]):
        q = np.zeros((4, 4))
        for i in range(3):
            for j in range(3):
                for m in range(3):
                    for n in range(3):
                        q[i, j] += turn[i, m] * quadrics[k, m, n] * turn[j, n]
                q[i, 3] += turn[i, j] * quadrics[k, j, 3]
        q[3, 3] = quadrics[k, 3, 3]
        a = q[2, 2]
        flat = abs(a) < 1e-12 * (abs(q[0, 0]) + abs(q[1, 1]) + abs(a))
        for j in range(len(top)):
            x = x_first + j * dx
            b = q[0, 2] * x + q[1, 2] * y + q[2, 3]
            c = (q[0, 0] * x + 2 * (q[0, 1] * y + q[0, 3])) * x
            c += (q[1, 1] * y + 2 * q[1, 3]) * y + q[3, 3]
            if flat:
                if abs(b) < 1e-12:
                    top[j] = top[j] if c <= 0 else _NOWHERE
                elif b > 0:
                    top[j] = min(top[j], -c / (2 * b))
                else:
                    bottom[j] = max(bottom[j], -c / (2 * b))
                continue
            discriminant = b * b - a * c
            if discriminant <= 0:
                top[j] = top[j] if a < 0 else _NOWHERE
                continue
            spread = np.sqrt(discriminant) / abs(a)
            low, high = -b / a - spread, -b / a + spread
            if a > 0:
                bottom[j], top[j] = max(bottom[j], low), min(top[j], high)
            # Steeper than the mantle of a cone, the beam is inside both nappes, outside between
            # them; the planes have left one nappe.
            elif min(top[j], low) - bottom[j] > top[j] - max(bottom[j], high):
                top[j] = min(top[j], low)
            else:
                bottom[j] = max(bottom[j], high)


@njit(cache=True)
def add_convex(
    planes, quadrics, depths, pose, step, turns, places, rows, columns, sampling, factor, out
):
    """Add `factor` times the thickness of a convex piece to the window `out`."""
    width = columns[1] - columns[0]
    top = np.empty(width, np.float32)
    bottom = np.empty(width, np.float32)
    for row in range(rows[0], rows[1]):
        at = pose + row * step
        y = row * sampling[0] - places[at, 0]
        x = columns[0] * sampling[1] - places[at, 1]
        bottom[:] = depths[0]
        top[:] = depths[1]
        bound_by_planes(planes, turns[at], y, x, sampling[1], bottom, top)
        bound_by_quadrics(quadrics, turns[at], y, x, sampling[1], bottom, top)
        target = out[row - rows[0]]
        for j in range(width):
            target[j] += factor * max(np.float32(0), top[j] - bottom[j])


@njit(cache=True)
def add_mesh(
    planes,
    quadrics,
    depths,
    pose,
    step,
    turns,
    places,
    rows,
    columns,
    sampling,
    factor,
    out,
    vertices,
    faces,
):
    """Add `factor` times the thickness of what a closed mesh holds inside planes and quadrics.

    Every crossed triangle adds its depth, from the near sides with a minus; both are clamped to
    the depths that planes and quadrics leave.
    """
    width = columns[1] - columns[0]
    top = np.empty(width, np.float32)
    bottom = np.empty(width, np.float32)
    depth = np.empty(width)
    turned = np.empty_like(vertices)
    for row in range(rows[0], rows[1]):
        at = pose + row * step
        y = row * sampling[0] - places[at, 0]
        x_first = columns[0] * sampling[1] - places[at, 1]
        bottom[:] = depths[0]
        top[:] = depths[1]
        depth[:] = 0
        bound_by_planes(planes, turns[at], y, x_first, sampling[1], bottom, top)
        bound_by_quadrics(quadrics, turns[at], y, x_first, sampling[1], bottom, top)
        if row == rows[0] or step == 1:
            for v in range(len(vertices)):
                for i in range(3):
                    turned[v, i] = (
                        turns[at, i, 0] * vertices[v, 0]
                        + turns[at, i, 1] * vertices[v, 1]
                        + turns[at, i, 2] * vertices[v, 2]
                    )
        for t in range(faces.shape[0]):
            a, b, c = turned[faces[t, 0]], turned[faces[t, 1]], turned[faces[t, 2]]
            if not min(a[1], b[1], c[1]) <= y <= max(a[1], b[1], c[1]):
                continue
            normal_z = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
            if normal_z == 0:
                continue
            slope_x = ((b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1])) / normal_z
            slope_y = ((b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2])) / normal_z
            sign = 1.0 if normal_z > 0 else -1.0
            low, high = min(a[0], b[0], c[0]) - x_first, max(a[0], b[0], c[0]) - x_first
            for j in range(
                max(0, int(np.ceil(low / sampling[1]))),
                min(width, int(np.floor(high / sampling[1])) + 1),
            ):
                x = x_first + j * sampling[1]
                if (
                    _left_of(a, b, x, y, sign)
                    and _left_of(b, c, x, y, sign)
                    and _left_of(c, a, x, y, sign)
                ):
                    z = a[2] - slope_x * (x - a[0]) - slope_y * (y - a[1])
                    depth[j] += sign * min(max(z, bottom[j]), top[j])
        for j in range(width):
            out[row - rows[0], j] += factor * max(0.0, depth[j])


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


@njit(cache=True)
def add_particle(packed, m, slab, sampling, out):
    """Add the thickness of particle `m` of `packed` to an image."""
    geometry, particles, poses = packed
    planes, quadrics, vertices, faces, pieces, signs = geometry
    numbers, windows, depths, weights = particles
    turns, places = poses
    rows, columns = (windows[m, 0], windows[m, 1]), (windows[m, 2], windows[m, 3])
    if rows[1] <= rows[0] or columns[1] <= columns[0]:
        return
    target = out[rows[0] : rows[1], columns[0] : columns[1]]
    first, last, pose, step = numbers[m]
    own = np.zeros(target.shape, np.float32)
    between = (np.float32(slab[0] - depths[m]), np.float32(slab[1] - depths[m]))
    for i in range(first, last):
        p = pieces[i]
        if p[4] == p[5]:
            add_convex(
                planes[p[0] : p[1]],
                quadrics[p[2] : p[3]],
                between,
                pose,
                step,
                turns,
                places,
                rows,
                columns,
                sampling,
                signs[i],
                own,
            )
        else:
            add_mesh(
                planes[p[0] : p[1]],
                quadrics[p[2] : p[3]],
                between,
                pose,
                step,
                turns,
                places,
                rows,
                columns,
                sampling,
                signs[i],
                own,
                vertices[p[6] : p[7]],
                faces[p[4] : p[5]],
            )
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] += weights[m] * max(np.float32(0), own[i, j])


@njit(cache=True)
def project(packed, slab, sampling, out):
    """Add all particles of `packed` to one image."""
    for m in range(len(packed[1][0])):
        add_particle(packed, m, slab, sampling, out)


@njit(cache=True)
def label(packed, slab, sampling, total, thickest, labels):
    """Add all particles to `total`, and write to `labels` which of them is thickest."""
    windows = packed[1][1]
    own = np.zeros_like(total)
    for m in range(len(windows)):
        w = windows[m]
        own[w[0] : w[1], w[2] : w[3]] = 0
        add_particle(packed, m, slab, sampling, own)
        for i in range(w[0], w[1]):
            for j in range(w[2], w[3]):
                total[i, j] += own[i, j]
                if own[i, j] > thickest[i, j]:
                    thickest[i, j] = own[i, j]
                    labels[i, j] = m + 1


@njit(cache=True, parallel=True)
def project_batch(packed, images, slab, sampling, out):
    """Image i of `out` shows the particles `images[i]` to `images[i + 1]`, the latter excluded."""
    # Numba carries arrays into a parallel loop, and no tuples of them.
    (planes, quadrics, vertices, faces, pieces, signs), particles, (turns, places) = packed
    numbers, covered, depths, weights = particles
    for i in prange(out.shape[0]):
        geometry = (planes, quadrics, vertices, faces, pieces, signs)
        scene = (geometry, (numbers, covered, depths, weights), (turns, places))
        out[i] = 0
        for m in range(images[i], images[i + 1]):
            add_particle(scene, m, slab, sampling, out[i])


@njit(cache=True)
def windows(points, ends, radii, numbers, poses, gpts, sampling):
    """First and one-past-last row and column of the pixels that each particle can cover."""
    turns, places = poses
    found = np.zeros((len(radii), 4), np.int64)
    for m in range(len(radii)):
        pose, step = numbers[m, 2], numbers[m, 3]
        box = np.array([gpts[0], 0, gpts[1], 0])
        for row in range(gpts[0] if step else 1):
            at = pose + row * step
            own = np.empty(4, np.int64)
            for axis in range(2):
                low = high = 0.0
                if ends[m] == ends[m + 1]:
                    low, high = -radii[m], radii[m]
                for i in range(ends[m], ends[m + 1]):
                    p, turn = points[i], turns[at, 1 - axis]
                    reach = turn[0] * p[0] + turn[1] * p[1] + turn[2] * p[2]
                    low = reach if i == ends[m] else min(low, reach)
                    high = reach if i == ends[m] else max(high, reach)
                low, high = max(low, -radii[m]), min(high, radii[m])
                d, n, centre = sampling[axis], gpts[axis], places[at, axis]
                own[2 * axis] = int(min(max(np.ceil((centre + low) / d), 0), n))
                own[2 * axis + 1] = int(min(max(np.floor((centre + high) / d) + 1, 0), n))
            if own[0] <= row < own[1] or step == 0:
                box[0] = min(box[0], row if step else own[0])
                box[1] = max(box[1], row + 1 if step else own[1])
                box[2], box[3] = min(box[2], own[2]), max(box[3], own[3])
        found[m] = box
    return found
