"""Many small images at a time: the answers of `segment_frame` and `classify_frame`, sooner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.segmentation import relabel_sequential

from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.segmentation import instances, segment_frame
from napari_stem3d.analysis.voting import particle_views, poll
from napari_stem3d.analysis.zoom import suitable_zoom
from napari_stem3d.networks import store
from napari_stem3d.networks.normalization import normalize_frame
from napari_stem3d.networks.prediction import Maps, Outputs, predict_maps

_TOGETHER = 16  # images
_LARGEST = 256  # pixels of the sides of images that save time in company
_ROUND = 64  # pixels: sides of images that need no margin are multiples of it

Image = NDArray[np.float32]
Labels = NDArray[np.int32]


def segment_frames(frames: Sequence[ArrayLike], network: str = "particle-unet") -> list[Labels]:
    """Find the particles of many images.

    Parameters
    ----------
    frames : sequence of array_like, each of shape (ny, nx)
        Grey values in any units, particles brighter than the background.
    network : str
        Registered network for segmentation, or path of a ``.keras`` file.

    Returns
    -------
    list of ndarray, each of shape (ny, nx), int32
        Labels of each image, as `segment_frame` numbers them.

    Raises
    ------
    InputError
        If an image or the network cannot be used.
    """
    images = [checked_frame(frame) for frame in frames]
    labels: list[Labels | None] = [None] * len(images)
    model = store.load(network).model
    alike = [k for k, image in enumerate(images) if _joins(image, images[0].shape)]
    for first in range(0, len(alike), _TOGETHER):
        chosen = alike[first : first + _TOGETHER]
        for k, maps in zip(chosen, _maps_of(model, [normalize_frame(images[k]) for k in chosen])):
            labels[k] = relabel_sequential(instances(maps))[0].astype(np.int32)
    return [
        segment_frame(image, network).labels if found is None else found
        for image, found in zip(images, labels)
    ]


def particle_outputs(
    particles: Iterable[tuple[Image, NDArray[np.bool_]]], network: str = "particle-classes"
) -> dict[str, NDArray[np.float32]]:
    """Ask a classifier what particles are, each in an image of its own.

    Parameters
    ----------
    particles : iterable of (ndarray, ndarray of bool)
        Finite grey values (ny, nx), and the mask of the particle in them.
    network : str
        Registered network for classification, or path of a ``.keras`` file.

    Returns
    -------
    dict of ndarray, shape (particles, classes)
        Probabilities that the network tells, averaged over the views that vote, as
        `classify_frame` averages them; without its maps.
    """
    model = store.load(network).model
    views = (
        own for image, mask in particles for own in particle_views(image, mask.astype(np.int32))
    )
    told = list(poll(model, views))
    return {name: np.stack([values[name] for values in told]) for name in told[0]}


def _joins(image: Image, shape: tuple[int, ...]) -> bool:
    """Whether an image may share a batch with those of a shape, seen as it is."""
    return bool(
        image.shape == shape
        and max(shape) <= _LARGEST
        and all(side % _ROUND == 0 for side in shape)
        and np.ptp(image) > 0
        and suitable_zoom(image) == 1
    )


def _maps_of(model: Any, images: list[Image]) -> Iterator[Maps]:
    """Run a segmentation network over a few images at a time, filled up with empty ones."""
    batch = np.zeros((_TOGETHER, *images[0].shape, 1), np.float32)
    batch[: len(images), ..., 0] = images
    outputs = {name: np.asarray(v) for name, v in model.predict_on_batch(batch).items()}

    def known(k: int, _: Image) -> Outputs:
        return {name: values[k : k + 1] for name, values in outputs.items()}

    for k, image in enumerate(images):
        yield predict_maps(partial(known, k), image)
