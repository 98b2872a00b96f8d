"""Training samples of the particle classifier: crops, and what the network should say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_stem3d.analysis.crops import Circle, crop_particle, enclosing_circle
from napari_stem3d.networks.contracts import CLASSES, CROP, OTHER, SHAPES
from napari_stem3d.networks.normalization import fill_gaps
from napari_stem3d.simulation import (
    Cuboid,
    Grid,
    Particle,
    Polyhedron,
    Sphere,
    project,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform, random_microscope
from napari_stem3d.tasks.creases import approach
from napari_stem3d.tasks.particles import (
    ALIKE,
    Fragment,
    allowed_orbits,
    beside,
    moved,
    random_particle,
)

_MARK = 1.5  # pixels: width (sigma) of the mark that shows a corner
_SMALL, _LARGE = 9.0, 60.0  # pixels: radii of small particles end, those of large ones as well
_CLEAR = 0.6  # share of cuboids that lie alone in good light: counting is learned on them
_STRANGE = 0.15  # share of what has no name among the others
# Of small particles a good part are spheres, as in reality: what is round there and might be
# one of several shapes that look alike then has the likeliest name.
_ROUND = 0.35


class Crop(NamedTuple):
    """One training sample.

    Attributes
    ----------
    image : ndarray, shape (64, 64, 2), float32
        Grey values and mask of the particle.
    corner_maps : ndarray, shape (64, 64, 2), float32
        Marks at its intact and at its deformed corners.
    edge_maps : ndarray, shape (64, 64, 3), float32
        Marks along the shortest, the middle and the longest edges of a cuboid, as if it were of
        glass and intact; shared by those that are equally long.
    shape : int
        Index into `CLASSES`.
    corners : int
        Number of deformed corners.
    orbit : ndarray, shape (46,), float32
        1 for each of `ORBITS` that names them rightly; 0 where they have no such names.
    edges : ndarray, shape (3,), float32
        Edges of a cuboid, ascending, over the radius of the circle in the crop; 0 for others.
    """

    image: NDArray[np.float32]
    corner_maps: NDArray[np.float32]
    edge_maps: NDArray[np.float32]
    shape: int
    corners: int
    orbit: NDArray[np.float32]
    edges: NDArray[np.float32]


@dataclass(frozen=True)
class CropTask:
    """Draws single particles as the segmentation hands them to the classifier.

    Attributes
    ----------
    seed : int
        Seed of the series; the published evaluations use others.
    """

    seed: int

    def __getitem__(self, index: int) -> Crop:
        """Sample `index`, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng([self.seed, index])
        clear = rng.random() < _CLEAR
        small = not clear and rng.random() < 0.25
        strange = not clear and rng.random() < _STRANGE
        radius = log_uniform(rng, 2.5, _SMALL) if small else rng.uniform(_SMALL, _LARGE)
        if clear:
            radius = rng.uniform(20, 50)
            particle = random_particle(rng, radius, 1.0)
        elif strange:
            particle = _fragment(rng, radius)
        elif small and rng.random() < _ROUND:
            particle = Particle(Sphere(2 * radius), (0.0, 0.0))
        else:
            particle = random_particle(rng, radius, 1 / len(SHAPES) if small else 0.3)
        reach = int(np.ceil(1.15 * radius)) + 3
        middle = reach + rng.uniform(-0.5, 0.5, 2)
        particle = moved(particle, (float(middle[0]), float(middle[1])))
        grid = Grid((2 * reach + 1, 2 * reach + 1), (1.0, 1.0))
        own = project(particle, grid)
        thickness, hidden = own.copy(), np.zeros_like(own)
        merged = strange and rng.random() < 0.5
        if merged:
            own = own + project(beside(rng, particle, 0.3, 0.8), grid)
            thickness = own.copy()
        elif not clear and rng.random() < 0.5:
            for _ in range(rng.integers(1, 6)):
                other = project(beside(rng, particle), grid)
                thickness += other
                hidden = np.maximum(hidden, other)
        fewest = (30 if rng.random() < 0.85 else 5) if clear else 10
        microscope = random_microscope(rng, radius, fewest)
        image = microscope.image(thickness, grid, rng)
        mask = _rough_mask(rng, own, hidden)
        if mask.sum() < 4:
            mask = own > 0.5 * own.max()
        mask[reach, reach] |= not mask.any()  # needles may pass between the pixels
        circle = enclosing_circle(mask)
        named = OTHER if strange else particle.shape.name
        return Crop(
            crop_particle(fill_gaps(image), mask, circle),
            corner_maps(particle, circle),
            edge_maps(particle, circle),
            CLASSES.index(named),
            len(particle.deformed_corners),
            allowed_orbits(particle),
            relative_edges(particle, circle),
        )


