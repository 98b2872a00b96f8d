"""How large the particles of an image are, so that the network sees them at its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter, median_filter
from skimage.filters import threshold_otsu

Image = NDArray[np.float32]
SMALLEST_RADIUS, LARGEST_RADIUS = 8.5, 40.0  # pixels: what the network segments as it is
MOST_PIXELS = 64e6  # an enlarged image is kept below this, so that memory stays bounded
LARGEST_ZOOM = 8.0
_SAMPLE = 512  # pixels of the sides of the parts in which large images are judged
_CLEAR = 6.0  # contrast over noise at which a threshold draws clean outlines
_ROUGH_OF_NOISE = 0.58  # median distance of white noise of unit variance from its 3 x 3 median


def typical_radius(image: Image) -> float:
    """Radius [px] of the largest circles inside the bright parts of an image.

    The image is smoothed until its contrast stands clear of the noise, cut at Otsu's threshold,
    and the median taken over the local maxima of the distance to the background.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values.

    Returns
    -------
    float
        Radius [px]; 0 where there is no contrast.
    """
    if np.ptp(image) == 0:
        return 0.0
    rough = np.abs(image - median_filter(image, 3))
    for sigma in (0.0, 1.0, 2.0, 4.0):
        smooth = gaussian_filter(image, sigma) if sigma else image
        bright = smooth > threshold_otsu(smooth)
        # Shot noise is worst where it is bright; the median ignores the edges.
        noise = float(np.median(rough[bright])) / _ROUGH_OF_NOISE
        left = noise / (2 * np.sqrt(np.pi) * sigma) if sigma else noise
        contrast = smooth[bright].mean() - smooth[~bright].mean()
        if contrast > _CLEAR * left:
            break
    distance = distance_transform_edt(bright)
    peaks = distance[(distance == maximum_filter(distance, 5)) & (distance >= 1)]
    if peaks.size == 0:
        return 0.0
    # Weighted by area, so that specks of noise beside a few particles do not count as much.
    order = np.sort(peaks)
    weight = np.cumsum(order**2)
    return float(order[np.searchsorted(weight, weight[-1] / 2)])


def suitable_zoom(image: Image) -> float:
    """Factor by which to enlarge an image so that its particles suit the network.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values.

    Returns
    -------
    float
        1 where particles have a radius of 8 to 40 pixels, otherwise what brings them there.
    """
    radii = [radius for part in _samples(image) if (radius := typical_radius(part))]
    radius = float(np.median(radii)) if radii else 0.0
    if radius == 0 or SMALLEST_RADIUS <= radius <= LARGEST_RADIUS:
        return 1.0
    target = SMALLEST_RADIUS if radius < SMALLEST_RADIUS else LARGEST_RADIUS
    return float(min(target / radius, LARGEST_ZOOM, max(1.0, np.sqrt(MOST_PIXELS / image.size))))


def _samples(image: Image) -> list[Image]:
    """Nine parts of a large image, evenly spread, or the whole of a smaller one."""
    if max(image.shape) <= 3 * _SAMPLE:
        return [image]
    starts = [np.linspace(0, max(0, n - _SAMPLE), 3).astype(int) for n in image.shape]
    return [image[y : y + _SAMPLE, x : x + _SAMPLE] for y in starts[0] for x in starts[1]]
