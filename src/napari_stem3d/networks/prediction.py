"""Prediction: large images in overlapping tiles, crops in batches, memory bounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]
TILE = 512
OVERLAP = 64  # pixels around a tile that are predicted and thrown away
_ROUND = 64  # sides of tiles are multiples of it, as networks that halve them 6 times need


class Maps(NamedTuple):
    """What the U-Net sees in an image, each array of shape (ny, nx).

    Attributes
    ----------
    foreground : ndarray
        Probability of a particle, 0 to 255; bytes as they are predicted.
    interior : ndarray
        Probability of a particle's interior, 0 to 255; bytes as they are predicted.
    thickness : ndarray
        Thickness in pixels; half precision as it is predicted.
    """

    foreground: NDArray[np.number]
    interior: NDArray[np.number]
    thickness: NDArray[np.number]


def predict_maps(model: Any, image: NDArray[np.float32], progress: Progress | None = None) -> Maps:
    """Run a segmentation network over an image of any size.

    Parameters
    ----------
    model : keras.Model
        Network with the outputs ``regions`` and ``thickness``, as `build_particle_unet` has them.
    image : ndarray, shape (ny, nx), float32
        Normalised grey values.
    progress : callable, optional
        Called with the number of tiles done and their total.

    Returns
    -------
    Maps
        Maps of the size of the image; each costs a byte or two per pixel.
    """
    maps = Maps(
        np.empty(image.shape, np.uint8),
        np.empty(image.shape, np.uint8),
        np.empty(image.shape, np.float16),
    )
    corners = [
        (y, x) for y in range(0, image.shape[0], TILE) for x in range(0, image.shape[1], TILE)
    ]
    for done, (y, x) in enumerate(corners, start=1):
        inner = np.s_[y : y + TILE, x : x + TILE]
        top, left = max(0, y - OVERLAP), max(0, x - OVERLAP)
        tile = image[top : y + TILE + OVERLAP, left : x + TILE + OVERLAP]
        # Called as a function: a compiled graph would be traced anew for each shape of tile.
        output = model(_padded(tile)[None, ..., None], training=False)
        height, width = maps.foreground[inner].shape
        own = np.s_[0, y - top : y - top + height, x - left : x - left + width]
        regions = np.asarray(output["regions"])[own]
        maps.foreground[inner] = np.rint(255 * (1 - regions[..., 0]))
        maps.interior[inner] = np.rint(255 * regions[..., 1])
        maps.thickness[inner] = np.asarray(output["thickness"])[own][..., 0]
        if progress:
            progress(done, len(corners))
    return maps


def predict_batches(
    model: Any, crops: Iterable[NDArray[np.float32]], size: int = 64
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Run a classifier over crops, `size` at a time; yields its outputs batch by batch."""
    crops = iter(crops)
    while batch := list(itertools.islice(crops, size)):
        # Filled up with zeros to one of few sizes, so that few graphs are compiled.
        filled = min(n for n in (1, 8, size) if n >= len(batch))
        full = np.zeros((filled, *batch[0].shape), np.float32)
        full[: len(batch)] = batch
        outputs = model.predict_on_batch(full)
        yield {name: np.asarray(values)[: len(batch)] for name, values in outputs.items()}


def _padded(tile: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tile mirrored beyond its lower and right edges up to round numbers of pixels."""
    extra = [(0, -n % _ROUND) for n in tile.shape]
    return np.pad(tile, extra, mode="symmetric")
