"""Training samples of the particle classifier: crops with shape, corners and corner maps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_stem3d.analysis.crops import Circle, crop_particle, enclosing_circle
from napari_stem3d.networks.contracts import CORNER_MAP, CROP, SHAPES
from napari_stem3d.networks.normalization import fill_gaps
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    CutCorners,
    Grid,
    Particle,
    Polyhedron,
    Shape,
    project,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform, random_microscope

_MAP_SIGMA = 1.0  # pixels of the corner map: width of the mark that shows a corner


class Crop(NamedTuple):
    """One training sample: the crop (64, 64, 2) and what the network should say of it."""

    image: NDArray[np.float32]
    corner_maps: NDArray[np.float32]
    shape: int
    corners: int


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
        small = rng.random() < 0.15
        radius = log_uniform(rng, 2.5, 9) if small else rng.uniform(9, 38)
        particle = _random_particle(rng, radius, 1 / len(SHAPES) if small else 0.6)
        reach = int(np.ceil(1.25 * particle.shape.radius)) + 3
        middle = tuple(reach + rng.uniform(-0.5, 0.5, 2))
        particle = _move(particle, (float(middle[0]), float(middle[1])))
        grid = Grid((2 * reach + 1, 2 * reach + 1), (1.0, 1.0))
        own = project(particle, grid)
        thickness, hidden = own.copy(), np.zeros_like(own)
        if rng.random() < 0.4:
            for _ in range(rng.integers(1, 6)):
                other = project(_neighbour(rng, particle), grid)
                thickness += other
                hidden = np.maximum(hidden, other)
        image = random_microscope(rng, particle.shape.radius).image(thickness, grid, rng)
        mask = _rough_mask(rng, (own > 0) & (own >= hidden))
        if mask.sum() < 4:
            mask = own > 0.5 * own.max()
        circle = enclosing_circle(mask)
        return Crop(
            crop_particle(fill_gaps(image), mask, circle),
            corner_maps(particle, circle),
            SHAPES.index(particle.shape.name),
            len(particle.deformed_corners),
        )


def corner_maps(particle: Particle, circle: Circle) -> NDArray[np.float32]:
    """Draw maps (32, 32, 2) with a mark at every intact and at every deformed corner of a crop."""
    maps = np.zeros((CORNER_MAP, CORNER_MAP, 2), np.float32)
    if not isinstance(particle.shape, Polyhedron):
        return maps
    corners = particle.rotation.apply(particle.shape.vertices())[:, 1::-1] + particle.position
    ratio = CROP / CORNER_MAP
    places = (circle.to_crop(corners) + 0.5) / ratio - 0.5
    raster = np.arange(CORNER_MAP)
    for k, (y, x) in enumerate(places):
        mark = np.outer(*(np.exp(-((raster - p) ** 2) / 2 / _MAP_SIGMA**2) for p in (y, x)))
        channel = maps[..., int(k in particle.deformed_corners)]
        np.maximum(channel, mark, out=channel)
    return maps


def random_shape(rng: np.random.Generator, radius: float, cuboids: float) -> Shape:
    """Shape of about the given circumscribed radius, a cuboid with probability `cuboids`."""
    others = [name for name in SHAPES if name != "cuboid"]
    name = "cuboid" if rng.random() < cuboids else others[rng.integers(len(others))]
    shape = get_shape(name).random(rng, 1.0)
    scale = radius / shape.radius
    return type(shape)(**{key: value * scale for key, value in asdict(shape).items()})


def _random_particle(rng: np.random.Generator, radius: float, cuboids: float) -> Particle:
    shape = random_shape(rng, radius, cuboids)
    deformations: tuple[CutCorners, ...] = ()
    intact = 0.2 if shape.name == "cuboid" else 0.5
    if isinstance(shape, Polyhedron) and rng.random() > intact:
        count = int(rng.integers(1, len(shape.vertices()) + 1))
        deformations = (CutCorners.random(shape, count, rng),)
    return Particle(shape, (0.0, 0.0), random_rotation(rng), deformations)


def _move(particle: Particle, position: tuple[float, float]) -> Particle:
    return Particle(particle.shape, position, particle.rotation, particle.deformations)


def _neighbour(rng: np.random.Generator, particle: Particle) -> Particle:
    """Particle that nearly touches, or partly covers, another; often its like."""
    radius = particle.shape.radius
    if rng.random() < 0.5:
        other = Particle(particle.shape, rotation=random_rotation(rng))
    else:
        other = _random_particle(rng, radius * rng.uniform(0.5, 1.5), 1 / len(SHAPES))
    angle = rng.uniform(0, 2 * np.pi)
    distance = rng.uniform(0.65, 1.3) * (radius + other.shape.radius)
    y, x = particle.position
    return _move(other, (y + distance * np.sin(angle), x + distance * np.cos(angle)))


def _rough_mask(rng: np.random.Generator, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask with the kind of outline that a segmentation draws: smoothed, too wide or too tight."""
    soft = gaussian_filter(mask.astype(np.float32), rng.uniform(0.2, 1.0))
    return soft > rng.uniform(0.25, 0.75)
