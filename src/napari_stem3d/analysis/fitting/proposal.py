"""What networks propose of each particle, for fits to begin from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.crops import Circle
from napari_stem3d.analysis.voting import MARKS, ask, particle_views, together
from napari_stem3d.networks import store
from napari_stem3d.networks.contracts import CLASSES, MOST_CORNERS

Array = NDArray[np.floating]


class Proposal(NamedTuple):
    """What is said of one particle before it is fitted.

    Attributes
    ----------
    shapes : dict of str to float
        Probabilities of shapes by their names.
    corners : ndarray, shape (9,)
        Probabilities of 0 to 8 deformed corners.
    circle : Circle or None
        Place in the image of the crop that the marks lie in.
    corner_maps : ndarray, shape (64, 64, 2), or None
        Marks at intact and at deformed corners of a cuboid.
    edge_maps : ndarray, shape (64, 64, 3), or None
        Marks along its edges.
    edges : ndarray, shape (3,), or None
        Lengths of its edges over the radius of the circle, ascending.
    """

    shapes: dict[str, float]
    corners: Array = np.full(MOST_CORNERS + 1, 1 / (MOST_CORNERS + 1))
    circle: Circle | None = None
    corner_maps: Array | None = None
    edge_maps: Array | None = None
    edges: Array | None = None


def propose(
    image: NDArray[np.float32], labels: NDArray[np.int32], network: str
) -> Iterator[Proposal]:
    """Ask a network what the particles of an image are.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    labels : ndarray, shape (ny, nx), int32
        Which particle each pixel belongs to.
    network : str
        Registered network for classification, or path of a ``.keras`` file.

    Yields
    ------
    Proposal
        Of each label that is present, in their order.
    """
    model = store.load(network).model
    for votes, circles in ask(model, particle_views(image, labels)):
        means = {name: values.mean(axis=0) for name, values in votes.items() if values.ndim == 2}
        shapes = dict(zip(CLASSES, means["shape"].astype(float).tolist()))
        if not {"corners", "edges", *MARKS} <= set(votes):
            yield Proposal(shapes)
            continue
        corners, edges = (together(votes[name], circles).astype(float) for name in MARKS)
        lengths = np.sort(means["edges"].astype(float))
        yield Proposal(shapes, means["corners"].astype(float), circles[0], corners, edges, lengths)
