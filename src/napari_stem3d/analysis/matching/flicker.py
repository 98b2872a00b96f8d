"""Flicker of the beam, which dims whole lines: its pace, and how much of it particles allow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from napari_stem3d.analysis.matching.frame import Frame, Mask
from napari_stem3d.simulation import Grid, Microscope
from napari_stem3d.simulation.compute._random import draw_keys

_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
_OWN = np.convolve(_FOURTH, _FOURTH)[4:]
_SERIES = 4096
_FEWEST = 8  # pixels of particles in a line
_SLOW = 0.5  # correlation of neighbouring lines


def current_correlation(microscope: Microscope, grid: Grid) -> NDArray[np.float64]:
    """Correlation of the beam current over lines 0, 1, 2 ... apart, at the pace of a scan."""
    beam = replace(microscope.beam, flicker=1.0)
    keys = draw_keys(np.random.default_rng(0), _SERIES)
    factors = beam.steadiness(microscope.scan.row_times(grid), keys)
    assert factors is not None
    series = factors.astype(float) - 1
    result: NDArray[np.float64] = (series[:, :1] * series).mean(axis=0) / (series**2).mean()
    return result


def paced(steady: NDArray[np.float64]) -> bool:
    """Whether the current changes so little between lines that noise added to each is told apart.

    Parameters
    ----------
    steady : ndarray, shape (ny,)
        `current_correlation`.
    """
    return bool(steady[1] > _SLOW)


def largest_flicker(frame: Frame, film: Mask, steady: NDArray[np.float64]) -> float:
    """Relative rms of the current that the particles' brightness allows from line to line.

    The sums of all that is brighter than the film, line by line, less what varies smoothly from
    line to line. Bodies that begin and end add to it: it is a bound.

    Parameters
    ----------
    frame : Frame
        Image.
    film : ndarray of bool
        Its empty film.
    steady : ndarray, shape (ny,)
        `current_correlation`.
    """
    # What is left of the current's variance by the difference of lines that it hardly changes in.
    kept = 2 * float(_OWN @ steady[:5]) - _OWN[0]
    base = float(np.mean(frame.values[film])) if film.any() else float(np.nanmin(frame.values))
    sums = np.nansum(np.where(film, 0.0, frame.values - base), axis=1)
    differences = convolve1d(sums, _FOURTH, mode="nearest")[2:-2]
    level = float(np.median(sums))
    if level <= 0:
        return math.inf
    # Flicker scales the typical brightness of the particles in a line, however slow it is.
    bright = frame.values - base > 3 * float(np.nanstd(frame.values[film])) if film.any() else ~film
    lines = [row[on] - base for row, on in zip(frame.values, bright) if on.sum() >= _FEWEST]
    medians = np.array([np.median(line) for line in lines])
    slow = float(medians.std() / medians.mean()) if len(lines) >= len(sums) // 2 else math.inf
    if kept <= 0.01 * _OWN[0]:
        return slow
    return min(slow, float(np.sqrt(np.mean(differences**2) / kept)) / level)
