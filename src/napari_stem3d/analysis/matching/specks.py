"""Specks of contamination on the film: how many there are, and how bright."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, gaussian_filter
from scipy.special import erf

from napari_stem3d.analysis.matching.background import SMOOTHING
from napari_stem3d.analysis.matching.estimates import Estimate, bands, jackknife
from napari_stem3d.analysis.matching.frame import Frame, Mask

SIZE = 0.1  # px, the standard deviation of specks, which the image does not tell
_PARTS = 8
_FULL = 0.7  # share of a pixel's surroundings that has to be film
_PHASES = (-0.375, -0.125, 0.125, 0.375)  # places of a speck within a pixel
_REACH = np.arange(-12, 13)  # px


def measure_specks(
    frame: Frame, film: Mask, probe: float, step: float, level: float
) -> tuple[Estimate, Estimate] | None:
    """Measure the number of specks per area and the mean of what each adds to the image.

    The third and fourth cumulants of the film, less the mean around each pixel, are those of
    Poisson's law of counts, which are known, and of the specks: N per pixel, whose sums are
    distributed exponentially about a mean m, have the cumulant ``k! N m^k Σ q^k`` of the order k,
    q being a speck's shape (Campbell's theorem). A normal law has none.

    Parameters
    ----------
    frame : Frame
        Image.
    film : ndarray of bool
        Its empty film.
    probe : float
        Standard deviation of the probe [nm].
    step : float
        Grey values per counted electron.
    level : float
        Grey value of the film above the black level.

    Returns
    -------
    number, sum : Estimate
        Specks per µm², and the sum of the grey values that one adds, on average; None where the
        cumulants are no larger than two of their standard errors.
    """
    # The brightest specks are no film, but holes in it.
    film = (film | binary_closing(film, np.ones((3, 3)))) & frame.known
    weights = gaussian_filter(film.astype(float), SMOOTHING, mode="constant")
    around = gaussian_filter(np.where(film, frame.values, 0.0), SMOOTHING, mode="constant")
    inside = film & (weights > _FULL)
    if inside.sum() < _PARTS**2:
        return None
    residual = np.where(inside, frame.values - around / np.maximum(weights, _FULL), 0.0)
    part, shares = bands(film.shape[0], _PARTS), _powers(frame, probe)
    area = 1e-6 * float(np.prod(frame.grid.sampling))

    def estimate(parts: Sequence[int]) -> NDArray[np.float64]:
        seen = residual[inside & np.isin(part, parts)[:, None]]
        seen = seen - seen.mean()
        third = float((seen**3).mean()) - step**2 * max(level, 0.0)
        fourth = float((seen**4).mean() - 3 * (seen**2).mean() ** 2) - step**3 * max(level, 0.0)
        third, fourth = max(third, 0.0) / shares[0], max(fourth, 0.0) / shares[1]
        total = fourth / (4 * third) if third > 0 else 0.0
        number = third / (6 * total**3) if total > 0 else 0.0
        return np.array([third, fourth, number / area, total])

    values, errors = jackknife(estimate, _PARTS)
    if (values[:2] <= 2 * errors[:2]).any():
        return None
    number, total = values[2:].tolist()
    return Estimate(number, float(errors[2]), "1/µm²"), Estimate(total, float(errors[3]), "ADU")


def _powers(frame: Frame, probe: float) -> NDArray[np.float64]:
    """Sum the third and fourth powers of the shape of a speck, less the mean around it."""
    shapes = []
    for pixel in frame.grid.sampling:
        sigma = float(np.hypot(SIZE, probe / pixel))
        ends = (_REACH[:, None] + np.array([-0.5, 0.5])) - np.reshape(_PHASES, (-1, 1, 1))
        own, wide = (
            np.diff(erf(ends / (np.sqrt(2) * s)))[..., 0] / 2
            for s in (sigma, np.hypot(sigma, SMOOTHING))
        )
        shapes.append((own, wide))
    (own_y, wide_y), (own_x, wide_x) = shapes
    shape = np.einsum("ay,bx->abyx", own_y, own_x) - np.einsum("ay,bx->abyx", wide_y, wide_x)
    return np.array([(shape**power).sum() / len(_PHASES) ** 2 for power in (3, 4)])
