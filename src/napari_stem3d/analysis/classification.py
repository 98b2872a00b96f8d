"""What each particle of a labelled image is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_stem3d.analysis.crops import crop_particle, enclosing_circle, outlines
from napari_stem3d.analysis.frames import checked_frame, checked_labels
from napari_stem3d.analysis.statements import STATEMENTS, statements
from napari_stem3d.networks import store
from napari_stem3d.networks.prediction import Progress, predict_batches

VIEWS = 8  # of each particle
_TOLD = ("shape", "corners", "orbit", "edges")
COLUMNS = ("particle", "y", "x", *STATEMENTS)


def classify_frame(
    frame: ArrayLike,
    labels: ArrayLike,
    network: str = "particle-classes",
    *,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Shape and deformation of every particle of one image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values in any units.
    labels : array_like of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.
    network : str
        Registered network for classification, or path of a ``.keras`` file.
    progress : callable, optional
        Called with the number of particles done and their total.

    Returns
    -------
    pandas.DataFrame
        One row per particle with the columns `COLUMNS`: its label, its centre of mass ``y`` and
        ``x`` (array indices), the statements of `statements`, and the probability of every class.

    Raises
    ------
    InputError
        If the image, the labels or the network cannot be used.
    """
    image = checked_frame(frame)
    particles = checked_labels(labels, image.shape)
    model = store.load(network).model
    present = [k for k, box in enumerate(ndimage.find_objects(particles), start=1) if box]
    views = particle_views(image, particles)
    rows: list[dict[str, Any]] = []
    for outputs in predict_batches(model, itertools.chain.from_iterable(views)):
        # What a particle is depends neither on how it is turned nor on a pixel of its outline:
        # the views vote.
        told = {name: _mean(v) for name, v in outputs.items() if name in _TOLD}
        for values in zip(*told.values()):
            label = present[len(rows)]
            rows.append({"particle": label, **statements(**dict(zip(told, values)))})
        if progress:
            progress(len(rows), len(present))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if rows:
        table[["y", "x"]] = ndimage.center_of_mass(particles > 0, particles, present)
    return table


def particle_views(
    image: NDArray[np.float32], labels: NDArray[np.int32]
) -> Iterator[NDArray[np.float32]]:
    """Crops of all labels present, in their order, each in eight views.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    labels : ndarray, shape (ny, nx), int32
        Which particle each pixel belongs to.

    Yields
    ------
    ndarray, shape (8, 64, 64, 2), float32
        Inputs of the classifier: the crop turned and mirrored in all ways that keep its pixels,
        in turn within each of the four `outlines`.
    """
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        # Only the particle's surroundings are resampled, however large the image is.
        sides = [b.stop - b.start for b in box]
        margin = int(np.ceil(0.7 * np.hypot(*sides))) + 6
        window = tuple(slice(max(0, b.start - margin), b.stop + margin) for b in box)
        crops = [
            crop_particle(image[window], mask, enclosing_circle(mask))
            for mask in outlines(labels[window] == label)
        ]
        turned = [np.rot90(crops[k % 4], k // 2) for k in range(VIEWS)]
        yield np.stack([view[:, ::-1] if k % 2 else view for k, view in enumerate(turned)])


def _mean(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average over the eight views of each particle, which follow each other."""
    return outputs.reshape(-1, VIEWS, outputs.shape[-1]).mean(axis=1)
