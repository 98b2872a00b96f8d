"""Noise of counting electrons: its variance at every grey value, for pixels and for sums."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from napari_stem3d.analysis.matching.frame import Frame, Mask, Pixels
from napari_stem3d.analysis.matching.noise import curvature, pixel_noise
from napari_stem3d.analysis.weighing.film import Film

_EVENEST = 0.35  # share of the pixels on particles that is taken for even
_BINS, _FEWEST = 5, 30  # brightnesses told apart on them, and pixels of each


@dataclass(frozen=True)
class Noise:
    """The line ``variance = slope (I - level) + floor`` of single pixels.

    Attributes
    ----------
    slope, slope_error, floor : float
        Grey values and its standard error, and their squares.
    level : float
        Grey value of the film.
    glow : float
        Factor from the variance of pixels to that of sums: neighbours that share the
        scintillator's light are quieter than their sum.
    """

    slope: float
    slope_error: float
    floor: float
    level: float
    glow: float

    def of_pixels(self, values: Pixels) -> Pixels:
        """Variance of the noise of pixels with these expected grey values."""
        return self.floor + self.slope * np.maximum(values - self.level, 0.0)

    def of_sums(self, values: Pixels) -> Pixels:
        """Variance that pixels with these expected grey values add to a sum over many."""
        return self.glow * self.of_pixels(values)


def measure_noise(frame: Frame, film: Film, masks: Mask, per_electron: float) -> Noise:
    """Read the noise off an image: on the film, and on even places of particles.

    Where particles are even, the noise of their pixels grows with their signal by what one
    electron adds (photon transfer). Structure only adds to it, so that the median of a few
    brightnesses is taken. Unlike `photon_transfer` this holds for few electrons per pixel, whose
    noise is not normal.

    Parameters
    ----------
    frame : Frame
        Checked image.
    film : Film
        Its empty support.
    masks : ndarray of bool
        Pixels on particles.
    per_electron : float
        Slope where it is known; 0 measures it.
    """
    memory = film.memory
    glow = (1 + memory) / (1 - memory)
    squares, means = pixel_noise(frame, memory)
    valid = np.isfinite(squares)
    level = film.level if film.mask.any() else float(np.nanmin(frame.values))
    empty = valid & film.mask
    floor = float(squares[empty].mean()) if empty.any() else 0.0
    if per_electron:
        return Noise(per_electron / glow, 0.0, floor, level, glow)
    inside = valid & masks & (means > level)
    if inside.sum() < _FEWEST:
        return Noise(0.0, 0.0, floor, level, glow)
    curved = curvature(frame)
    even = inside & (curved <= np.quantile(curved[inside], _EVENEST))
    count = int(np.clip(even.sum() // _FEWEST, 1, _BINS))
    edges = np.quantile(means[even], np.linspace(0, 1, count + 1))
    bins = [even & (means >= a) & (means <= b) for a, b in itertools.pairwise(edges)]
    slopes = [(squares[b].mean() - floor) / (means[b].mean() - level) for b in bins]
    spread = float(np.std(slopes)) if count > 1 else abs(slopes[0])
    error = spread / max(count - 1, 1) ** 0.5
    return Noise(max(float(np.median(slopes)), 0.0), error, floor, level, glow)
