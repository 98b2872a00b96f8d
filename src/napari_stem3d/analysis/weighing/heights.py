"""Thickness from the scattered fraction, without the bias of noise, and its largest value."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from napari_stem3d.analysis.matching.frame import Mask, Pixels

_FULL = 0.98  # fraction beyond which nothing is said of the thickness
_QUIET = 0.005  # noise of a pixel over the largest value, up to which nothing is smoothed
_LOUD = 0.03  # the same of a smoothed map, above which more is smoothed than is good for edges
_NARROW, _WIDE = 0.2, 0.35  # widths of smoothing for either, over the radius of the largest disc
_STEADY = 0.02  # noise over the largest value, up to which a logarithm is taken as it is
_SHORT = 3.0  # pixels, the widest smoothing before one
_DRAWS = 24  # images with noise drawn anew
_REACH = 4  # standard deviations of a Gaussian that are kept
_EDGES = 1.6  # of an edge's variance under the probe, over what its slope says: wedge 1, step 2
_TRUST = 0.85  # part of the correction for smoothing that is its own standard error
_WHITE = 2 * np.pi**0.5  # a Gaussian of σ pixels leaves 1 / (2 √π σ) of the rms of white noise


class Depths(NamedTuple):
    """Scattering depth μ t of the pixels around a particle.

    Attributes
    ----------
    values : ndarray
        Depths with the noise of the image, whose sum has no bias.
    smooth : ndarray
        The same, smoothed as far as the noise asks for.
    slope : ndarray
        Derivative of the depth by the fraction.
    unblurred : float
        Sum of what the blur of the probe would hide from saturating depths, and `values` hold.
    """

    values: Pixels
    smooth: Pixels
    slope: Pixels
    unblurred: float


def steadying(fraction: Pixels, variance: Pixels, own: Mask) -> float:
    """Width of a Gaussian [px] after which fractions are steady enough for a logarithm."""
    noise = _relative(fraction, variance, own)
    return 0.0 if noise <= _STEADY else min(max(noise / (_WHITE * _STEADY), 0.7), _SHORT)


def smoothing(fraction: Pixels, variance: Pixels, own: Mask) -> float:
    """Width of a Gaussian [px] that leaves little noise at the top, and does not level it."""
    noise = _relative(fraction, variance, own)
    if noise <= _QUIET:
        return 0.0
    radius = float(distance_transform_edt(np.pad(own, 1)).max())
    quiet, loud = (noise / (_WHITE * part) for part in (_QUIET, _LOUD))
    return max(min(quiet, _NARROW * radius), min(loud, _WIDE * radius))


def _relative(fraction: Pixels, variance: Pixels, own: Mask) -> float:
    """Noise of the brightest pixels over their value."""
    top = max(float(np.quantile(fraction[own], 0.95)), 1e-300)
    return float(np.sqrt(variance[own].max())) / top


def invert(
    fraction: Pixels,
    variance: Pixels,
    own: Mask,
    width: float,
    probe: tuple[float, float] | None,
) -> Depths:
    """Scattering depths of fractions, ``-ln(1 - p)`` where thick matter saturates.

    The logarithm is expanded about the smoothed fraction to the second order, and the square of
    what smoothing took off is reduced by the variance of the noise: the logarithm of a noisy number
    is too large on average, this is not. Nor is the logarithm of a blurred fraction the blurred
    logarithm: ``1/2 f'' σ² |∇p|²`` is missing, and added.

    Parameters
    ----------
    fraction, variance : ndarray
        Scattered fraction, and the variance of its noise.
    own : ndarray of bool
        The particle's window.
    width : float
        Of the smoothing [px].
    probe : tuple of float, optional
        Standard deviation of the probe down the columns and along the rows [px]; without it the
        contrast is linear.
    """
    smooth = np.where(own, fraction, 0.0)
    if width:
        kept = gaussian_filter(own.astype(float), width, truncate=_REACH)
        smooth = gaussian_filter(smooth, width, truncate=_REACH) / np.maximum(kept, 1e-12)
    smooth = np.where(own, smooth, 0.0)
    if probe is None:
        return Depths(np.where(own, fraction, 0.0), smooth, own.astype(float), 0.0)
    centre = np.clip(smooth, -1.0, _FULL)
    slope = np.where(own, 1 / (1 - centre), 0.0)
    level = -np.log1p(-centre)
    values = -np.log1p(-np.clip(fraction, -1.0, _FULL))
    if width:
        rest = np.where(own, fraction - centre, 0.0)
        values = level + slope * rest + 0.5 * slope**2 * (rest**2 - variance)
    hidden = 0.5 * slope**2 * _probed(centre, width, probe)
    return Depths(
        np.where(own, values + hidden, 0.0),
        np.where(own, level, 0.0),
        slope,
        float(hidden[own].sum()),
    )


def _probed(fraction: Pixels, width: float, probe: tuple[float, float]) -> Pixels:
    """Variance of the fraction under the probe, from its slopes after blur and smoothing.

    The squared slope of an edge, summed across it, falls as one over the width of all blurs.
    """
    terms = zip(np.gradient(fraction), probe)
    return sum(_EDGES * sigma * np.hypot(sigma, width) * slope**2 for slope, sigma in terms)


class Top(NamedTuple):
    """Thickest point of a particle: its value, standard error, and place (y, x) in the box."""

    value: float
    error: float
    place: tuple[int, int]


def thickest(
    values: Pixels, variance: Pixels, own: Mask, width: float, probe: tuple[float, float]
) -> Top:
    """Find the thickest point: the maximum of the smoothed depths, without its bias.

    The maximum of a noisy map is too large: noise is drawn anew upon the smoothed map, which is
    smoothed again, and the mean of the maxima tells by how much (the bootstrap's bias; Efron, Ann.
    Stat. 7 (1979) 1). That of a smoothed and blurred one is too small: it is raised by what all of
    that blur takes off it once more (Tukey's twicing). Off a dome this is right, off a ridge too
    little: most of it counts as an error.

    Parameters
    ----------
    values, variance : ndarray
        Depths, and the variance of their noise.
    own : ndarray of bool
        Where the particle is.
    width : float
        Of the smoothing [px].
    probe : tuple of float
        Standard deviation of the probe along both axes [px].
    """
    inside = np.where(own, values, 0.0)
    smooth = _blurred(inside, (width, width))
    found = np.where(own, smooth, -np.inf)
    place = np.unravel_index(int(np.argmax(found)), found.shape)
    top = float(found[place])
    rng = np.random.default_rng(0)  # the same particle weighs the same every time
    spread = np.sqrt(np.maximum(variance, 0.0))

    def again(noise: Pixels | float, widths: tuple[float, ...]) -> float:
        return float(_blurred(smooth + noise, widths)[own].max()) - top

    widths = (width, width)
    levelled = again(0.0, widths)
    rises = [again(spread * rng.standard_normal(spread.shape), widths) for _ in range(_DRAWS)]
    raised = float(np.mean(rises)) - levelled
    lost = again(0.0, tuple(math.hypot(width, sigma) for sigma in probe))
    error = math.hypot(float(np.std(rises, ddof=1)), _TRUST * lost)
    return Top(top - raised - lost, error, (int(place[0]), int(place[1])))


def _blurred(values: Pixels, widths: tuple[float, ...]) -> Pixels:
    blurred: Pixels = gaussian_filter(values, widths, truncate=_REACH) if any(widths) else values
    return blurred
