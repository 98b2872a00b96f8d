"""What one object is, from all the images that show it in poses nobody knows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.batches import particle_outputs
from napari_stem3d.analysis.crops import enclosing_circle, outlines
from napari_stem3d.analysis.frames import checked_frame, checked_labels
from napari_stem3d.analysis.joint.outlook import Outlook, outlook_of_views
from napari_stem3d.analysis.statements import STATEMENTS, statements
from napari_stem3d.networks import store
from napari_stem3d.networks.set_views import HEADS, VIEW, pack_views, split_views

COLUMNS = ("images", "same_object", "more_images", *STATEMENTS)
_EDGE = 3  # pixels around a particle that its outline depends on


def the_object(labels: NDArray[np.int32]) -> NDArray[np.bool_] | None:
    """Mask of the one particle that an image of a single object is about.

    Parameters
    ----------
    labels : ndarray of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.

    Returns
    -------
    ndarray of bool, shape (ny, nx), or None
        The largest particle of those that lie wholly inside the image; if none does, the largest
        one; None where there is no particle.
    """
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if not sizes.any():
        return None
    whole = sizes.copy()
    whole[np.unique(np.concatenate([labels[[0, -1]].ravel(), labels[:, [0, -1]].ravel()]))] = 0
    return labels == np.argmax(whole if whole.any() else sizes)


def describe_objects(
    images: Iterable[tuple[NDArray[np.float32], NDArray[np.bool_]]], network: str
) -> NDArray[np.float32]:
    """Describe the particle of each image by what the classifier tells of it.

    Parameters
    ----------
    images : iterable of (ndarray, ndarray of bool)
        Finite grey values (ny, nx), and the mask of the particle in them.
    network : str
        Registered network for classification, or path of a ``.keras`` file.

    Returns
    -------
    ndarray, shape (n, 330), float32
        Rows of `pack_views`, averaged over the eight turned and mirrored views of each particle.

    Raises
    ------
    InputError
        If the network does not tell what `build_particle_classifier` does.
    """
    radii: list[float] = []

    def measured() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        for image, mask in images:
            radii.append(_radius(mask))
            yield image, mask

    particles = measured()
    first = list(itertools.islice(particles, 1))
    if not first:
        return np.empty((0, VIEW), np.float32)
    told = particle_outputs(itertools.chain(first, particles), network)
    return pack_views(told, radii)


def describe_frame(
    frame: ArrayLike, labels: ArrayLike, network: str = "particle-classes"
) -> NDArray[np.float32]:
    """Describe the one object that an image is about.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values in any units.
    labels : array_like of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.
    network : str
        Registered network for classification, or path of a ``.keras`` file.

    Returns
    -------
    ndarray, shape (1, 330) or (0, 330), float32
        A view for `classify_object`; none where there is no particle. See `the_object`.

    Raises
    ------
    InputError
        If the image, the labels or the network cannot be used.
    """
    image = checked_frame(frame)
    mask = the_object(checked_labels(labels, image.shape))
    return describe_objects([] if mask is None else [(image, mask)], network)


def judge_views(views: ArrayLike, network: str = "same-particle") -> dict[str, NDArray[np.float32]]:
    """Ask the network what objects are, of which there are equally many views.

    Parameters
    ----------
    views : array_like, shape (objects, views, 330)
        Rows of `pack_views`; at least one view.
    network : str
        Registered network for ground truth, or path of a ``.keras`` file.

    Returns
    -------
    dict of ndarray
        ``shape`` (objects, 15), ``corners`` (objects, 9), ``orbit`` (objects, 46) and
        ``same_object`` (objects, 1): probabilities.
    """
    outputs = store.load(network).model(np.asarray(views, np.float32), training=False)
    return {name: np.asarray(values) for name, values in outputs.items()}


def object_table(views: ArrayLike, network: str = "same-particle") -> pd.DataFrame:
    """State what one object is, from all its views together.

    Parameters
    ----------
    views : array_like, shape (views, 330)
        Rows of `describe_frame`, in any order; at least one.
    network : str
        Registered network for ground truth, or path of a ``.keras`` file.

    Returns
    -------
    pandas.DataFrame
        One row with the columns `COLUMNS`: the number of ``images``, the probability
        ``same_object`` that all of them show one object (1 for a single image), about how many
        ``more_images`` give 95 % to a shape and to a number of deformed corners (0 where they have
        it, NaN where 20 may not do), and the statements of `classify_frame`, which are those of
        the only view where there is no second one.

    Raises
    ------
    InputError
        If there is no view, or the network cannot be used.
    """
    rows = np.asarray(views, np.float32)
    if rows.ndim != 2 or rows.shape[1] != VIEW or not len(rows):
        raise InputError(
            f"views must have the shape (views, {VIEW}), with one view at least. "
            f"Received: {rows.shape}"
        )
    told = judge_views(rows[None], network)
    parts = split_views(rows)
    facts = {
        "images": len(rows),
        "same_object": float(told["same_object"][0, 0]),
        "more_images": _outlook(told, parts).about,
    }
    edges = np.exp((parts["edges"] + parts["radius"]).mean(axis=0))
    shape, corners, orbit = (told[name][0] for name in HEADS)
    said = statements(shape, corners, orbit, edges)
    return pd.DataFrame([facts | said], columns=list(COLUMNS))


def object_tables(views: ArrayLike, network: str = "same-particle") -> pd.DataFrame:
    """State what one object is after each of its views; rows of `object_table`.

    Parameters
    ----------
    views : array_like, shape (views, 330)
        Rows of `describe_frame`, in the order in which they are looked at.
    network : str
        Registered network for ground truth, or path of a ``.keras`` file.

    Returns
    -------
    pandas.DataFrame
        One row from the first view, one from the first two, and so on.
    """
    rows = np.asarray(views, np.float32)
    counts = range(1, max(len(rows), 1) + 1)
    return pd.concat([object_table(rows[:k], network) for k in counts], ignore_index=True)


def _outlook(
    told: dict[str, NDArray[np.float32]], parts: dict[str, NDArray[np.float32]]
) -> Outlook:
    """How many more images shape and number of corners take, whichever takes more."""
    outlooks = []
    for name in ("shape", "corners"):
        best = int(np.argmax(told[name][0]))
        views = np.exp(parts[name][:, best])
        outlooks.append(
            outlook_of_views(float(told[name][0, best]), views, 1 / parts[name].shape[1])
        )
    return max(outlooks, key=lambda one: (one.about is None, one.about or 0))


def _radius(mask: NDArray[np.bool_]) -> float:
    """Radius [px] of the circle from which the edges of the particle are told."""
    (box,) = ndimage.find_objects(mask.astype(np.int32))
    window = tuple(slice(max(0, b.start - _EDGE), b.stop + _EDGE) for b in box)
    return float(np.mean([enclosing_circle(guess).radius for guess in outlines(mask[window])]))
