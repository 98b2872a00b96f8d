"""Photon transfer within one image: how the noise of single pixels grows with the signal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.stats import chi2

from napari_stem3d.analysis.matching.background import smooth
from napari_stem3d.analysis.matching.frame import Frame, Mask, Pixels

_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
_OWN = np.convolve(_FOURTH, _FOURTH)[4:]  # its autocorrelation: 70, -56, 28, -8, 1
_MEAN = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
_CURVED = 2.0  # px, the scale on which the structure of the specimen is judged
_EVENEST = 0.35  # share of the pixels on particles that is taken for even
_BINS = 12  # brightnesses told apart on them, at most
_FEWEST = 120  # pixels of each
# Σ of the squared autocorrelation of the filtered noise: so many pixels count as one.
_CORRELATED = (2 * ((_OWN / _OWN[0]) ** 2).sum() - 1) ** 2
_LIMIT = 2.5  # standard deviations beyond which a difference is taken for structure
_BELOW = chi2(3).cdf(_LIMIT**2) / chi2(1).cdf(_LIMIT**2)  # mean square of normal numbers below it


@dataclass(frozen=True)
class PhotonTransfer:
    """The line ``variance = slope * grey value + intercept`` through the noise of even areas.

    Attributes
    ----------
    slope, intercept : float
        Of the line; grey values and their squares.
    slope_error, intercept_error : float
        Standard errors.
    agreement : float
        Share of the brightnesses whose noise lies on the line.
    """

    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    agreement: float


def pixel_noise(frame: Frame, memory: float) -> tuple[Pixels, Pixels]:
    """Squared noise of each pixel, and the mean around it; NaN beside gaps.

    The fourth difference along both axes, which vanishes on all that is smooth, on what a row
    shares and on what a column shares. Afterglow, which correlates white noise as ``ρ^|i|`` along a
    row, leaves ``a_0 + 2 Σ a_i ρ^i`` of the noise, a being the autocorrelation of the weights.

    Parameters
    ----------
    frame : Frame
        Image.
    memory : float
        ρ, the fraction of the light that the next pixel keeps.
    """
    high, mean = frame.values, frame.values
    for axis in (0, 1):
        high = convolve1d(high, _FOURTH, axis, mode="constant", cval=np.nan)
        mean = convolve1d(mean, _MEAN, axis, mode="constant", cval=np.nan)
    powers = memory ** np.arange(5.0)
    along = 2 * float(_OWN @ powers) - _OWN[0]
    return high**2 / (_OWN[0] * along), mean


def photon_transfer(frame: Frame, film: Mask, memory: float) -> PhotonTransfer | None:
    """Line through the noise of the film and of even places on particles; None if there is none.

    Of the particles only the third counts that lies in the evenest surroundings, judged two pixels
    away, where the noise of a pixel has no say.
    """
    squares, means = pixel_noise(frame, memory)
    valid = np.isfinite(squares)
    bins: list[Mask] = []
    edges = np.empty(0)
    if (valid & film).sum() >= 3 * _FEWEST:
        level = smooth(frame.values, film, _CURVED)
        edges = np.quantile(level[valid & film], np.linspace(0, 1, 4))
        bins = [valid & film & (level >= a) & (level <= b) for a, b in itertools.pairwise(edges)]
    bright = valid & ~film
    if film.any():
        scatter = float(np.std(frame.values[film]))
        bright &= means > frame.values[film].mean() + 3 * scatter
    if bright.any():
        curved = curvature(frame)
        even = bright & (curved <= np.quantile(curved[bright], _EVENEST))
        count = min(_BINS, int(even.sum()) // _FEWEST)
        edges = np.quantile(means[even], np.linspace(0, 1, count + 1)) if count else edges[:0]
        bins += [even & (means >= a) & (means <= b) for a, b in itertools.pairwise(edges)]
    points = [(means[b].mean(), _clipped(squares[b]), b.sum()) for b in bins]
    points = [point for point in points if point[1] > 0]  # what is constant has no noise
    if len(points) < 2:
        return None
    return _line(*np.array(sorted(points), float).T)


def curvature(frame: Frame) -> Pixels:
    """Size of the second derivatives of the smoothed image."""
    level = smooth(frame.values, frame.known, _CURVED)
    level = np.where(np.isfinite(level), level, np.nanmean(level))
    dy, dx = np.gradient(level)
    (dyy, dyx), (_, dxx) = np.gradient(dy), np.gradient(dx)
    return np.hypot(np.hypot(dyy, dxx), np.sqrt(2) * dyx)


def _clipped(squares: Pixels) -> float:
    """Variance of normal noise, from the squares below a limit that structure mostly exceeds."""
    variance = float(np.median(squares)) / chi2(1).ppf(0.5)
    for _ in range(20):
        variance = float(squares[squares <= _LIMIT**2 * variance].mean() / _BELOW)
    return variance


def _line(
    levels: NDArray[np.float64], variances: NDArray[np.float64], counts: NDArray[np.float64]
) -> PhotonTransfer:
    """Line that most brightnesses agree on, and under which none lies: structure only adds.

    Every pair of points proposes one; the one with the most pixels within two standard errors
    wins, and is fitted again through those.
    """
    share = 1.2 * np.sqrt(2 * _CORRELATED / counts)  # relative standard error of each variance
    best, agreeing = -1.0, np.ones(len(levels), bool)
    for i, j in itertools.combinations(range(len(levels)), 2):
        slope = (variances[j] - variances[i]) / (levels[j] - levels[i])
        model = variances[i] + slope * (levels - levels[i])
        if slope <= 0 or (model <= 0).any() or (variances < model * (1 - 3 * share)).any():
            continue
        near = abs(variances - model) < 2 * share * model
        weight = float(np.sqrt(counts[near]).sum())
        if weight > best:
            best, agreeing = weight, near
    x, y, share = levels[agreeing], variances[agreeing], share[agreeing]
    fitted = y
    for _ in range(5):
        weights = (share * np.maximum(fitted, 0.1 * y)) ** -2.0
        matrix = np.stack([x, np.ones_like(x)], 1)
        covariance = np.linalg.pinv(matrix.T @ (weights[:, None] * matrix))
        slope, intercept = covariance @ (matrix.T @ (weights * y))
        fitted = slope * x + intercept
    excess = float((weights * (y - fitted) ** 2).sum()) / max(len(x) - 2, 1)
    slope_error, intercept_error = np.sqrt(np.diag(covariance) * max(excess, 1.0))
    return PhotonTransfer(
        float(slope),
        float(slope_error),
        float(intercept),
        float(intercept_error),
        float(np.mean(agreeing)),
    )
