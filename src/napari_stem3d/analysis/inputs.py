"""What a network of whole images is shown: the input that its shape asks for."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.batches import segment_frames
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.resampling import resample
from napari_stem3d.analysis.voting import particle_views
from napari_stem3d.networks.channels import CHANNELS, FIELD, SIDE, pixel_channels
from napari_stem3d.networks.contracts import CROP
from napari_stem3d.networks.normalization import normalize_frame
from napari_stem3d.networks.prediction import predict_batches

Image = NDArray[np.float32]
#: From images to the views of each, (views, height, width, channels), over which answers average.
Reader = Callable[[Sequence[ArrayLike]], list[Image]]
SEGMENTER = "particle-unet"
_SIDES = 2  # dimensions of an image
_LARGE = 128  # pixels of the sides of an input above which few are shown at a time
_TOGETHER = 16  # images read together


def reader_of(shape: tuple[int | None, ...], segmenter: str = SEGMENTER) -> Reader:
    """Return how images become the input of a network.

    Parameters
    ----------
    shape : tuple
        Shape of the network's input: ``(batch, 64, 64, 2)`` takes crops of particles with their
        masks, and is shown the largest particle of the image in its eight views;
        ``(batch, 64, 64, 6)`` takes the whole image with what the segmentation sees in it;
        ``(batch, height, width, channels)`` with 1 or 3 channels takes the whole image, scaled
        to 0..1, fitted into the square or oblong and repeated in every channel.
    segmenter : str
        Network that finds the particle.

    Returns
    -------
    callable
        From images to the views of each.

    Raises
    ------
    InputError
        If no image can be made into such an input.
    """
    size = tuple(shape[1:])
    if size == (CROP, CROP, 2):
        return lambda images: largest_particles(images, segmenter)
    if size == (SIDE, SIDE, len(CHANNELS)):
        return lambda images: [
            pixel_channels([fit_square(checked_frame(image), FIELD)], segmenter) for image in images
        ]
    if len(size) == _SIDES + 1 and size[-1] in (1, 3) and None not in size:
        height, width, channels = (int(n or 0) for n in size)
        return lambda images: [whole_image(image, (height, width), channels) for image in images]
    raise InputError(
        f"The input of a network for images must be ({CROP}, {CROP}, 2), a crop with its mask, "
        f"({SIDE}, {SIDE}, {len(CHANNELS)}), an image with its pixel-wise maps, or have sides of "
        f"fixed length and 1 or 3 channels. Received: {size}"
    )


def predict_images(
    model: Any, images: Iterable[ArrayLike], output: str
) -> Iterator[NDArray[np.float32]]:
    """Run a network of whole images over images of any size, some of them at a time.

    Parameters
    ----------
    model : keras.Model
        Network with one input, of a shape that `reader_of` knows.
    images : iterable of array_like, each of shape (ny, nx)
        Grey values in any units.
    output : str
        Which of its outputs to give.

    Yields
    ------
    ndarray, shape (views, n)
        That output for every view of the next image.
    """
    shape = model.inputs[0].shape
    read, counts = reader_of(shape), deque[int]()

    def views() -> Iterator[Image]:
        left = iter(images)
        while some := list(itertools.islice(left, _TOGETHER)):
            for seen in read(some):
                counts.append(len(seen))
                yield from seen

    rows: list[NDArray[np.float32]] = []
    for outputs in predict_batches(model, views(), 64 if max(shape[1:3]) <= _LARGE else 16):
        rows.extend(outputs[output])
        while counts and len(rows) >= counts[0]:
            count = counts.popleft()
            yield np.stack(rows[:count])
            rows = rows[count:]


def whole_image(image: ArrayLike, shape: tuple[int, int], channels: int) -> Image:
    """Show an image as a whole in one view (1, height, width, channels), with values in 0..1."""
    grey = np.clip(normalize_frame(fit_square(checked_frame(image), shape)), 0, 1)
    return np.repeat(grey[None, ..., None], channels, axis=-1)


def largest_particles(images: Sequence[ArrayLike], segmenter: str = SEGMENTER) -> list[Image]:
    """Show the largest particle of each image in views (8, 64, 64, 2), else the whole image."""
    frames = [checked_frame(image) for image in images]
    views: list[Image] = []
    for frame, labels in zip(frames, segment_frames(frames, segmenter)):
        sizes = np.bincount(labels.ravel())[1:]
        own = labels == 1 + np.argmax(sizes) if sizes.any() else np.ones(frame.shape)
        views.extend(view.crops for view in particle_views(frame, own.astype(np.int32)))
    return views


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
