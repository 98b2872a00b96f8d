"""Axes as files give them, made into axes that napari and our measurements can use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from napari_stem3d.signals.stack import Axis
from napari_stem3d.signals.units import clean_units, nanometres

# A pixel below 0.1 pm or above 1 mm is no electron micrograph, but a calibration gone wrong.
PLAUSIBLE_NM = (1e-4, 1e6)


def read_axes(axes: Sequence[Any]) -> tuple[tuple[Axis, ...], list[str]]:
    """Clean HyperSpy's axes.

    Parameters
    ----------
    axes : sequence of hyperspy.axes.BaseDataAxis
        In the order of the array; the last two are y and x.

    Returns
    -------
    axes : tuple of Axis
        Scales are positive and finite, names unique, units known to pint or empty.
    notes : list of str
        One sentence for each thing that was changed, apart from units that say "none".
    """
    names = unique_names([_text(axis.name) for axis in axes])
    notes: list[str] = []
    cleaned = tuple(
        _read_axis(axis, name, position >= len(axes) - 2, notes)
        for position, (axis, name) in enumerate(zip(axes, names, strict=True))
    )
    return cleaned, notes


def unique_names(names: Sequence[str]) -> list[str]:
    """Give nameless axes a name (frame, y, x) and number those that share one."""
    defaults = ["frame"] * (len(names) - 2) + ["y", "x"]
    wanted = [name or default for name, default in zip(names, defaults, strict=True)]
    unique: list[str] = []
    for name in wanted:
        number = 2
        candidate = name
        while candidate in unique or (candidate != name and candidate in wanted):
            candidate = f"{name} {number}"
            number += 1
        unique.append(candidate)
    return unique


def _read_axis(axis: Any, name: str, image_axis: bool, notes: list[str]) -> Axis:
    units, understood = clean_units(axis.units, image_axis=image_axis)
    if not understood:
        notes.append(f"The units '{axis.units}' of axis '{name}' are unknown and were left out.")
    if not axis.is_uniform:
        notes.append(f"Axis '{name}' is not uniform, its calibration was left out.")
        return Axis(name)
    scale, offset = float(axis.scale), float(axis.offset)
    if scale == 0 or not math.isfinite(scale):
        notes.append(f"Axis '{name}' has the scale {scale}, its calibration was left out.")
        return Axis(name)
    if scale < 0:
        notes.append(f"Axis '{name}' has a negative scale, its absolute value was taken.")
        scale = -scale
    factor = nanometres(units) if image_axis else None
    if factor is not None and not PLAUSIBLE_NM[0] <= scale * factor <= PLAUSIBLE_NM[1]:
        notes.append(
            f"Axis '{name}' has pixels of {scale:g} {units}, which cannot be, "
            "so its calibration was left out."
        )
        return Axis(name)
    return Axis(name, scale, offset if math.isfinite(offset) else 0.0, units)


def _text(name: Any) -> str:
    # HyperSpy's traits print a missing name as "<undefined>".
    text = name.strip() if isinstance(name, str) else ""
    return "" if text == "<undefined>" else text
