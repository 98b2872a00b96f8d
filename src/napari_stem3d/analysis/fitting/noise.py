"""The noise of an image: from its even places, and from what a fit leaves."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.restoration import estimate_sigma

from napari_stem3d.analysis.fitting.patch import Noise, Patch
from napari_stem3d.analysis.matching.frame import SMALLEST, check_frame
from napari_stem3d.analysis.matching.noise import photon_transfer

Array = NDArray[np.floating]
SCALE = 1.5  # pixels on which noise and misfits are told from each other
_MARGIN = 4  # pixels around particles that the probe may reach
_SLOW = 15.0  # pixels beyond which an uneven ground is no noise
_LEAST = 1e-3  # part of the noise of a bright pixel that no pixel stays below
_FAITHFUL = 5e-3  # part of the range of an image that no model of it is more exact than
_ROUNDS = 4  # of reweighting
_FEWEST = 200  # pixels of film from which its grain is judged


def image_noise(image: NDArray[np.floating], labels: NDArray[np.int32]) -> Noise:
    """Estimate the noise of an image from its even places.

    Photon transfer tells how it grows with the signal, where there is enough to see; what film
    adds on the scale of a few pixels counts as noise as well, for it hides as much.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values.
    labels : ndarray, shape (ny, nx), int32
        Particles.

    Returns
    -------
    Noise
        Of single pixels.
    """
    film = ~binary_dilation(labels > 0, iterations=_MARGIN)
    line = None
    if min(image.shape) >= SMALLEST:
        frame = check_frame(image)
        line = photon_transfer(frame, film & frame.known, 0.0)
    if line is None or line.slope <= 0:
        variance = float(estimate_sigma(image)) ** 2
        noise = Noise(0.0, variance, max(_LEAST * variance, np.finfo(float).tiny))
    else:
        high = float(np.percentile(image, 99))
        least = _LEAST * max(line.slope * high + line.intercept, line.intercept)
        noise = Noise(line.slope, line.intercept, max(least, np.finfo(float).tiny))
    low, high = np.percentile(image, (0.1, 99.9))
    noise = noise._replace(least=max(noise.least, (_FAITHFUL * float(high - low)) ** 2))
    if film.sum() < _FEWEST:
        return noise
    ground = float(np.median(image[film]))
    level = float(noise.variance(np.array(ground)))
    grain = max(_coarse_power(image, film) - level, 0.0)
    return noise._replace(floor=noise.floor + grain)


class Explained(Protocol):
    """What was fitted to an image, such as a `Look`."""

    @property
    def patch(self) -> Patch:
        """The image."""

    @property
    def model(self) -> Array:
        """Expected image, shape (ny, nx)."""


def learnt_noise(look: Explained, noise: Noise) -> Noise:
    """Learn how noise grows with the signal from what a fit leaves of an image.

    Differences of neighbouring pixels tell it, which a misfit hardly reaches; their variances are
    those of a line along the model's grey values, fitted with relative weights.

    Parameters
    ----------
    look : Look
        Fit.
    noise : Noise
        Where to begin; its least variance stays.

    Returns
    -------
    Noise
        With another slope and floor; the same where too few pixels count.
    """
    known = look.patch.known[:, 1:] & look.patch.known[:, :-1]
    if known.sum() < _FEWEST:
        return noise
    left = look.patch.image - look.model
    squares = (np.diff(left, axis=1)[known] ** 2) / 2
    level = ((look.model[:, 1:] + look.model[:, :-1]) / 2)[known]
    design = np.column_stack([level, np.ones_like(level)])
    for _ in range(_ROUNDS):
        spread = noise.variance(level)
        kept = squares < 12 * spread  # what is left of a misfit at an edge tells nothing of noise
        weight = 1 / spread[kept]
        rows = design[kept] * weight[:, None]
        slope, floor = np.linalg.lstsq(rows, squares[kept] * weight, rcond=None)[0].tolist()
        if slope < 0:
            slope, floor = 0.0, float(np.average(squares[kept], weights=weight))
        noise = Noise(slope, floor, noise.least)
    return noise


def _coarse_power(image: NDArray[np.floating], film: NDArray[np.bool_]) -> float:
    """Variance that white noise would need to scatter, smoothed, as much as the film does."""
    weight = gaussian_filter(film.astype(float), _SLOW)
    slow = gaussian_filter(np.where(film, image, 0.0), _SLOW) / np.maximum(weight, 1e-6)
    rest = np.where(film, image - slow, 0.0)
    share = gaussian_filter(film.astype(float), SCALE)
    smooth = gaussian_filter(rest, SCALE)[share > 0.95]
    return float(4 * np.pi * SCALE**2 * np.mean(smooth**2)) if len(smooth) > _FEWEST else 0.0
