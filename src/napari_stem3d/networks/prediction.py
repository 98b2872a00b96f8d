"""Prediction: large images in overlapping tiles, crops in batches, memory bounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]
Outputs = Mapping[str, NDArray[np.float32]]
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
    edges, corners : ndarray or None
        Marks of the edges and corners of bodies, 0 to 255, where they were asked for.
    """

    foreground: NDArray[np.number]
    interior: NDArray[np.number]
    thickness: NDArray[np.number]
    edges: NDArray[np.number] | None = None
    corners: NDArray[np.number] | None = None


def predict_maps(
    predict: Callable[[NDArray[np.float32]], Outputs],
    image: NDArray[np.float32],
    progress: Progress | None = None,
    *,
    marks: bool = False,
) -> Maps:
    """Run a segmentation network over an image of any size.

    Parameters
    ----------
    predict : callable
        From a batch (1, ny, nx, 1) to the outputs ``regions`` and ``thickness``, such as the method
        ``predict_on_batch`` of what `build_particle_unet` returns.
    image : ndarray, shape (ny, nx), float32
        Normalised grey values.
    progress : callable, optional
        Called with the number of tiles done and their total.
    marks : bool
        Whether to keep the maps of edges and corners, of a network that has the outputs
        ``edges`` and ``corners``.

    Returns
    -------
    Maps
        Maps of the size of the image; each costs a byte or two per pixel.
    """
    wanted = ("foreground", "interior", *(("edges", "corners") if marks else ()))
    maps = Maps(
        thickness=np.empty(image.shape, np.float16),
        **{name: np.empty(image.shape, np.uint8) for name in wanted},
    )
    corners = [
        (y, x) for y in range(0, image.shape[0], TILE) for x in range(0, image.shape[1], TILE)
    ]
    for done, (y, x) in enumerate(corners, start=1):
        inner = np.s_[y : y + TILE, x : x + TILE]
        top, left = max(0, y - OVERLAP), max(0, x - OVERLAP)
        tile = image[top : y + TILE + OVERLAP, left : x + TILE + OVERLAP]
        padded, (down, right) = _padded(tile, image.shape)
        output = predict(padded[None, ..., None])
        height, width = maps.foreground[inner].shape
        row, column = down + y - top, right + x - left
        own = np.s_[0, row : row + height, column : column + width]
        regions = output["regions"][own]
        shares = {"foreground": 1 - regions[..., 0], "interior": regions[..., 1]}
        if marks:
            shares |= {name: output[name][own][..., 0] for name in wanted[2:]}
        for name, values in shares.items():
            getattr(maps, name)[inner] = np.rint(255 * values)
        maps.thickness[inner] = output["thickness"][own][..., 0]
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


def _padded(
    tile: NDArray[np.float32], image: tuple[int, ...]
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Tile mirrored beyond edges of the image up to round numbers of pixels, and where it begins.

    What holds the image from edge to edge is mirrored at both; other tiles end at one at most.
    """
    extra = [-n % _ROUND for n in tile.shape]
    before = [n // 2 if m == size else 0 for n, m, size in zip(extra, tile.shape, image)]
    edges = [(first, n - first) for first, n in zip(before, extra)]
    return np.pad(tile, edges, mode="symmetric"), (before[0], before[1])
