"""Line jitter: how far each scan line lies beside its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.optimize import nnls

from napari_stem3d.analysis.matching.estimates import Estimate, bands, jackknife
from napari_stem3d.analysis.matching.frame import Frame

_PARTS = 8
_SECOND = np.array([-0.5, 1.0, -0.5])  # a line less the mean of its neighbours
_REACH = np.arange(-4.0, 5.0)
_SMOOTH = np.exp(-(_REACH**2) / 2)
_SMOOTH /= _SMOOTH.sum()  # a Gaussian of one pixel along the line
_SLOPE = -_REACH * _SMOOTH  # and its derivative, as correlation weights reversed
# Covariances of the second difference of independent numbers, for lines 0, 1, 2 and 3 apart; and
# of what bodies that bend add, which seem to displace neighbouring lines alike.
_SHAPES = np.stack([[1.5, -1.0, 0.25, 0.0], 0.8 ** np.arange(4)], 1)


def measure_jitter(frame: Frame, noise: NDArray[np.float64], memory: float) -> Estimate | None:
    """Rms displacement of the lines; None where no line has edges that tell.

    A line less the mean of its neighbours is, to first order, its slope times its displacement
    against theirs, whatever straight edges run through all three; those of a body's two sides
    cancel. Least squares along each line give the displacement. Independent displacements make
    the differences of neighbouring lines anticorrelated, which tells them from bodies that bend;
    noise has its own part subtracted.

    Parameters
    ----------
    frame : Frame
        Image.
    noise : ndarray, shape (ny, nx)
        Variance of the noise of each pixel.
    memory : float
        ρ, the fraction of the light that the next pixel keeps.
    """
    shifts, errors = _shifts(frame, noise, memory)
    told = np.isfinite(shifts) & (errors < 0.5)
    if told.sum() < 4 * _PARTS:
        return None
    part = bands(len(shifts), _PARTS)
    shifts, errors = np.where(told, shifts, 0.0), np.where(told, errors, 0.0)
    weights = np.where(told, 1 / (errors**2 + 0.01), 0.0)

    def estimate(parts: Sequence[int]) -> NDArray[np.float64]:
        return _series(shifts, errors, weights * np.isin(part, parts))

    (variance,), (spread,) = jackknife(estimate, _PARTS)
    # Where every part says zero the jackknife knows no error, but noise still hides as much.
    hidden = float(np.mean(errors[told] ** 2)) * np.sqrt(2 / told.sum())
    spread = np.hypot(spread, hidden)
    pixel = frame.grid.sampling[1]
    sigma = float(np.sqrt(variance))
    # Near zero the root of the variance has the error that the variance has, not its derivative.
    error = float(spread / (2 * sigma) if variance > spread else np.sqrt(spread))
    return Estimate(sigma * pixel, error * pixel, "nm")


def _shifts(
    frame: Frame, noise: NDArray[np.float64], memory: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Displacement of each line against its neighbours, and its error from noise [px]."""
    beside = convolve1d(frame.values, [0.5, 0.0, 0.5], 0, mode="constant", cval=np.nan)
    residual = _along(frame.values - beside, _SMOOTH)
    slope, level = _along(beside, _SLOPE), _along(beside, _SMOOTH)
    shifts = np.full(len(slope), np.nan)
    errors = np.full(len(slope), np.inf)
    # White noise that a filter of several pixels averages keeps (1 + ρ) / (1 - ρ) of it longer.
    longer = (1 + memory) / (1 - memory)
    for row, (r, s, m, v) in enumerate(zip(residual, slope, level, noise)):
        ok = np.isfinite(r) & np.isfinite(s) & np.isfinite(v)
        if ok.sum() < 16:
            continue
        # Brighter lines, or bodies that end in this one, are no displacement.
        nuisance = np.stack([np.ones(ok.sum()), m[ok] - m[ok].mean()], 1)
        edge = np.zeros_like(s)
        edge[ok] = s[ok] - nuisance @ np.linalg.lstsq(nuisance, s[ok], rcond=None)[0]
        variance = np.where(ok, v, 0.0)
        power = (edge**2).sum() - 0.5 * longer * (_SLOPE**2).sum() * variance.sum()
        if power > 0.2 * (edge**2).sum():
            shifts[row] = -(np.where(ok, r, 0.0) * edge).sum() / power
            filtered = np.convolve(edge, _SMOOTH, mode="same")
            errors[row] = np.sqrt(1.5 * longer * (filtered**2 * variance).sum()) / power
    return shifts, errors


def _along(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of each line with weights; NaN beside gaps."""
    result: NDArray[np.float64] = convolve1d(values, weights[::-1], 1, mode="constant", cval=np.nan)
    return result


def _series(
    shifts: NDArray[np.float64], errors: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance [px²] of the displacements behind the differences of lines."""
    measured = np.zeros(len(_SHAPES))
    for lag, share in enumerate(_SHAPES[:, 0] / _SHAPES[0, 0]):
        first, second = slice(None, len(shifts) - lag), slice(lag, None)
        weight = np.sqrt(weights[first] * weights[second])
        own = shifts[first] * shifts[second] - share * errors[first] * errors[second]
        measured[lag] = (weight * own).sum() / max(weight.sum(), 1e-300)
    return nnls(_SHAPES, measured)[0][:1]
