"""The empty support of an image: where it is, how it varies, and what that does to sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.optimize import brentq

from napari_stem3d.analysis.matching.background import find_background, variogram
from napari_stem3d.analysis.matching.frame import Frame, Mask, Pixels

_FEWEST = 64  # pixels of film from which its variation can be told
_GLOWING = 0.03  # rise of the variogram, over its height, that is taken for light
_LAGS = 48  # pixels, the farthest that pairs are looked at
_PAIRS = 0.02  # of the most frequent distance's number of pairs, that others must have


class Film:
    """Empty support.

    Parameters
    ----------
    frame : Frame
        Checked image.
    free : ndarray of bool, shape (ny, nx)
        Pixels in no window of a particle.

    Attributes
    ----------
    mask : ndarray of bool, shape (ny, nx)
        Pixels of it that are known and show nothing else, such as particles that nobody labelled.
    level : float
        Its median grey value; NaN without any film.
    """

    def __init__(self, frame: Frame, free: Mask) -> None:
        free = free & frame.known
        dark = find_background(frame) & free
        self.mask: Mask = dark if dark.sum() >= min(_FEWEST, free.sum()) else free
        self.level = float(np.median(frame.values[self.mask])) if self.mask.any() else np.nan
        self._gamma, self._far = np.zeros((1, 1)), 0.0
        if self.known:
            lags = max(1, min(_LAGS, min(frame.values.shape) // 3))
            self._gamma, self._far = _whole(*variogram(frame.values, self.mask, lags))

    @property
    def known(self) -> bool:
        """Whether there is enough of it to tell how it varies."""
        return bool(self.mask.sum() >= _FEWEST)

    @property
    def memory(self) -> float:
        """Part ρ of the noise that the scintillator hands on to the next pixel of a line.

        ``ρ (1 - ρ²)`` is what the variogram of white noise rises by from one pixel to three along
        the lines, over its height; what it rises by across them is the film's, not the light's.
        """
        lags = len(self._gamma) // 2
        if lags < 3:
            return 0.0
        along, across = self._gamma[lags, lags:], self._gamma[lags:, lags]
        rise = (along[3] - along[1] - across[3] + across[1]) / max(along[3], 1e-300)
        if rise < _GLOWING:
            return 0.0
        return float(brentq(lambda r: r * (1 - r * r) - min(rise, 0.38), 0.0, 3**-0.5))

    def variance(self, weights: Pixels) -> float:
        """Variance of a weighted sum of the film's pixels, with weights that add up to nothing.

        ``-Σ_ij a_i a_j γ(i - j)`` needs no mean of the film (Matheron, Econ. Geol. 58 (1963)
        1246); the pairs are counted by a Fourier transform.

        Parameters
        ----------
        weights : ndarray, shape (m, n)
            Weights a.
        """
        size = [fft.next_fast_len(2 * n - 1, real=True) for n in weights.shape]
        pairs = fft.irfft2(abs(fft.rfft2(weights, size)) ** 2, size)
        half = len(self._gamma) // 2
        reach = [min(half, n - 1) for n in weights.shape]
        rows, columns = (np.arange(-r, r + 1) for r in reach)
        near = pairs[np.ix_(rows, columns)]
        gamma = self._gamma[np.ix_(rows + half, columns + half)]
        # Pairs farther apart than the variogram reaches differ by what it ends with.
        far = pairs.sum() - near.sum()
        return max(0.0, -float((near * gamma).sum() + far * self._far))


def _whole(gamma: Pixels, pairs: Pixels) -> tuple[Pixels, float]:
    """Variogram for lags of either sign, and its value where pairs are rare or far apart."""
    frequent = pairs > _PAIRS * pairs.max()
    lags = len(gamma) - 1
    row, column = np.mgrid[: lags + 1, -lags : lags + 1]
    outer = frequent & (np.hypot(row, column) > 0.7 * lags)
    outer = outer if outer.any() else frequent
    far = float(np.average(gamma[outer], weights=pairs[outer]))
    gamma = np.where(frequent, gamma, far)
    gamma[0, lags] = 0.0
    both: NDArray[np.float64] = np.concatenate([gamma[:0:-1, ::-1], gamma])
    return both, far
