"""What each particle of a labelled image is."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import ArrayLike
from scipy import ndimage

from napari_stem3d.analysis.frames import checked_frame, checked_labels
from napari_stem3d.analysis.statements import STATEMENTS, statements
from napari_stem3d.analysis.voting import particle_views, poll
from napari_stem3d.networks import store
from napari_stem3d.networks.prediction import Progress

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
    rows: list[dict[str, Any]] = []
    for label, told in zip(present, poll(model, particle_views(image, particles))):
        said = statements(**{name: told[name] for name in _TOLD if name in told})
        rows.append({"particle": label, **said})
        if progress:
            progress(len(rows), len(present))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if rows:
        table[["y", "x"]] = ndimage.center_of_mass(particles > 0, particles, present)
    return table
