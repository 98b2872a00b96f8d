"""What a network of whole images is shown: the input that its shape asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.classification import particle_views
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.resampling import resample
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.networks.contracts import CROP
from napari_stem3d.networks.normalization import normalize_frame

Image = NDArray[np.float32]
#: From an image to its views, shape (views, height, width, channels), over which answers average.
Reader = Callable[[ArrayLike], Image]
SEGMENTER = "particle-unet"
_SIDES = 2  # dimensions of an image


def reader_of(shape: tuple[int | None, ...], segmenter: str = SEGMENTER) -> Reader:
    """Return how an image becomes the input of a network.

    Parameters
    ----------
    shape : tuple
        Shape of the network's input: ``(batch, 64, 64, 2)`` takes crops of particles with their
        masks, and is shown the largest particle of the image in its eight views;
        ``(batch, height, width, channels)`` with 1 or 3 channels takes the whole image, scaled
        to 0..1, fitted into the square or oblong and repeated in every channel.
    segmenter : str
        Network that finds the particle.

    Returns
    -------
    callable
        From an image to its views.

    Raises
    ------
    InputError
        If no image can be made into such an input.
    """
    size = tuple(shape[1:])
    if size == (CROP, CROP, 2):
        return lambda image: largest_particle(image, segmenter)
    if len(size) == _SIDES + 1 and size[-1] in (1, 3) and None not in size:
        height, width, channels = (int(n or 0) for n in size)
        return lambda image: whole_image(image, (height, width), channels)
    raise InputError(
        f"The input of a network for images must be ({CROP}, {CROP}, 2), a crop with its mask, or "
        f"have sides of fixed length and 1 or 3 channels. Received: {size}"
    )


def whole_image(image: ArrayLike, shape: tuple[int, int], channels: int) -> Image:
    """Show an image as a whole in one view (1, height, width, channels), with values in 0..1."""
    grey = np.clip(normalize_frame(fit_square(checked_frame(image), shape)), 0, 1)
    return np.repeat(grey[None, ..., None], channels, axis=-1)


def largest_particle(image: ArrayLike, segmenter: str = SEGMENTER) -> Image:
    """Show the largest particle in views (8, 64, 64, 2), or the whole image where none is found."""
    frame = checked_frame(image)
    labels = segment_frame(frame, segmenter).labels
    if labels.any():
        labels = (labels == np.argmax(np.bincount(labels[labels > 0]))).astype(np.int32)
    else:
        labels = np.ones(frame.shape, np.int32)
    return next(iter(particle_views(frame, labels)))


def fit_square(image: Image, side: int | tuple[int, int]) -> Image:
    """Image fitted into a frame of another size, centred, with the proportions that it has.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Grey values.
    side : int or tuple of int
        Sides of the frame [pixels].

    Returns
    -------
    ndarray, float32
        Image whose longer side fills the frame; its edge pixels fill the rest.
    """
    shape = (side, side) if isinstance(side, int) else side
    if image.shape == shape:
        return np.asarray(image, np.float32)
    step = max(old / new for old, new in zip(image.shape, shape))
    start = [(old - 1) / 2 - step * (new - 1) / 2 for old, new in zip(image.shape, shape)]
    return resample(image, shape, step, (start[0], start[1]))
