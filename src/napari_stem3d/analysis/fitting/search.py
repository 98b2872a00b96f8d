"""Bodies that resemble an image, out of thousands drawn at random and seen at one size."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.simulation import Grid, Particle, Shape, project_batch

Array = NDArray[np.floating]
_BODIES, _TURNS = 60, 50  # drawn of each kind, and each of them turned so often
_SIZE = 10.0  # nm of the bodies that are drawn; only their proportions matter
_DRAWN = 48  # pixels along a drawing
_SIDE, _FILLED = 24, 14.0  # pixels along a template, and side of a square as large as the outline
_SOFT = 0.7  # pixels by which templates are blurred
_LOOKED_AT = 200  # templates from which those are chosen that differ
_ALIKE = 0.985  # correlation of templates from which on they are one


class Templates(NamedTuple):
    """Drawings of one kind of bodies, with outlines of the same area about the same place.

    Attributes
    ----------
    particles : list of Particle
        What is drawn; at the size and place that are drawn.
    images : ndarray, shape (n, 576), float32
        Thickness, with mean 0 and norm 1.
    """

    particles: list[Particle]
    images: NDArray[np.float32]


def likely_bodies(
    kind: type[Shape], patch: Patch, mask: NDArray[np.bool_], most: int = 6
) -> list[Particle]:
    """Find bodies of a kind whose thickness goes with the grey values.

    Parameters
    ----------
    kind : type
        Subclass of Shape.
    patch : Patch
        Image.
    mask : ndarray of bool, shape (ny, nx)
        Pixels of the particle in it.
    most : int
        Number of bodies.

    Returns
    -------
    list of Particle
        The best first; their images differ.
    """
    rows, columns = np.nonzero(mask)
    dy, dx = patch.pixel
    side = float(np.sqrt(len(rows) * dy * dx))
    y, x = float(patch.y[rows].mean()), float(patch.x[columns].mean())
    places = (np.arange(_SIDE) - (_SIDE - 1) / 2) * side / _FILLED
    at = np.meshgrid((places + y - patch.y[0]) / dy, (places + x - patch.x[0]) / dx, indexing="ij")
    image = np.where(patch.known, patch.image, np.median(patch.image[patch.known]))
    image = gaussian_filter(image, _SOFT * side / _FILLED / np.array([dy, dx]))
    wanted = _normalised(map_coordinates(image, at, order=1, mode="nearest").ravel())
    templates = _templates(kind)
    alike = templates.images @ wanted
    kept: list[int] = []
    for k in np.argsort(-alike)[:_LOOKED_AT].tolist():
        if not kept or (templates.images[kept] @ templates.images[k]).max() < _ALIKE:
            kept.append(k)
    return [_scaled(templates.particles[k], side, (y, x)) for k in kept[:most]]


@cache
def _templates(kind: type[Shape]) -> Templates:
    rng = np.random.default_rng(0)
    particles, images = [], []
    for _ in range(_BODIES):
        whole = Particle(kind.random(rng, _SIZE))
        reach = 2.2 * whole.body.radius
        step = reach / _DRAWN
        middle = (reach / 2, reach / 2)
        turned = [whole.posed(middle, turn) for turn in Rotation.random(_TURNS, rng)]
        drawn = project_batch(turned, Grid((_DRAWN, _DRAWN), (step, step)))
        for particle, image in zip(turned, drawn):
            rows, columns = np.nonzero(image)
            side = np.sqrt(len(rows))
            places = (np.arange(_SIDE) - (_SIDE - 1) / 2) * side / _FILLED
            at = np.meshgrid(places + rows.mean(), places + columns.mean(), indexing="ij")
            own = map_coordinates(gaussian_filter(image, _SOFT * side / _FILLED), at, order=1)
            images.append(_normalised(own.ravel()))
            offset = (reach / 2 - rows.mean() * step, reach / 2 - columns.mean() * step)
            size = float(1 / (side * step))
            particles.append(_scaled(particle.posed(offset), size, (0.0, 0.0)))
    return Templates(particles, np.array(images, np.float32))


def _scaled(particle: Particle, factor: float, centre: tuple[float, float]) -> Particle:
    """Particle of another size about the origin, which then lies at a centre [nm]."""
    shape = particle.shape.resized(factor)
    (y, x), (middle_y, middle_x) = particle.position, centre
    return Particle(shape, (middle_y + factor * y, middle_x + factor * x), particle.rotation)


def _normalised(image: NDArray[np.floating]) -> NDArray[np.float32]:
    image = image - image.mean()
    return (image / max(float(np.linalg.norm(image)), 1e-12)).astype(np.float32)
