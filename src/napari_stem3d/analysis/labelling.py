"""The class of whole images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.inputs import predict_images
from napari_stem3d.networks import store

LABEL = "label"


class ImageClassifier(NamedTuple):
    """A network of the task ``"image-classification"``, with the names of its classes."""

    model: Any
    classes: tuple[str, ...]


def load_classifier(network: str) -> ImageClassifier:
    """Load a network that names images.

    Parameters
    ----------
    network : str
        Registered network for image classification, or path of a ``.keras`` file.

    Returns
    -------
    ImageClassifier
        Model and names of its classes, which are on its card.

    Raises
    ------
    InputError
        If there is no such network, or it does not name images.
    """
    found = store.load(network)
    classes = tuple(map(str, found.card.get("classes", ())))
    outputs = found.model.output
    label = outputs.get(LABEL) if isinstance(outputs, dict) else None
    if label is None or not classes or tuple(label.shape) != (None, len(classes)):
        raise InputError(
            f"A network for images must give {LABEL!r}, a probability for each of the classes on "
            f"its card. Received: {network}, with {len(classes)} classes on its card"
        )
    return ImageClassifier(found.model, classes)


def label_images(
    images: Iterable[ArrayLike], classifier: ImageClassifier
) -> Iterator[NDArray[np.float32]]:
    """Name images.

    Parameters
    ----------
    images : iterable of array_like, each of shape (ny, nx)
        Grey values in any units.
    classifier : ImageClassifier
        Of `load_classifier`.

    Yields
    ------
    ndarray, shape (classes,)
        Probabilities of the classes for the next image, averaged over the views of it that the
        network is shown.
    """
    for views in predict_images(classifier.model, images, LABEL):
        yield views.mean(axis=0)
