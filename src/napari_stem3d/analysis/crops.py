"""Crops of single particles, all shown at one size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, gaussian_filter, label

from napari_stem3d.analysis.resampling import resample
from napari_stem3d.networks.contracts import CROP, RADIUS
from napari_stem3d.networks.normalization import normalize_crop

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Circle:
    """Circle around a particle's mask, in pixels of the image."""

    y: float
    x: float
    radius: float

    @property
    def step(self) -> float:
        """Pixels of the image per pixel of the crop."""
        return self.radius / RADIUS

    @property
    def start(self) -> tuple[float, float]:
        """Position (y, x) of the crop's first pixel in the image."""
        half = (CROP - 1) / 2 * self.step
        return self.y - half, self.x - half

    def to_crop(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Positions (n, 2) in the crop, from positions (y, x) in the image."""
        return (np.asarray(points) - self.start) / self.step


def enclosing_circle(mask: NDArray[np.bool_]) -> Circle:
    """Circle about the middle of a mask's bounding box that holds all its pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (ny, nx)
        At least one true pixel.

    Returns
    -------
    Circle
        Half a pixel is added to the radius, for the pixels' own extent.
    """
    y, x = np.nonzero(mask)
    centre_y, centre_x = (y.min() + y.max()) / 2, (x.min() + x.max()) / 2
    radius = np.hypot(y - centre_y, x - centre_x).max() + 0.5
    return Circle(float(centre_y), float(centre_x), float(radius))


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Four guesses of where a particle ends, without tails and pixels that stick out.

    On particles of a few pixels such pixels, left over where instances meet, move the circle and
    look like corners. What is said of a particle should not hang on one of them.

    Parameters
    ----------
    mask : ndarray of bool, shape (ny, nx)
        Pixels of the particle, at least one.

    Returns
    -------
    list of ndarray of bool, shape (ny, nx)
        The largest part of the mask after opening and smoothing, a rounder, a wider and a tighter
        one; the mask itself instead of one with less than 60 % of its pixels, as of a needle.
    """
    # The outermost pixels are repeated, so that an image's edge does not count as the particle's.
    wide = binary_opening(np.pad(mask, 3, mode="edge")).astype(np.float32)
    soft, round_ = (gaussian_filter(wide, sigma)[3:-3, 3:-3] for sigma in (0.8, 1.2))
    guesses = (_largest_part(g) for g in (soft > 0.5, round_ > 0.5, soft > 0.35, soft > 0.65))
    return [guess if guess.sum() >= 0.6 * mask.sum() else mask for guess in guesses]


def _largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    parts, count = label(mask)
    return parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]) if count > 1 else mask


def crop_particle(image: Image, mask: NDArray[np.bool_], circle: Circle) -> Image:
    """Crop around one particle as the classifier sees it.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    mask : ndarray of bool, shape (ny, nx)
        Pixels of the particle.
    circle : Circle
        Circle around the particle.

    Returns
    -------
    ndarray, shape (64, 64, 2), float32
        Normalised grey values, and the mask between 0 and 1.
    """
    place = ((CROP, CROP), circle.step, circle.start)
    grey = resample(image, *place)
    own = resample(mask.astype(np.float32), *place, outside=0.0)
    return np.stack([normalize_crop(grey, own > 0.5), own], axis=-1)
