"""What a classifier tells of a particle, by the votes of several views of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stem3d.analysis.arrangements import read_pairs
from napari_stem3d.analysis.crops import Circle, crop_particle, enclosing_circle, outlines
from napari_stem3d.analysis.resampling import resample
from napari_stem3d.networks.contracts import CLASSES, CROP
from napari_stem3d.networks.prediction import predict_batches

VIEWS = 8  # of each particle
MARKS = ("corner_maps", "edge_maps")
_PAIR = 2  # deformed corners
_POSSIBLE = 0.05  # probability of a pair from which on it is worth to read which one

Numbers = NDArray[np.float32]


class Views(NamedTuple):
    """Views of one particle.

    Attributes
    ----------
    crops : ndarray, shape (8, 64, 64, 2), float32
        Inputs of the classifier: the crop turned and mirrored in all ways that keep its pixels,
        in turn within each of the four `outlines`.
    circles : list of Circle
        Around each of the four outlines, in the same image.
    """

    crops: Numbers
    circles: list[Circle]


def particle_views(image: Numbers, labels: NDArray[np.int32]) -> Iterator[Views]:
    """Crop all labels present, in their order.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    labels : ndarray, shape (ny, nx), int32
        Which particle each pixel belongs to.

    Yields
    ------
    Views
        Of each particle.
    """
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        # Only the particle's surroundings are resampled, however large the image is.
        sides = [b.stop - b.start for b in box]
        margin = int(np.ceil(0.7 * np.hypot(*sides))) + 6
        window = tuple(slice(max(0, b.start - margin), b.stop + margin) for b in box)
        masks = outlines(labels[window] == label)
        circles = [enclosing_circle(mask) for mask in masks]
        crops = [crop_particle(image[window], *own) for own in zip(masks, circles)]
        turned = (_turned(crops[k % len(crops)], k) for k in range(VIEWS))
        yield Views(np.stack(list(turned)), circles)


def poll(model: Any, particles: Iterable[Views]) -> Iterator[dict[str, Numbers]]:
    """Ask a classifier what particles are.

    What a particle is depends neither on how it is turned nor on a pixel of its outline: the
    views vote. How two deformed corners of a cuboid lie to each other is read off the marks that
    the network puts on all of them, where it does; see `read_pairs`.

    Parameters
    ----------
    model : keras.Model
        Classifier of particles.
    particles : iterable of Views
        What is asked for, a few at a time.

    Yields
    ------
    dict of ndarray, shape (classes,)
        Mean over the views of all that is not a map, for each particle.
    """
    for votes, circles in ask(model, particles):
        yield _counted(votes, circles)


def ask(
    model: Any, particles: Iterable[Views]
) -> Iterator[tuple[dict[str, Numbers], list[Circle]]]:
    """Ask a classifier what it sees in each view of particles.

    Parameters
    ----------
    model : keras.Model
        Classifier of particles.
    particles : iterable of Views
        What is asked for, a few at a time.

    Yields
    ------
    votes : dict of ndarray, shape (8, ...)
        What it tells of each view of a particle.
    circles : list of Circle
        Around the four outlines of the particle.
    """
    waiting: deque[list[Circle]] = deque()

    def crops() -> Iterator[Numbers]:
        for views in particles:
            waiting.append(views.circles)
            yield from views.crops

    for outputs in predict_batches(model, crops()):
        for first in range(0, len(next(iter(outputs.values()))), VIEWS):
            votes = {name: values[first : first + VIEWS] for name, values in outputs.items()}
            yield votes, waiting.popleft()


def _counted(votes: Mapping[str, Numbers], circles: list[Circle]) -> dict[str, Numbers]:
    told = {name: values.mean(axis=0) for name, values in votes.items() if values.ndim == 2}
    if not {"shape", "corners", "orbit", *MARKS} <= set(votes):
        return told
    cuboid = CLASSES[int(told["shape"].argmax())] == "cuboid"
    if cuboid and told["corners"][_PAIR] > _POSSIBLE:
        corners, edges = (together(votes[name], circles) for name in MARKS)
        told["orbit"] = read_pairs(corners, edges, told["orbit"])
    return told


def together(maps: Numbers, circles: list[Circle]) -> Numbers:
    """Average maps of all views, turned back and laid over those of the first circle.

    Parameters
    ----------
    maps : ndarray, shape (8, ny, nx, n)
        Of each view.
    circles : list of Circle
        Around the four outlines.

    Returns
    -------
    ndarray, shape (ny, nx, n)
        In the crop of the first outline.
    """
    first, total = circles[0], np.zeros_like(maps[0])
    for k, view in enumerate(maps):
        own = circles[k % len(circles)]
        start = [(a - b) / own.step for a, b in zip(first.start, own.start)]
        straight = _turned_back(view, k)
        for channel in range(total.shape[-1]):
            place = ((CROP, CROP), first.step / own.step, (start[0], start[1]))
            total[..., channel] += resample(straight[..., channel], *place, outside=0.0)
    return total / np.float32(len(maps))


def _turned(crop: Numbers, k: int) -> Numbers:
    """Crop in the form that view `k` has."""
    turned = np.rot90(crop, k // 2)
    return turned[:, ::-1] if k % 2 else turned


def _turned_back(view: Numbers, k: int) -> Numbers:
    """View `k` in the form of the image; see `_turned`."""
    return np.rot90(view[:, ::-1] if k % 2 else view, -(k // 2))
