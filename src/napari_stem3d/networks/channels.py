"""Images with what a segmentation network sees in them, as input of another network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d.networks import store
from napari_stem3d.networks.normalization import fill_gaps, normalize_frame
from napari_stem3d.networks.prediction import predict_batches

LABELS = ("intact", "deformed")
FIELD = 128  # pixels of the sides of an image, as the segmentation network sees it
SIDE = 64  # pixels of the sides of the input, which is the image at half its resolution
CHANNELS = ("grey values", "foreground", "interior", "thickness", "edges", "corners")
FOREGROUND = CHANNELS.index("foreground")
_SCALE = 32.0  # pixels of thickness that become 1


def pixel_channels(
    images: Iterable[ArrayLike], segmenter: str = "particle-unet"
) -> NDArray[np.float32]:
    """Images with what a segmentation network sees in them, pixel by pixel, as further channels.

    Parameters
    ----------
    images : iterable of array_like, each of shape (128, 128)
        Grey values in any units.
    segmenter : str
        Registered network for segmentation, or path of a ``.keras`` file.

    Returns
    -------
    ndarray, shape (n, 64, 64, 6), float32
        `CHANNELS` at half the resolution: normalised grey values, probabilities of foreground and
        interior, thickness over 32 pixels, and marks of edges and corners; 0 where the network
        has no output for them.
    """
    model = store.load(segmenter).model
    grey = [normalize_frame(fill_gaps(np.asarray(image))) for image in images]
    parts, first = [], 0
    for outputs in predict_batches(model, (image[..., None] for image in grey), 32):
        count = len(outputs["regions"])
        own = np.stack(grey[first : first + count])[..., None]
        regions = outputs["regions"]
        marks = [outputs.get(name, np.zeros_like(own)) for name in CHANNELS[4:]]
        seen = [own, 1 - regions[..., :1], regions[..., 1:2], outputs["thickness"] / _SCALE, *marks]
        parts.append(_halved(np.concatenate(seen, axis=-1)))
        first += count
    return np.concatenate(parts)


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2 x 2 pixels of (n, y, x, channels)."""
    n, y, x, channels = values.shape
    return values.reshape(n, y // 2, 2, x // 2, 2, channels).mean(axis=(2, 4), dtype=np.float32)
