"""What one particle weighs, in scattering depth times pixels, and how surely."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter

from napari_stem3d.analysis.matching.frame import Pixels
from napari_stem3d.analysis.weighing.background import Background, Box, backgrounds, boxes
from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.heights import Depths, invert, smoothing, steadying, thickest
from napari_stem3d.analysis.weighing.subject import Subject

_SHAPES = 0.25  # relative error of what edges hide under the probe: they are steps or wedges
_MASKS = 1.0  # pixels by which the border of two masks may be off


class Weight(NamedTuple):
    """One particle; errors are standard errors.

    Attributes
    ----------
    mass : float
        Sum of the scattering depth over the window.
    counting, background, probe, neighbours : float
        Errors of it from counting electrons, from the film, from the blur that saturation does
        not let through, and from what neighbours that touch may take or give.
    elasticity : float
        By how many percent the mass falls where the level of the full beam rises by one.
    linear_error : float
        Part of the mass that the linear model does not see [%].
    level, level_error : float
        Grey value under the particle.
    top, top_error : float
        Largest depth.
    peak : tuple of int
        Where it is (y, x) in the image.
    box : Box
        Part of the image that `depths` is for.
    depths : ndarray
        Scattering depth with its noise, 0 outside of the window.
    """

    mass: float
    counting: float
    background: float
    probe: float
    neighbours: float
    elasticity: float
    linear_error: float
    level: float
    level_error: float
    top: float
    top_error: float
    peak: tuple[int, int]
    box: Box
    depths: Pixels


def weigh_particle(
    subject: Subject, balance: Balance, label: int, place: tuple[slice, slice]
) -> Weight:
    """Weigh one particle.

    Parameters
    ----------
    subject : Subject
        The image.
    balance : Balance
        Calibration of its grey values.
    label : int
        Which particle.
    place : tuple of slice
        Where its window lies.
    """
    film, noise, span = subject.film, subject.noise, balance.span
    under = _best_background(subject, label, place)
    own = under.box.own
    grey = subject.values[under.box.place]
    fraction = (grey - under.values) / span
    width = steadying(fraction, noise.of_pixels(grey) / span**2, own)
    expected = gaussian_filter(grey, width) if width else grey
    variance = noise.of_pixels(expected) / span**2
    depths = invert(
        fraction, variance, own, width, subject.probe_in_pixels if balance.saturating else None
    )
    squares = depths.slope**2
    counted = float((squares * noise.of_sums(expected)).sum())
    empty = float(squares.sum() * noise.of_sums(np.array(noise.level)))
    behind = math.nan  # without film nothing tells how the background varies
    if film.known:
        behind = max(0.0, film.variance(under.weights(depths.slope)) - empty)
    mass, slopes = float(depths.values.sum()), float(depths.slope.sum())
    level_error = math.sqrt(behind) / slopes
    top = thickest(
        depths.values,
        squares * variance,
        own,
        smoothing(fraction, variance, own),
        subject.probe_in_pixels,
    )
    corner = [part.start for part in under.box.place]
    return Weight(
        mass,
        math.sqrt(counted) / span,
        math.sqrt(behind) / span,
        depths.unblurred * _blur_error(subject),
        _exchange(subject, label, under.box, depths),
        float((depths.slope * fraction).sum()) / mass if mass else 1.0,
        _linear_error(depths, balance),
        float(under.values[own].mean()),
        level_error,
        top.value,
        math.hypot(top.error, level_error / span * float(depths.slope[top.place])),
        (top.place[0] + corner[0], top.place[1] + corner[1]),
        under.box,
        depths.values,
    )


def _best_background(subject: Subject, label: int, place: tuple[slice, slice]) -> Background:
    """Return the background whose error, as the film's variation predicts it, is least."""
    candidates = [
        background
        for box in boxes(subject.windows, subject.film.mask, label, place)
        for background in backgrounds(subject.values, box)
    ]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda b: subject.film.variance(b.weights(b.box.own.astype(float))))


def _blur_error(subject: Subject) -> float:
    """Relative error of what is added for the blur, which grows as the square of the probe."""
    probe = subject.probe
    if probe is None or probe.value <= 0:
        return 0.0
    return math.hypot(2 * min(probe.error / probe.value, 1.0), _SHAPES)


def _exchange(subject: Subject, label: int, box: Box, depths: Depths) -> float:
    """Mass that the probe, or a mask that is off by a pixel, may carry over a common border.

    Of an edge of depth d, blurred by σ, the probe carries ``σ d / √(2π)`` per length to the other
    side; as much comes back from a neighbour as thick, so that half of it counts as the error.
    """
    windows = subject.windows[box.place]
    border = box.own & binary_dilation((windows > 0) & (windows != label))
    if not border.any():
        return 0.0
    sigma = math.hypot(float(np.mean(subject.probe_in_pixels)), _MASKS)
    depth = np.maximum(depths.smooth[border], 0.0)
    return 0.5 / math.sqrt(2 * math.pi) * sigma * float(depth.sum())


def _linear_error(depths: Depths, balance: Balance) -> float:
    """Part of the sum of saturating depths that is missing in the sum of their fractions [%]."""
    if not balance.is_calibrated:
        return math.nan
    seen = np.maximum(depths.smooth, 0.0)
    if balance.saturating:
        fraction, depth = -np.expm1(-seen), seen
    else:
        fraction = np.minimum(seen, 0.99)
        depth = -np.log1p(-fraction)
    total = float(depth.sum())
    return 100 * (1 - float(fraction.sum()) / total) if total > 0 else 0.0
