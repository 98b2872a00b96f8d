"""The empty film of an image: where it is, how its grey values scatter, and over what lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import binary_dilation, gaussian_filter
from scipy.optimize import least_squares
from skimage.filters import threshold_otsu

from napari_stem3d.analysis.matching.estimates import bands, jackknife
from napari_stem3d.analysis.matching.flicker import paced
from napari_stem3d.analysis.matching.frame import Frame, Mask, Pixels

SMOOTHING = 1.5  # px, before particles are told from film
MARGIN = 3  # px around particles that the probe may reach
FEWEST = 512  # pixels of film below which nothing is said of its texture
_APART = 5.0  # distance of two classes, in standard deviations within, that makes them two
_RESOLVED = 0.35  # pixels per σ from which on a probe correlates neighbours
_PARTS = 8  # bands of rows left out in turn


@dataclass(frozen=True)
class Texture:
    """Components of the variance of an empty film, in squared grey values.

    Attributes
    ----------
    white : float
        Noise of single pixels, in the part that afterglow correlates.
    memory : float
        Fraction ρ of the noise that the next pixel along the fast axis keeps.
    rows : float
        Variance that the pixels of a row share, at the pace of the beam's current.
    lines : float
        Variance that they share, but with no pixel of another row; 0 where the current is as fast.
    grain : float
        Variance of the film's grain, which the probe correlates as ``exp(-r² / 4σ²)``.
    film, length : float
        Variance of the film's thickness, and Σ of its correlation ``exp(-r² / 4Σ²)`` [nm].
    """

    white: float
    memory: float
    rows: float
    lines: float
    grain: float
    film: float
    length: float


def smooth(values: Pixels, mask: Mask, sigma: float) -> Pixels:
    """Mean of the pixels in a mask, weighted by a Gaussian; NaN far from all of them."""
    weights = gaussian_filter(mask.astype(float), sigma, mode="constant")
    sums = gaussian_filter(np.where(mask, values, 0.0), sigma, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 1e-3, sums / weights, np.nan)


def find_background(frame: Frame) -> Mask:
    """Pixels of the empty film: dark, and away from particles, gaps and vacuum.

    Otsu's threshold parts the smoothed image in two classes, if they lie five times their scatter
    apart; otherwise all is film. Single pixels far from their neighbours are dirt, no film.
    """
    level = smooth(frame.values, frame.known, SMOOTHING)
    bright = ~frame.known
    seen = level[frame.known]
    threshold = threshold_otsu(seen)
    dark, light = seen[seen <= threshold], seen[seen > threshold]
    middle = float(np.median(dark))
    spread = 1.4826 * float(np.median(abs(dark - middle)))
    if np.median(light) - middle > _APART * spread:
        # Film reaches up as far above its middle as a normal law lets it, not to Otsu's half-way.
        bright |= level > min(threshold, middle + _APART * spread)
    film = ~binary_dilation(bright, iterations=MARGIN)
    if frame.vacuum is not None:
        film &= ~binary_dilation(frame.vacuum, iterations=MARGIN)
    return film & frame.known & ~outliers(frame.values, film)


def outliers(values: Pixels, mask: Mask, limit: float = 6.0) -> Mask:
    """Pixels of a mask more than `limit` standard deviations from the mean around them."""
    residual = values - smooth(values, mask, 2 * SMOOTHING)
    inside = residual[mask]
    scatter = 1.4826 * np.median(abs(inside - np.median(inside))) if inside.size else 0.0
    return mask & (abs(residual) > limit * scatter)


def variogram(values: Pixels, mask: Mask, lags: int) -> tuple[Pixels, Pixels]:
    """Half the mean squared difference of all pairs of pixels in a mask, by their distance.

    Unlike the autocovariance it needs no mean, and so has no bias from its estimate (Matheron,
    Econ. Geol. 58 (1963) 1246). All pairs are counted by Fourier transforms.

    Returns
    -------
    gamma, pairs : ndarray, shape (lags + 1, 2 lags + 1)
        Entry [j, lags + i] is for pixels j rows and i columns apart.
    """
    centred = np.where(mask, values - values[mask].mean(), 0.0)
    size = [fft.next_fast_len(n + lags, real=True) for n in mask.shape]
    weights, first, second = (fft.rfft2(a, size) for a in (mask.astype(float), centred, centred**2))
    pairs = fft.irfft2(abs(weights) ** 2, size)
    products = fft.irfft2(abs(first) ** 2, size)
    squares = fft.irfft2(2 * (second * weights.conj()).real, size)
    window = np.ix_(np.arange(lags + 1), np.arange(-lags, lags + 1))
    pairs = np.rint(pairs[window])
    gamma = (squares[window] / 2 - products[window]) / np.maximum(pairs, 1)
    return np.maximum(gamma, 0), pairs


def measure_texture(
    frame: Frame, film: Mask, steady: NDArray[np.float64], probe: float
) -> tuple[Texture, Texture]:
    """Components of the film's variance, and their standard errors.

    Parameters
    ----------
    frame : Frame
        Image.
    film : ndarray of bool
        Its empty film.
    steady : ndarray, shape (ny,)
        Correlation c of the beam current over rows 0, 1, 2 ... apart.
    probe : float
        σ of the probe [nm].

    Notes
    -----
    Least squares of the variogram by
    ``w (1 - δ_j ρ^|i|) + R (1 - c_j) + L (1 - δ_j) + G (1 - exp(-r²/4σ²)) + F (1 - exp(-r²/4Σ²))``.
    """
    part = bands(film.shape[0], _PARTS)
    steps = np.unique(np.rint(np.geomspace(1, min(64, min(film.shape) // 3), 12)).astype(int))

    def estimate(parts: Sequence[int]) -> NDArray[np.float64]:
        mask = film & np.isin(part, parts)[:, None]
        return _fit(
            *variogram(frame.values, mask, int(steps[-1])),
            steps,
            steady,
            probe,
            frame.grid.sampling,
        )

    values, errors = jackknife(estimate, _PARTS)
    return Texture(*values.tolist()), Texture(*errors.tolist())


def _fit(
    gamma: Pixels,
    pairs: Pixels,
    steps: NDArray[np.int64],
    steady: NDArray[np.float64],
    probe: float,
    sampling: tuple[float, float],
) -> NDArray[np.float64]:
    lags, pixel = len(gamma) - 1, min(sampling)
    row, column = np.meshgrid(np.r_[0, steps], np.r_[-steps[::-1], 0, steps], indexing="ij")
    gamma, pairs = gamma[row, lags + column], pairs[row, lags + column]
    use = (pairs > 0.05 * pairs.max()) & (gamma > 0) & ((row > 0) | (column > 0))
    row, column, gamma, pairs = row[use], column[use], gamma[use], pairs[use]
    distance = ((row * sampling[0]) ** 2 + (column * sampling[1]) ** 2) / 4
    scale = float(np.median(gamma))
    # Distant pairs share pixels and the film's few hills: they count less than their number.
    weights = np.sqrt(pairs / pairs.max() / (1 + np.hypot(row, column)))
    unsteady = 1 - steady[row]
    # The grain under a probe narrower than a pixel is white: noise says all there is to say.
    blurred = -np.expm1(-distance / probe**2) if probe > _RESOLVED * pixel else np.zeros(len(row))

    def residuals(p: NDArray[np.float64]) -> NDArray[np.float64]:
        white, memory, rows, lines, grain, film, length = p
        model = white * (1 - (row == 0) * memory ** abs(column))
        model += rows * unsteady + lines * (row > 0)
        model += grain * blurred - film * np.expm1(-distance / length**2)
        return weights * (scale * model / gamma - 1)

    units = np.array([1, 1, 1, 1, 1, 1, pixel])
    most = 4.0 if paced(steady) else 1e-12
    low, high = np.zeros(7), np.array([4, 0.95, 4, most, 4, 40, float(lags)]) * units
    low[6] = max(2 * pixel, 2 * probe)
    high[6] = max(high[6], 2 * low[6])
    fits = [
        least_squares(
            residuals,
            np.array([0.6, 0.05, 0.05, 0.01 * most, 0.1, 0.2, 1])
            * [1, 1, 1, 1, 1, 1, low[6] ** (1 - s) * high[6] ** s],
            bounds=(low, high),
            x_scale=units,
        )
        for s in (0.2, 0.5, 0.8)
    ]
    best = min(fits, key=lambda fit: fit.cost).x
    best[4] *= blurred.any()
    return best * np.array([scale, 1, scale, scale, scale, scale, 1])
