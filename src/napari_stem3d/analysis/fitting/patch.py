"""The part of an image that one body is fitted to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.floating]
_SMOOTH = 1.5  # pixels over which grey values are averaged to tell their noise


class Noise(NamedTuple):
    """How the variance of a pixel's noise grows with its expected grey value.

    Attributes
    ----------
    slope : float
        Variance per grey value: the grey values that one electron makes.
    floor : float
        Variance of a pixel without signal.
    least : float
        Variance that no pixel stays below.
    """

    slope: float
    floor: float
    least: float

    def variance(self, expected: Array) -> Array:
        """Variance of pixels whose expected grey values are given."""
        return np.maximum(self.slope * expected + self.floor, self.least)

    def averaged(self, factor: int) -> Noise:
        """Return the noise of means over `factor` x `factor` pixels."""
        return Noise(*(value / factor**2 for value in self))


#: Noise of counted electrons.
COUNTS = Noise(1.0, 0.0, 0.3)


class Patch(NamedTuple):
    """Pixels around a particle.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Grey values, finite where they count.
    variance : ndarray, shape (ny, nx)
        Variance of their noise; infinite where pixels do not count.
    y, x : ndarray, shapes (ny,) and (nx,)
        Places of the pixels [nm].
    """

    image: Array
    variance: Array
    y: Array
    x: Array

    @property
    def pixel(self) -> tuple[float, float]:
        """Sides (dy, dx) of a pixel [nm]."""
        return float(self.y[1] - self.y[0]), float(self.x[1] - self.x[0])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which pixels count; shape (ny, nx)."""
        return np.isfinite(self.variance)

    @property
    def spread(self) -> float:
        """Sum of the logarithms of the variances."""
        return float(np.log(self.variance[self.known]).sum())

    def weighted(self, noise: Noise, expected: Array) -> Patch:
        """Return the same with the variances that expected grey values have."""
        return self._replace(variance=np.where(self.known, noise.variance(expected), np.inf))

    def coarser(self, factor: int) -> Patch:
        """Average blocks of `factor` x `factor` pixels; what is left over at the end is dropped."""
        ny, nx = (size // factor for size in self.image.shape)

        def binned(values: Array) -> Array:
            kept = values[: ny * factor, : nx * factor]
            return kept.reshape(ny, factor, nx, factor).mean(axis=(1, 3))

        y = self.y[: ny * factor].reshape(ny, factor).mean(axis=1)
        x = self.x[: nx * factor].reshape(nx, factor).mean(axis=1)
        return Patch(binned(self.image), binned(self.variance) / factor**2, y, x)


def smoothed(patch: Patch, noise: Noise) -> Patch:
    """Return a patch with the variances that its own grey values, smoothed, tell."""
    return patch.weighted(noise, gaussian_filter(patch.image, _SMOOTH))
