"""Particles of one image on the balance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.subject import lay_out
from napari_stem3d.analysis.weighing.table import tabulate
from napari_stem3d.analysis.weighing.weight import weigh_particle


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
        the volume); ``counting_percent``, ``background_percent``, ``probe_percent``,
        ``neighbours_percent``, ``calibration_percent`` (parts of the relative error of the
        volume, which add in squares; the last is common to all particles of the image and does
        not average out); ``whole`` (False where the edge of the image cuts the particle).

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
    balance = balance or Balance()
    if not isinstance(balance, Balance):
        raise InputError(f"balance must be a Balance. Received: {balance!r}")
    subject = lay_out(frame, labels, sampling, balance)
    unit = "px" if sampling is None else "nm"
    notes = list(subject.frame.notes)
    if balance.is_calibrated and balance.unit != unit:
        balance = replace(balance, full_beam=0.0)
        notes.append("Without a sampling in nm there are no volumes in nm³: they are relative.")
    elif not balance.is_calibrated:
        notes.append("The level of the full beam is unknown: volumes are relative.")
    height = np.zeros(subject.values.shape, np.float32)
    places = subject.places()
    weights = [weigh_particle(subject, balance, *place) for place in places]
    for weight in weights:
        own = weight.box.own
        height[weight.box.place][own] = weight.depths[own] / balance.per_length
    particles = [label for label, _ in places]
    whole = [subject.is_whole(label) for label in particles]
    area = math.prod(subject.frame.grid.sampling)
    table = tabulate(particles, whole, weights, balance, area, unit)
    return Weighing(table, height, subject.windows, unit, tuple(dict.fromkeys(notes)))