def corner_maps(particle: Particle, circle: Circle) -> NDArray[np.float32]:
    """Draw maps (64, 64, 2) with a mark at every intact and at every deformed corner of a crop."""
    maps = np.zeros((CROP, CROP, 2), np.float32)
    if not isinstance(particle.shape, Polyhedron):
        return maps
    corners = particle.rotation.apply(particle.shape.vertices())[:, 1::-1] + particle.position
    places = circle.to_crop(corners)
    marks = np.exp(-((np.arange(CROP) - places[..., None]) ** 2) / (2 * _MARK**2))
    deformed = set(particle.deformed_corners)
    for k, (down, across) in enumerate(marks.astype(np.float32)):
        channel = maps[..., int(k in deformed)]
        np.maximum(channel, np.outer(down, across), out=channel)
    return maps


def edge_maps(particle: Particle, circle: Circle) -> NDArray[np.float32]:
    """Draw maps (64, 64, 3) with marks along a cuboid's edges, by the rank of their length."""
    maps = np.zeros((CROP, CROP, 3), np.float32)
    shape = particle.shape
    if not isinstance(shape, Cuboid):
        return maps
    lengths = np.array([shape.a, shape.b, shape.c])
    corners = particle.rotation.apply(shape.vertices())[:, 1::-1] + particle.position
    ends = circle.to_crop(corners)[np.array(shape.edges())]
    along = np.log2(np.abs(np.diff(shape.edges(), axis=1)[:, 0])).astype(int)  # bits: c, b, a
    for axis in range(3):
        squares = np.full((CROP, CROP), np.inf, np.float32)
        approach(ends[along == 2 - axis], 4 * _MARK, squares)
        marks = np.exp(-squares / (2 * _MARK**2))
        shorter = np.sum(lengths < lengths[axis] / (1 + ALIKE))
        alike = np.sum(np.abs(np.log(lengths / lengths[axis])) <= np.log(1 + ALIKE))
        for rank in range(shorter, shorter + alike):
            np.maximum(maps[..., rank], marks / alike, out=maps[..., rank])
    return maps


def relative_edges(particle: Particle, circle: Circle) -> NDArray[np.float32]:
    """Edges (3,) of a cuboid in pixels, ascending, over the radius of a circle; 0 for others."""
    shape = particle.shape
    edges = sorted((shape.a, shape.b, shape.c)) if isinstance(shape, Cuboid) else (0.0, 0.0, 0.0)
    return np.array(edges, np.float32) / np.float32(circle.radius)


def _fragment(rng: np.random.Generator, radius: float) -> Particle:
    points, seed = int(rng.integers(5, 13)), int(rng.integers(2**31))
    return Particle(Fragment(2 * radius, points, seed), rotation=random_rotation(rng))


def _rough_mask(
    rng: np.random.Generator, own: NDArray[np.floating], hidden: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Mask of a particle where nothing `hidden` covers it, as well as a segmentation knows it.

    Thin rims go under in the noise, sharp corners are rounded, and the outline wavers: by about
    0.7 pixels, as that of ``particle-unet`` does.
    """
    rim = rng.uniform(0, 0.06) * own.max() if rng.random() < 0.5 else 0.0
    mask = (own > rim) & (own >= hidden)
    rounding = rng.uniform(0.2, max(1.0, 0.06 * np.sqrt(mask.sum() / np.pi)))
    soft = gaussian_filter(mask.astype(np.float32), rounding)
    wavering = gaussian_filter(rng.normal(size=mask.shape).astype(np.float32), rng.uniform(0.5, 2))
    level = rng.uniform(0.3, 0.75) + rng.uniform(0, 0.25) * wavering / wavering.std()
    return soft > np.clip(level, 0.1, 0.9)
