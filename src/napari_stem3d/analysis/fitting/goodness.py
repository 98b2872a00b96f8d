"""Whether what a fit leaves of an image is noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.ndimage import binary_dilation, gaussian_filter
from scipy.stats import gamma

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.noise import SCALE

Array = NDArray[np.floating]
_AROUND = 3  # pixels around a body that its misfits may reach
_WHITE = 1 / (4 * np.pi * SCALE**2)  # mean square of smoothed white noise
_LEAST = 0.5  # part of its expected power that noise has at least; an image may have less
_RIDGE = 1e-9  # that numbers about which nothing is known leave no hole
_INDEPENDENT = 2 * np.pi * SCALE**2  # pixels that count as one, once smoothed


def goodness(look: Look) -> float:
    """Probability that residuals are as structured as these, if the body is the right one.

    Residuals are smoothed over 1.5 pixels, which keeps misfits and drowns noise, and their mean
    square around the body is compared with that of noise, less what the fit has taken of it. The
    covariance of residuals is ``1 - J (JᵀJ + P)⁻¹ Jᵀ``, with J the derivatives of the image in
    units of its noise and P the inverse covariance of what was known before. How strong the noise
    is tell the differences of neighbouring residuals, so that a wrong estimate of it does not
    count as a misfit.

    Parameters
    ----------
    look : Look
        Best fit.

    Returns
    -------
    float
        Between 0 and 1; about uniform for bodies that are the right ones.
    """
    known = look.patch.known
    residual = np.where(known, look.off, 0.0)
    region = known & binary_dilation(look.thickness > 0, iterations=_AROUND)
    if region.sum() < _INDEPENDENT:
        return 1.0
    pairs = known[:, 1:] & known[:, :-1]
    level = max(float((np.diff(residual, axis=1)[pairs] ** 2).mean()) / 2, _LEAST)
    found = float((gaussian_filter(residual, SCALE)[region] ** 2).sum())
    expected = level * (_WHITE * float(region.sum()) - _taken(look, region))
    count = max(expected / level / _WHITE / _INDEPENDENT, 1.0)
    return float(gamma.sf(found, count / 2, scale=2 * expected / count))


def _taken(look: Look, region: NDArray[np.bool_]) -> float:
    """Mean square, summed over a region, that the fit takes of smoothed noise of unit variance."""
    by, along = look.slopes
    lines = np.zeros((len(along), *along.shape))
    rows = np.arange(len(along))
    lines[rows, rows] = along
    known = look.patch.known
    slopes = np.where(known, np.concatenate([by, lines]), 0.0)
    flat = slopes.reshape(len(slopes), -1)
    curvature = flat @ flat.T + look.before
    size = np.sqrt(np.maximum(np.diag(curvature), np.finfo(float).tiny))
    # Of unit diagonal, for grey values and lengths differ by many orders of magnitude.
    alike = curvature / size / size[:, None] + _RIDGE * np.eye(len(size))
    smooth = gaussian_filter(slopes, (0, SCALE, SCALE))[:, region] / size[:, None]
    return float(np.trace(cho_solve(cho_factor(alike), smooth @ smooth.T)))
