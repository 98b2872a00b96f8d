"""Beam current and dwell time for a dose, and how long an image takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from napari_stem3d.analysis.planning.question import Limits
from napari_stem3d.simulation import Grid, Microscope

_STEPS = (1.0, 2.0, 5.0)  # of each decade of dwell times
_GLOW = 3.0  # decay times of the scintillator within which little of a pixel's light is left


@dataclass(frozen=True)
class BeamSetting:
    """One way to bring electrons to the pixels.

    Attributes
    ----------
    current : float
        Beam current [pA].
    dwell : float
        Dwell time [µs].
    frame_time : float
        Time that one image takes [s].
    recommended : bool
        Whether it is the one to begin with.
    """

    current: float
    dwell: float
    frame_time: float
    recommended: bool = False


def beam_settings(
    electrons: float, microscope: Microscope, limits: Limits, grid: Grid
) -> tuple[BeamSetting, ...]:
    """Pairs of beam current and dwell time with ``I τ = N e``, by dwell time.

    The one that is recommended has the current of the microscope, for which its probe's width
    holds, or the nearest one that is allowed. Dwell times below three decay times of the
    scintillator are left out: light of the last pixels would smear the image.

    Parameters
    ----------
    electrons : float
        Electrons per pixel.
    microscope : Microscope
        With its usual current, its fly-back and its scintillator.
    limits : Limits
        Currents and dwell times that the instrument has.
    grid : Grid
        Pixels of the image.

    Returns
    -------
    tuple of BeamSetting
        None where the limits allow no such dose.
    """
    per_us = microscope.beam.electrons(1.0) / microscope.beam.current  # of 1 pA
    charge = electrons / per_us  # pA µs
    shortest = max(
        limits.shortest_dwell,
        _GLOW * microscope.detector.afterglow,
        charge / limits.highest_current,
    )
    longest = min(limits.longest_dwell, charge / limits.lowest_current)
    if shortest > longest * (1 + 1e-9):
        return ()
    usual = float(np.clip(charge / microscope.beam.current, shortest, longest))
    low, high = (math.floor(math.log10(dwell)) for dwell in (shortest, longest))
    steps = [s * 10.0**decade for decade in range(low, high + 1) for s in _STEPS]
    dwells = [dwell for dwell in steps if shortest <= dwell <= longest]
    apart = [dwell for dwell in dwells if not math.isclose(dwell, usual, rel_tol=0.05)]
    return tuple(
        BeamSetting(charge / dwell, dwell, _frame_time(microscope, dwell, grid), dwell == usual)
        for dwell in sorted([*apart, usual])
    )


def most_electrons(microscope: Microscope, limits: Limits, per_nm: float, thickest: float) -> float:
    """Electrons per pixel beyond which the instrument does not go.

    Parameters
    ----------
    microscope : Microscope
        With its detector, the converter of which must hold the thickest pixel.
    limits : Limits
        Currents and dwell times.
    per_nm : float
        Detected electrons per electron and nm.
    thickest : float
        Longest way through the particle [nm].
    """
    per_us = microscope.beam.electrons(1.0) / microscope.beam.current
    most = per_us * limits.highest_current * limits.longest_dwell
    detector = microscope.detector
    if detector.bits:
        room = (2**detector.bits - 1 - detector.offset) / detector.gain
        most = min(most, max(room, 1.0) / (per_nm * thickest))
    return most


def _frame_time(microscope: Microscope, dwell: float, grid: Grid) -> float:
    scan = replace(microscope.scan, dwell=dwell)
    return grid.gpts[0] * scan.line_time(grid)
