"""All particles of one image, fitted one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation, find_objects

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.finalists import Scene
from napari_stem3d.analysis.fitting.fit import explain
from napari_stem3d.analysis.fitting.gain import share_gain
from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.likelihood import Prior
from napari_stem3d.analysis.fitting.noise import image_noise
from napari_stem3d.analysis.fitting.patch import Noise, Patch, smoothed
from napari_stem3d.analysis.fitting.proposal import Proposal, propose
from napari_stem3d.analysis.fitting.result import Fit
from napari_stem3d.analysis.frames import checked_frame, checked_labels
from napari_stem3d.plugins import get_shape, registry

PRIOR = Prior(0.28, 0.45)  # the spread of cuts that the networks were taught on
_MARGIN = 7  # pixels around a particle
_NEIGHBOUR = 2  # pixels around other particles that do not count
_BLOCK = 3  # pixels along a pixel of the coarse image
_SIDE = 80.0  # pixels along a particle: larger ones are seen coarser
_DOUBT = 4.0  # factor of the variance of the coarse image, whose model is coarse as well
_POSSIBLE = 0.1  # probability of a shape from which on it is tried
_MOST_SHAPES = 2
_SMALLEST = 20  # pixels of a particle that can be fitted


def fit_frame(
    frame: ArrayLike,
    labels: ArrayLike,
    sampling: tuple[float, float] | None = None,
    *,
    only: int | None = None,
    shapes: Sequence[str] | None = None,
    noise: Noise | None = None,
    same_material: bool = False,
    network: str = "particle-classes",
    proposals: Iterable[Proposal] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Fit]:
    """Fit a body to each particle of an image.

    Networks propose what each particle is and how it lies; several starts are refined against the
    image by maximum likelihood with exact projections; the number of deformed corners of a cuboid
    is the one with the largest evidence (Laplace's approximation) times the network's probability.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values in any units, particles brighter than the background; NaN where missing.
    labels : array_like of int, shape (ny, nx)
        Which particle each pixel belongs to, 0 for none.
    sampling : tuple of float, optional
        Sides (dy, dx) of a pixel [nm]; lengths are in pixels without.
    only : int, optional
        The one label to fit; all by default.
    shapes : sequence of str, optional
        Names of the shapes to try; the network's likeliest by default.
    noise : Noise, optional
        Of the image; estimated by default.
    same_material : bool
        Whether all particles are of the same matter: then they share one gain, which tells depths
        that a single image of a particle hides, and come when all are fitted.
    network : str
        Registered network for classification, or path of a ``.keras`` file.
    proposals : iterable of Proposal, optional
        What is said of each particle; the network is asked by default.
    progress : callable, optional
        Called with the number of particles done and their total.

    Yields
    ------
    Fit
        Of each particle that could be fitted, in the order of the labels. Particles below 20
        pixels, and those whose likeliest shapes are no planes and quadrics, are left out.

    Raises
    ------
    InputError
        If the image, the labels, the sampling or the network cannot be used.
    """
    image = checked_frame(frame)
    particles = checked_labels(labels, image.shape)
    pixel = _checked_sampling(sampling)
    checked_shapes(shapes)
    view = _View(
        image,
        particles,
        ~np.isfinite(np.asarray(frame, float)),
        pixel,
        image_noise(image, particles) if noise is None else noise,
        noise is None,
    )
    boxes = [(k, box) for k, box in enumerate(find_objects(particles), start=1) if box]
    if only is not None:
        boxes = [(label, box) for label, box in boxes if label == only]
    if proposals is None:
        chosen = np.isin(particles, [label for label, _ in boxes])
        proposals = propose(image, np.where(chosen, particles, 0), network)
    waiting: list[Fit] = []
    for done, ((label, box), proposal) in enumerate(zip(boxes, proposals), start=1):
        fit = view.fitted(label, box, proposal, shapes)
        if fit is not None:
            waiting.append(fit if sampling else replace(fit, unit="px"))
        if progress:
            progress(done, len(boxes))
        if not same_material:
            yield from waiting
            waiting.clear()
    yield from share_gain(waiting)


class _View(NamedTuple):
    """An image with what all its particles share."""

    image: NDArray[np.float32]
    labels: NDArray[np.int32]
    missing: NDArray[np.bool_]
    pixel: tuple[float, float]
    noise: Noise
    learn: bool

    def fitted(
        self,
        label: int,
        box: tuple[slice, slice],
        proposal: Proposal,
        shapes: Sequence[str] | None,
    ) -> Fit | None:
        """Fit one particle."""
        names = _likely_shapes(proposal) if shapes is None else shapes
        rows, columns = (slice(max(0, b.start - _MARGIN), b.stop + _MARGIN) for b in box)
        window = rows, columns
        own = self.labels[window] == label
        if own.sum() < _SMALLEST or not names:
            return None
        others = binary_dilation((self.labels[window] > 0) & ~own, iterations=_NEIGHBOUR)
        ignored = self.missing[window] | others  # where they touch, each reaches into the other
        y, x = (np.arange(n)[w] * d for n, w, d in zip(self.image.shape, window, self.pixel))
        image = self.image[window].astype(float)
        patch = Patch(image, np.where(ignored, np.inf, 1.0), y, x)
        noise, factor = self.noise, int(np.ceil(np.sqrt(own.sum()) / _SIDE))
        if factor > 1:
            patch, noise = patch.coarser(factor), noise.averaged(factor)
            own = own[factor // 2 :: factor, factor // 2 :: factor]
            own = own[: patch.image.shape[0], : patch.image.shape[1]]
        if not patch.known.any():
            return None
        patch = smoothed(patch, noise)
        rough = patch.coarser(_BLOCK)
        rough = rough._replace(variance=rough.variance * _DOUBT)
        found = explain(Scene(patch, rough, noise, self.learn, PRIOR), own, proposal, names)
        if not found:
            return None
        return Fit(label, tuple(found), goodness(found[0].look), window)


def _likely_shapes(proposal: Proposal) -> list[str]:
    """Name the shapes worth a trial that have surfaces to be fitted."""
    ranked = sorted(proposal.shapes, key=lambda name: -proposal.shapes[name])
    names = [name for name in ranked if can_be_fitted(name)]
    first = [name for name in names if proposal.shapes[name] > _POSSIBLE]
    return (first or names)[:_MOST_SHAPES]


def checked_shapes(shapes: Sequence[str] | None) -> None:
    """Refuse names of shapes that cannot be fitted, or are none."""
    for name in shapes or ():
        get_shape(name)
        if not can_be_fitted(name):
            known = ", ".join(filter(can_be_fitted, registry().shapes))
            raise InputError(
                f"A shape must be bounded by planes and quadrics to be fitted: {known}. "
                f"Received: {name}"
            )


@cache
def can_be_fitted(name: str) -> bool:
    """Whether planes and quadrics bound the shape of this name.

    Parameters
    ----------
    name : str
        Of a registered shape; ``"other"`` is none.
    """
    if name not in registry().shapes:
        return False
    try:
        pieces = get_shape(name).random(np.random.default_rng(0), 10.0).pieces()
    except InputError:  # its surface is read from a file
        return False
    return all(piece.mesh is None for _, piece in pieces)


def _checked_sampling(sampling: tuple[float, float] | None) -> tuple[float, float]:
    """Sides of a pixel, those of pixels themselves where they are unknown."""
    if sampling is None:
        return (1.0, 1.0)
    if np.shape(sampling) != (2,) or not all(np.isfinite(d) and d > 0 for d in sampling):
        raise InputError(
            f"sampling must be two positive lengths (dy, dx) in nm. Received: {sampling!r}"
        )
    return (float(sampling[0]), float(sampling[1]))
