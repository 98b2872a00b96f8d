"""Particles of one image on the balance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_stem3d.analysis.weighing.balance import Balance


@dataclass(frozen=True, eq=False)
class Weighing:
    """What the particles of an image weigh.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per particle, all errors one standard deviation:

        ``particle`` (its label); ``volume_nm3``, ``volume_nm3_sigma``; ``atoms``,
        ``atoms_sigma``; ``height_nm``, ``height_nm_sigma`` (the thickest point); ``peak_y``,
        ``peak_x`` (where that is, array indices); ``background``, ``background_sigma`` (grey value
        under the particle); ``linear_error_percent`` (by how much the linear model understates
        the volume); ``counting_percent``, ``background_percent``, ``outline_percent``,
        ``calibration_percent`` (parts of the relative error of the volume, which add in squares;
        the last is common to all particles of the image and does not average out); ``whole``
        (False where the edge of the image cuts the particle).

        Without a calibration of grey values: ``signal_grey_nm2`` (grey values above the
        background times their area), ``volume_relative`` (1 for the median of the whole
        particles) and ``height_grey`` take the place of volume, atoms and height, each with its
        ``_sigma``. Without one of lengths, ``px`` stands for ``nm`` in the names; see
        `weigh_frame`.
    height : ndarray, shape (ny, nx), float32
        Thickness at every pixel [nm, px or grey], with its noise; 0 away from particles. Its sum
        over a particle's window times the area of a pixel is the volume.
    windows : ndarray, shape (ny, nx), int32
        Pixels that count for each particle: its label, grown to where the probe reaches.
    unit : {"nm", "px"}
        Unit of lengths in the names of the columns.
    notes : tuple of str
        What was assumed, and what could not be told.
    """

    table: pd.DataFrame
    height: NDArray[np.float32]
    windows: NDArray[np.int32]
    unit: str
    notes: tuple[str, ...]


def weigh_frame(
    frame: ArrayLike,
    labels: ArrayLike,
    sampling: tuple[float, float] | None = None,
    balance: Balance | None = None,
) -> Weighing:
    """Weigh the particles of one image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values of an annular dark-field image, particles brighter; what is not finite is a
        gap.
    labels : array_like of int, shape (ny, nx)
        One number per particle, 0 for the background, as `segment_frame` gives them.
    sampling : tuple of float, optional
        Distance of neighbouring pixels (dy, dx) [nm], where it is known.
    balance : Balance, optional
        Calibration of grey values; without one, volumes are relative.

    Returns
    -------
    Weighing
        Table, heights and notes. Where lengths have no calibration but grey values were
        calibrated in nm, volumes are relative too, since no unit of volume would be right.

    Raises
    ------
    InputError
        If the image, the labels, the sampling or the balance cannot be used.
    """
    raise NotImplementedError
