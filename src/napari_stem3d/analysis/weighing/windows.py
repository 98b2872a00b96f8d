"""Which pixels count for which particle: its mask, grown to where the probe reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

Labels = NDArray[np.int32]
Pixels = NDArray[np.float64]
_NEAREST, _FARTHEST = 2, 10  # pixels by which masks grow, at least and at most
_LEVEL = 4  # pixels beyond those, in which the background is seen
_FAINT = 0.01  # of the particles' mean signal; what is fainter is no part of them
_SURE = 2.0  # standard errors that a signal outside of masks must have


class Surroundings:
    """Distance of every pixel from the masks, and the particle that is nearest.

    Parameters
    ----------
    labels : ndarray of int, shape (ny, nx)
        Particles.
    sampling : tuple of float
        Distance of neighbouring pixels (dy, dx), in any unit.

    Attributes
    ----------
    distance : ndarray, shape (ny, nx)
        From the nearest mask, in units of the smaller side of a pixel; 0 inside.
    nearest : ndarray of int, shape (ny, nx)
        Label of that mask.
    """

    def __init__(self, labels: Labels, sampling: tuple[float, float]) -> None:
        pixel = np.array(sampling) / min(sampling)
        self.distance, index = distance_transform_edt(
            labels == 0, sampling=pixel, return_indices=True
        )
        self.nearest: Labels = labels[tuple(index)]

    def windows(self, reach: float) -> Labels:
        """Label of the nearest particle, for all pixels that are no farther than `reach`."""
        return np.where(self.distance <= reach, self.nearest, 0)

    def reach(self, values: Pixels) -> float:
        """How far beyond their masks particles can be seen, in the mean of all of them.

        Masks may be too small, and the probe is not a point. The mean grey value at a distance is
        compared with that farther out, as apertures are chosen in photometry.

        Parameters
        ----------
        values : ndarray, shape (ny, nx)
            Grey values.
        """
        steps = np.ceil(self.distance).astype(int)
        count = np.bincount(steps.ravel())[: _FARTHEST + _LEVEL + 1]
        if len(count) < _NEAREST + _LEVEL or count[0] == 0:
            return _NEAREST
        sums = np.bincount(steps.ravel(), values.ravel())[: len(count)]
        squares = np.bincount(steps.ravel(), values.ravel() ** 2)[: len(count)]
        seen = np.maximum(count, 1)
        mean = sums / seen
        error = np.sqrt(np.maximum(squares / seen - mean**2, 0) / seen)
        for step in range(_NEAREST, len(count) - _LEVEL):
            far = slice(step + 1, step + 1 + _LEVEL)
            level = np.average(mean[far], weights=seen[far])
            if mean[step] - level < max(_FAINT * (mean[0] - level), _SURE * error[step]):
                return step
        return min(_FARTHEST, len(count) - _LEVEL)
