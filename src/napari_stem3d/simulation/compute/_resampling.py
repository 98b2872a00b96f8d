"""Compiled resampling of stacks of images at displaced positions.

Between pixels the images are interpolated by Catmull-Rom's cubic, along each axis between four
pixels (R. G. Keys, IEEE Trans. Acoust. 29 (1981) 1153, a = -1/2); beyond their edges they continue
evenly. Every image is worked on by itself, in one thread: the results do not depend on the rest of
the stack or on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError

Image = NDArray[np.float32]
_HALF, _ONE, _TWO, _THREE, _FOUR, _FIVE = map(np.float32, (0.5, 1, 2, 3, 4, 5))


def shift_rows(images: ArrayLike, shifts: ArrayLike) -> Image:
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
        Sampled images.
    """
    images = as_stack(images)
    out = np.empty_like(images)
    _shift_rows(images, _like(shifts, images.shape[:2], "shifts"), out)
    return out


def gather(images: ArrayLike, dy: ArrayLike, dx: ArrayLike) -> Image:
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
        Sampled images.
    """
    images = as_stack(images)
    out = np.empty_like(images)
    _gather(images, _like(dy, images.shape, "dy"), _like(dx, images.shape, "dx"), out)
    return out


def cubic_weights(t: ArrayLike) -> NDArray[np.float64]:
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


def as_stack(images: ArrayLike, shape: tuple[int, ...] | None = None) -> Image:
    """Return images as contiguous float32; InputError unless they have the shape (n, ny, nx)."""
    stack = np.ascontiguousarray(images, np.float32)
    if stack.ndim != 3 or shape not in (None, stack.shape):
        raise InputError(
            f"images must have the shape {shape or '(n, ny, nx)'}. Received: {stack.shape}"
        )
    return stack


def _like(values: ArrayLike, shape: tuple[int, ...], name: str) -> Image:
    array = np.ascontiguousarray(values, np.float32)
    if array.shape != shape:
        raise InputError(f"{name} must have the shape {shape}. Received: {array.shape}")
    return array


@njit(cache=True, inline="always")
def _cubic(t: Any, p0: Any, p1: Any, p2: Any, p3: Any) -> Any:
    """Catmull-Rom interpolation between pixels at -1, 0, 1 and 2, at the position t."""
    w0 = ((_TWO - t) * t - _ONE) * t
    w1 = (_THREE * t - _FIVE) * t * t + _TWO
    w2 = ((_FOUR - _THREE * t) * t + _ONE) * t
    w3 = (t - _ONE) * t * t
    return _HALF * (w0 * p0 + w1 * p1 + w2 * p2 + w3 * p3)


@njit(cache=True)
def _split(displacements: Image, size: int, whole: NDArray[np.int32], part: Image) -> None:
    """Split displacements into whole pixels and the part from there on, of 0 to 1 pixel."""
    far = np.float32(size + 3)
    for j in range(len(displacements)):
        d = min(max(displacements[j], -far), far)
        floor = np.floor(d)
        whole[j], part[j] = np.int32(floor), d - floor


@njit(cache=True, parallel=True, nogil=True)
def _shift_rows(images: Image, shifts: Image, out: Image) -> None:
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


@njit(cache=True, parallel=True, nogil=True)
def _gather(images: Image, dy: Image, dx: Image, out: Image) -> None:
    for n in prange(len(images)):
        gather_image(images[n], dy[n], dx[n], out[n])


@njit(cache=True)
def gather_image(image: Image, dy: Image, dx: Image, out: Image) -> None:
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
def _gather_run(
    image: Image, row: int, shift: int, begin: int, end: int, ty: Image, tx: Image, out: Image
) -> None:
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
