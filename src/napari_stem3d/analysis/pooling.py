"""Thickness made consistent over an image: one gain for all of its particles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_FEWEST = 3  # particles from which a gain can be told apart from their own errors
_OWN_ERROR = 0.12  # relative error of a network's guess of one particle's volume
_FARTHEST = 0.7  # logarithm of the largest correction
_NEAR, _RING = 2, 5  # pixels around a particle: its blurred edge, and beyond it the background


def pooled_thickness(
    image: NDArray[np.float32], labels: NDArray[np.int32], thickness: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Thickness whose volumes are in proportion to the particles' signals, where that holds.

    No image tells its gain, so that a network guesses how thick a particle is from its form. Each
    guess has an error of its own, but the gain of an image is one: every particle's volume is its
    signal over the common gain, the median of all guesses. How far volumes are moved there is
    their squared error over the squared scatter of signal over guessed volume: all the way, if
    nothing but the guesses' own error scatters them, and hardly, if the particles differ in
    brightness too, as those of several materials do.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Grey values in any units, brighter where it is thicker.
    labels : ndarray of int, shape (ny, nx)
        Particles, 0 for the background.
    thickness : ndarray, shape (ny, nx)
        Thickness in any units, positive inside particles.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Thickness, each particle's times a factor; as it was with less than three particles.
    """
    signals = _signals(image, labels)
    volumes = np.bincount(labels.ravel(), thickness.ravel(), len(signals)).astype(np.float64)
    known = (signals > 0) & (volumes > 0)
    if np.count_nonzero(known) < _FEWEST:
        return thickness.astype(np.float32)
    ratio = np.log(signals[known] / volumes[known])
    gain = _weighted_median(ratio, volumes[known])
    scatter = _weighted_median(np.abs(ratio - gain), volumes[known]) / 0.6745
    trust = min(1.0, (_OWN_ERROR / max(scatter, 1e-9)) ** 2)
    factors = np.ones(len(signals), np.float32)
    factors[known] = np.exp(trust * np.clip(ratio - gain, -_FARTHEST, _FARTHEST))
    return thickness * factors[labels]


def _signals(image: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Sum of the grey values over the background around it, for each label; 0 for the others."""
    background = labels == 0
    usual = np.median(image[background]) if background.any() else image.min()
    boxes = ndimage.find_objects(labels)
    signals = np.zeros(len(boxes) + 1)
    for label, box in enumerate(boxes, start=1):
        if box is None:
            continue
        window = tuple(slice(max(0, b.start - _RING), b.stop + _RING) for b in box)
        own, free, values = labels[window] == label, background[window], image[window]
        wide = ndimage.binary_dilation(own, iterations=_NEAR)
        ring = ndimage.binary_dilation(wide, iterations=_RING - _NEAR) & free & ~wide
        level = np.median(values[ring]) if ring.sum() > own.sum() ** 0.5 else usual
        signals[label] = np.sum(values[own | (wide & free)] - level, dtype=np.float64)
    return signals


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
