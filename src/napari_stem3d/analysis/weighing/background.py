"""The grey value under a particle, from the film around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.matching.frame import Mask, Pixels

_RINGS = (0.3, 0.7, 1.5)  # widths of the rings that are tried, over the window's radius
_NARROWEST = 3  # pixels
_FEWEST = 12  # pixels of film in a ring
_BENT = 40  # pixels of it for a plane


class Box(NamedTuple):
    """Part of an image with a particle and the film around it.

    Attributes
    ----------
    place : tuple of slice
        Where in the image.
    own : ndarray of bool
        The particle's window.
    ring : ndarray of bool
        Film that tells the background; may be empty.
    """

    place: tuple[slice, slice]
    own: Mask
    ring: Mask


class Background(NamedTuple):
    """Grey values under a particle's window.

    Attributes
    ----------
    box : Box
        Where they are.
    values : ndarray
        One for each pixel of the box.
    operator : ndarray, shape (k, pixels of the ring)
        Takes the ring to the coefficients of `basis`.
    basis : ndarray, shape (k, m, n)
        A constant, or a plane.
    """

    box: Box
    values: Pixels
    operator: Pixels
    basis: Pixels

    def weights(self, gradient: Pixels) -> Pixels:
        """Weights of all pixels in a sum over the window of grey values above the background.

        Parameters
        ----------
        gradient : ndarray, shape (m, n)
            Weights in the window alone, 0 elsewhere.
        """
        total = gradient.copy()
        sums = (self.basis * gradient).sum(axis=(1, 2))
        total[self.box.ring] -= sums @ self.operator
        return total


def boxes(
    windows: NDArray[np.int32], film: Mask, label: int, place: tuple[slice, slice]
) -> Iterator[Box]:
    """Boxes with wider and wider rings; the whole image if none has enough film.

    Parameters
    ----------
    windows : ndarray of int, shape (ny, nx)
        Windows of all particles.
    film : ndarray of bool, shape (ny, nx)
        Empty support.
    label : int
        Which particle.
    place : tuple of slice
        Where its window lies.
    """
    radius = np.sqrt(np.count_nonzero(windows[place] == label) / np.pi)
    found = False
    for width in (max(_NARROWEST, round(part * radius)) for part in _RINGS):
        wide = tuple(
            slice(max(0, s.start - width), min(n, s.stop + width))
            for s, n in zip(place, windows.shape)
        )
        box = Box(wide, windows[wide] == label, film[wide])  # type: ignore[arg-type]
        if np.count_nonzero(box.ring) >= _FEWEST:
            found = True
            yield box
    if not found:
        whole = (slice(0, windows.shape[0]), slice(0, windows.shape[1]))
        yield Box(whole, windows == label, film)


def backgrounds(values: Pixels, box: Box) -> Iterator[Background]:
    """Backgrounds of one box: a constant, and where there is enough film a plane.

    Without any film it is the darkest pixel.
    """
    inside = box.own
    y, x = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(float)
    y, x = (axis - axis[inside].mean() for axis in (y, x))
    count = np.count_nonzero(box.ring)
    if count == 0:
        flat = np.full(y.shape, values[box.place].min())
        yield Background(box, flat, np.empty((1, 0)), np.ones((1, *y.shape)))
        return
    for basis in (np.ones((1, *y.shape)), np.stack([np.ones_like(y), y, x])):
        if count < _BENT and len(basis) > 1:
            return
        operator = np.linalg.pinv(basis[:, box.ring].T)
        coefficients = operator @ values[box.place][box.ring]
        yield Background(box, np.tensordot(coefficients, basis, 1), operator, basis)
