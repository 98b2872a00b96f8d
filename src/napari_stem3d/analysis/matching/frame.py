"""The frame to match, checked: real numbers with gaps, and what its converter did to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMALLEST = 32  # rows and columns below which there is no statistics to speak of
_SATURATED = 0.001  # share of pixels at the very largest value that makes it a ceiling


@dataclass(frozen=True, eq=False)
class Frame:
    """A checked image.

    Attributes
    ----------
    values : ndarray, shape (ny, nx), float64
        Grey values; NaN in gaps and where the converter was at its ceiling.
    grid : Grid
        Pixels; one nm apart where the sampling is unknown.
    vacuum : ndarray of bool or None
        Pixels that see no matter.
    bits : int
        Depth of the converter; 0 for real values.
    notes : list of str
        What the user should know.
    """

    values: Pixels
    grid: Grid
    vacuum: Mask | None
    bits: int
    notes: list[str]

    @property
    def known(self) -> Mask:
        """Pixels that are neither gaps nor saturated."""
        return np.isfinite(self.values)


def check_frame(frame: ArrayLike, sampling: Any = None, vacuum: Any = None) -> Frame:
    """Frame ready for estimates.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        One image of real grey values; what is not finite is a gap.
    sampling : tuple of float, optional
        Distance of neighbouring pixels (dy, dx) [nm].
    vacuum : array_like of bool, shape (ny, nx), or tuple of int, optional
        Where the beam meets no matter: a mask, or a box (top, left, bottom, right) in pixels, the
        last row and column excluded.

    Raises
    ------
    InputError
        For images of other dimensions, complex, constant or nearly empty ones, and for regions
        outside the image.
    """
    data = np.asarray(frame)
    if data.ndim != 2 or data.dtype.kind not in "iuf" or min(data.shape) < SMALLEST:
        raise InputError(
            f"frame must be one image (ny, nx) of real numbers with at least {SMALLEST} rows and "
            f"columns. Received: an array of shape {data.shape} and type {data.dtype}"
        )
    values = data.astype(float)
    values[~np.isfinite(values)] = np.nan
    known = np.isfinite(values)
    if known.mean() < 0.25:
        raise InputError(
            "frame must have finite values in a quarter of its pixels or more. "
            f"Received: {100 * known.mean():.1f} %"
        )
    if values[known].min() == values[known].max():
        raise InputError(
            f"frame must not have the same value everywhere. Received: {values[known][0]:g}"
        )
    notes: list[str] = []
    if not known.all():
        notes.append(f"{100 * (1 - known.mean()):.2g} % of the pixels are gaps and count nowhere.")
    if sampling is None:
        sampling = (1.0, 1.0)
        notes.append("The sampling is unknown: all lengths are in pixels, and so is the area.")
    grid = Grid(data.shape, tuple(sampling))
    bits = _depth(values[known], data.dtype)
    _clear_ceiling(values, notes)
    return Frame(values, grid, _region(vacuum, data.shape, values), bits, notes)


def _depth(known: Pixels, kind: np.dtype[Any]) -> int:
    """Bits of the smallest usual converter that writes these values; 0 for real values."""
    if known.min() < 0 or (kind.kind == "f" and (known != np.rint(known)).any()):
        return 0
    return next((bits for bits in (8, 12, 16, 24) if known.max() < 2**bits), 0)


def _clear_ceiling(values: Pixels, notes: list[str]) -> None:
    """Make gaps of the pixels at the ceiling, if so many share it that it is one."""
    top = values == np.nanmax(values)
    share = top.sum() / np.isfinite(values).sum()
    below = np.nanmax(values[~top])
    if share < _SATURATED or (values == below).sum() * 4 > top.sum():
        return
    if share > 0.5:
        raise InputError(
            "frame must not be saturated in most of its pixels. "
            f"Received: {100 * share:.0f} % of them at {np.nanmax(values):g}"
        )
    notes.append(f"{100 * share:.2g} % of the pixels are saturated and count nowhere.")
    values[top] = np.nan


def _region(vacuum: Any, shape: tuple[int, ...], values: Pixels) -> Mask | None:
    """Mask of a region told as a mask or as a box, without gaps."""
    if vacuum is None:
        return None
    given = np.asarray(vacuum)
    mask = np.zeros(shape, bool)
    if given.dtype == bool and given.shape == shape:
        mask |= given
    elif isinstance(vacuum, Sequence) and given.shape == (4,) and given.dtype.kind in "iu":
        top, left, bottom, right = given.tolist()
        if not (0 <= top < bottom <= shape[0] and 0 <= left < right <= shape[1]):
            raise InputError(
                "vacuum must be a box (top, left, bottom, right) inside the image of shape "
                f"{shape}. Received: {vacuum!r}"
            )
        mask[top:bottom, left:right] = True
    else:
        raise InputError(
            f"vacuum must be a mask of shape {shape} or a box (top, left, bottom, right) of whole "
            f"numbers. Received: an array of shape {given.shape} and type {given.dtype}"
        )
    mask &= np.isfinite(values)
    if mask.sum() < math.prod((8, 8)):
        raise InputError(
            f"vacuum must hold at least 64 pixels that are no gaps. Received: {mask.sum()}"
        )
    return mask
