"""Training samples of the particle U-Net: scenes with regions and thickness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from napari_stem3d.analysis.resampling import resample
from napari_stem3d.networks.contracts import REGIONS, SHAPES
from napari_stem3d.networks.normalization import fill_gaps, normalize_frame
from napari_stem3d.simulation import (
    CutCorners,
    Grid,
    Particle,
    Polyhedron,
    project,
    project_particles,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform, random_microscope
from napari_stem3d.tasks.crops import random_shape

BOUNDARY_WIDTH = 2  # pixels, inside the particle


class Pixels(NamedTuple):
    """One training sample: an image and the truth of each of its pixels.

    Attributes
    ----------
    image : ndarray, shape (n, n), float32
        Normalised grey values.
    regions : ndarray, shape (n, n), uint8
        Index into `REGIONS`.
    thickness : ndarray, shape (n, n), float32
        Thickness in pixels.
    labels : ndarray, shape (n, n), int32
        Which particle each pixel shows, 0 for none.
    """

    image: NDArray[np.float32]
    regions: NDArray[np.uint8]
    thickness: NDArray[np.float32]
    labels: NDArray[np.int32]


@dataclass(frozen=True)
class SceneTask:
    """Draws scenes of particles of all shapes: alone, touching, in piles, sharp or enlarged.

    Attributes
    ----------
    seed : int
        Seed of the series.
    size : int
        Pixels of the images' sides.
    """

    seed: int
    size: int = 128

    def __getitem__(self, index: int) -> Pixels:
        """Sample `index`, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng([self.seed, index])
        radius = log_uniform(rng, 6, 50)
        particles = random_pile(rng, radius, self.size)
        grid = Grid((self.size, self.size), (1.0, 1.0))
        thickness, labels = project_particles(particles, grid)
        # Small particles reach the network enlarged; so does their noise here.
        zoom = rng.uniform(1.5, 6) if rng.random() < 0.4 else 1.0
        zoom = min(zoom, radius / 2.2)
        image = _image(rng, particles, self.size, zoom if zoom > 1.2 else 1.0, radius)
        return Pixels(normalize_frame(fill_gaps(image)), regions_of(labels), thickness, labels)


def regions_of(labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Regions of a label image: the outermost pixels of each particle are its boundary."""
    cross = np.ones((3, 3), bool)
    cross[::2, ::2] = False
    interior = np.zeros(labels.shape, bool)
    for label in np.unique(labels[labels > 0]):
        own = labels == label
        interior |= binary_erosion(own, cross, BOUNDARY_WIDTH, border_value=True)
    regions = np.where(labels > 0, REGIONS.index("boundary"), REGIONS.index("background"))
    regions[interior] = REGIONS.index("interior")
    return regions.astype(np.uint8)


def random_pile(rng: np.random.Generator, radius: float, size: int) -> list[Particle]:
    """Particles of about one radius [px], scattered, touching or piled up in a square."""
    room = (size / (1.6 * radius)) ** 2
    count = int(rng.integers(1, max(2, min(60, int(room * rng.uniform(0.2, 1.2))) + 1)))
    alike = random_shape(rng, radius, 1 / len(SHAPES)) if rng.random() < 0.5 else None
    sociable = rng.choice([0.0, 0.6, 0.95])
    distance = rng.uniform(0.6, 0.9) if rng.random() < 0.25 else rng.uniform(0.85, 1.1)
    particles: list[Particle] = []
    for _ in range(count):
        spread = rng.uniform(0.9, 1.1) if alike else rng.uniform(0.6, 1.5)
        shape = random_shape(rng, radius * spread, 0.2)
        if alike is not None:
            shape = alike
        if particles and rng.random() < sociable:
            position = _beside(rng, particles, shape.radius, distance)
        else:
            position = _apart(rng, particles, shape.radius, size)
        cuts: tuple[CutCorners, ...] = ()
        if isinstance(shape, Polyhedron) and rng.random() < 0.4:
            number = int(rng.integers(1, len(shape.vertices()) + 1))
            cuts = (CutCorners.random(shape, number, rng),)
        particles.append(Particle(shape, position, random_rotation(rng), cuts))
    return particles


def _crowding(places: NDArray, radius: float, particles: list[Particle]) -> NDArray:
    """How far a particle of some radius would reach into the others, at each place."""
    centres = np.array([p.position for p in particles])
    radii = np.array([p.shape.radius for p in particles])
    gaps = np.linalg.norm(places[:, None] - centres, axis=2) - radii - radius
    return -np.minimum(gaps, 0).sum(axis=1)


def _apart(
    rng: np.random.Generator, particles: list[Particle], radius: float, size: int
) -> tuple[float, float]:
    places = rng.uniform(-0.3 * radius, size + 0.3 * radius, (12, 2))
    if not particles:
        return float(places[0, 0]), float(places[0, 1])
    best = places[np.argmin(_crowding(places, radius, particles))]
    return float(best[0]), float(best[1])


def _beside(
    rng: np.random.Generator, particles: list[Particle], radius: float, distance: float
) -> tuple[float, float]:
    """Place next to a particle, the least crowded of a few; sometimes on top of others."""
    hosts = [particles[k] for k in rng.integers(len(particles), size=8)]
    angles = rng.uniform(0, 2 * np.pi, 8)
    places = np.array(
        [
            np.array(host.position)
            + distance * (host.shape.radius + radius) * np.array([np.sin(a), np.cos(a)])
            for host, a in zip(hosts, angles)
        ]
    )
    best = places[0 if rng.random() < 0.08 else np.argmin(_crowding(places, radius, particles))]
    return float(best[0]), float(best[1])


def _image(
    rng: np.random.Generator, particles: list[Particle], size: int, zoom: float, radius: float
) -> NDArray[np.float32]:
    """Image recorded with pixels `zoom` times as large, then brought to the full raster."""
    count = int(np.ceil(size / zoom)) + 2
    shift = 0.5 * zoom - 0.5 - zoom  # position of the first coarse pixel: one beyond the edge
    if zoom == 1.0:
        count, shift = size, 0.0
    grid = Grid((count, count), (zoom, zoom))
    moved = [
        Particle(
            p.shape, (p.position[0] - shift, p.position[1] - shift), p.rotation, p.deformations
        )
        for p in particles
    ]
    # The microscope's lengths are in coarse pixels, as those of a real image of this zoom are.
    microscope = random_microscope(rng, radius / zoom)
    coarse = Grid((count, count), (1.0, 1.0))
    thickness = project(moved, grid) / np.float32(zoom)
    image = microscope.image(thickness, coarse, rng)
    return resample(image, (size, size), 1 / zoom, (-shift / zoom, -shift / zoom))
