"""The table of a weighing: depths times pixels in units, with their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.weight import Weight

_FIELDS = (
    "mass", "counting", "background", "probe", "neighbours", "elasticity", "linear_error",
    "level", "level_error", "top", "top_error",
)  # fmt: skip
OWN = ("counting", "background", "probe", "neighbours")  # errors that are each particle's own


def tabulate(
    particles: Sequence[int],
    whole: Sequence[bool],
    weights: Sequence[Weight],
    balance: Balance,
    area: float,
    unit: str,
) -> pd.DataFrame:
    """One row per particle, as `Weighing.table` documents it.

    Parameters
    ----------
    particles, whole : sequence
        Labels, and which of them no edge of the image cuts.
    weights : sequence of Weight
        What they weigh.
    balance : Balance
        Calibration of the grey values.
    area : float
        Of a pixel, in squares of `unit`.
    unit : {"nm", "px"}
        Unit of lengths.
    """
    number = {
        name: np.array([getattr(w, name) for w in weights], float).reshape(len(weights))
        for name in _FIELDS
    }
    peaks = np.array([w.peak for w in weights], int).reshape(len(weights), 2)
    depth_error, area_error = np.zeros(len(weights)), 0.0
    if balance.is_calibrated:
        level = balance.level_error * number["elasticity"]
        depth_error = np.hypot(level, balance.cross_section_error)
        area_error = 2 * balance.sampling_error if unit == "nm" else 0.0
    scale = area / balance.per_length
    mass = np.maximum(abs(number["mass"]), 1e-300)
    parts = {
        **{name: 100 * number[name] / mass for name in OWN},
        "calibration": np.hypot(depth_error, area_error),
    }
    relative = np.sqrt(sum(part**2 for part in parts.values())) / 100
    volume = scale * number["mass"]
    sigma = relative * scale * mass
    top, top_error = number["top"] / balance.per_length, number["top_error"] / balance.per_length
    columns: dict[str, NDArray] = {"particle": np.array(particles, int)}
    if balance.is_calibrated:
        _put(columns, f"volume_{unit}3", volume, sigma)
        if unit == "nm":
            atoms = balance.atoms_per_nm3
            _put(columns, "atoms", atoms * volume, atoms * sigma)
        _put(columns, f"height_{unit}", top, np.hypot(top_error, depth_error / 100 * top))
    else:
        _put(columns, f"signal_grey_{unit}2", volume, sigma)
        usual = np.median(volume[np.array(whole, bool)]) if any(whole) else np.nan
        _put(columns, "volume_relative", volume / usual, sigma / abs(usual))
        _put(columns, "height_grey", top, top_error)
    columns |= {"peak_y": peaks[:, 0], "peak_x": peaks[:, 1]}
    _put(columns, "background", number["level"], number["level_error"])
    columns["linear_error_percent"] = number["linear_error"]
    columns |= {f"{name}_percent": part for name, part in parts.items()}
    return pd.DataFrame({**columns, "whole": np.array(whole, bool)})


def _put(columns: dict[str, NDArray], name: str, values: NDArray, sigma: NDArray) -> None:
    columns[name], columns[f"{name}_sigma"] = values, sigma
