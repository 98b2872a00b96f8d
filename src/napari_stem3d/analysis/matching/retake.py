"""The scene of a real image once more, under the microscope that was matched to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.restoration import denoise_tv_chambolle

from napari_stem3d.analysis.matching.match import Match

_WEIGHT = 1.0  # of smoothness, for noise of unit variance


def retake(frame: ArrayLike, match: Match, rng: np.random.Generator) -> NDArray[np.float32]:
    """Image of the particles of an image, to be shown beside it.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        The image that was matched.
    match : Match
        Its microscope.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        What the microscope writes for particles as thick as the image is bright, once its noise
        is smoothed away, on a film of its own.
    """
    values, microscope = np.asarray(frame, float), match.microscope
    film = match.film & np.isfinite(values)
    black, noise = microscope.detector.offset, 0.0
    if film.any():
        black, noise = float(np.mean(values[film])), float(np.std(values[film]))
    level = np.where(np.isfinite(values), values, black) - black
    if noise > 0:  # least total variation leaves edges where they are
        level = noise * denoise_tv_chambolle(level / noise, weight=_WEIGHT)
    detected = microscope.detector.gain * microscope.detector.efficiency
    fraction = level / (detected * microscope.electrons_per_pixel)
    fraction = np.where(film, 0.0, np.clip(fraction, 0.0, 0.999))
    thickness = microscope.contrast.thickness(fraction.astype(np.float32), microscope.beam)
    return match.simulate(thickness, rng)
