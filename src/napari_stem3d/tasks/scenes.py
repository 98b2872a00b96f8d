"""Training samples of the particle U-Net: scenes with the truth of each of their pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from napari_stem3d.analysis.resampling import resample
from napari_stem3d.networks.contracts import MOST_CORNERS, REGIONS, SHAPES
from napari_stem3d.networks.normalization import fill_gaps, normalize_frame
from napari_stem3d.simulation import (
    PRESETS,
    CarbonFilm,
    Contrast,
    CutCorners,
    Grid,
    Microscope,
    Particle,
    Polyhedron,
    Probe,
    project,
    project_particles,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform, random_microscope
from napari_stem3d.tasks.creases import crease_maps
from napari_stem3d.tasks.particles import random_shape

BOUNDARY_WIDTH = 2  # pixels, inside the particle
_PLAIN = 0.3  # part of the scenes that are recorded plainly
_ALIKE = 0.4  # part of the scenes whose particles are all alike


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
    edges, corners : ndarray, shape (n, n), float32
        Marks between 0 and 1, see `crease_maps`.
    """

    image: NDArray[np.float32]
    regions: NDArray[np.uint8]
    thickness: NDArray[np.float32]
    labels: NDArray[np.int32]
    edges: NDArray[np.float32]
    corners: NDArray[np.float32]


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
    size: int = 192

    def __getitem__(self, index: int) -> Pixels:
        """Sample `index`, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng([self.seed, index])
        # Some are recorded as plainly as those by which networks are judged.
        plain = rng.random() < _PLAIN
        radius = rng.uniform(20, 60) if plain else log_uniform(rng, 6, 60)
        particles = random_pile(rng, radius, self.size, (0.3, 1.0) if plain else (0.6, 1.5))
        grid = Grid((self.size, self.size), (1.0, 1.0))
        thickness, labels = project_particles(particles, grid)
        # Small particles reach the network enlarged; so does their noise here.
        zoom = 1.0 if plain or rng.random() < 0.4 else min(rng.uniform(1.5, 6), radius / 2.2)
        zoom = zoom if zoom > 1.2 else 1.0
        # The microscope's lengths are in coarse pixels, as those of a real image of this zoom are.
        microscope = _plain(rng) if plain else random_microscope(rng, radius / zoom)
        image = _image(rng, particles, self.size, zoom, microscope)
        image = normalize_frame(fill_gaps(image))
        edges, corners = crease_maps(particles, self.size)
        return Pixels(image, regions_of(labels), thickness, labels, edges, corners)


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


def random_pile(
    rng: np.random.Generator, radius: float, size: int, sizes: tuple[float, float] = (0.6, 1.5)
) -> list[Particle]:
    """Particles in a square, scattered, touching or piled up.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    radius : float
        Typical radius [px].
    size : int
        Pixels of the square's side.
    sizes : tuple of float
        Range of their radii, over the typical one, unless all are alike.

    Returns
    -------
    list of Particle
        Their positions are in pixels.
    """
    room = (size / (0.8 * sum(sizes) * radius)) ** 2
    count = int(rng.integers(1, max(2, min(60, int(room * rng.uniform(0.2, 1.2))) + 1)))
    alike = random_shape(rng, radius, 1 / len(SHAPES)) if rng.random() < _ALIKE else None
    sociable = rng.choice([0.0, 0.6, 0.95])
    distance = rng.uniform(0.6, 0.9) if rng.random() < 0.25 else rng.uniform(0.85, 1.1)
    particles: list[Particle] = []
    circles = np.empty((count, 3))
    for k in range(count):
        shape = alike or random_shape(rng, radius * log_uniform(rng, *sizes), 0.2)
        reach = shape.radius
        if particles and rng.random() < sociable:
            position = _beside(rng, circles[:k], reach, distance)
        else:
            position = _apart(rng, circles[:k], reach, size)
        circles[k] = *position, reach
        cuts: tuple[CutCorners, ...] = ()
        if isinstance(shape, Polyhedron) and rng.random() < 0.4:
            number = int(rng.integers(1, min(MOST_CORNERS, len(shape.vertices())) + 1))
            cuts = (CutCorners.random(shape, number, rng),)
        particles.append(Particle(shape, position, random_rotation(rng), cuts))
    return particles


def _crowding(places: NDArray, radius: float, circles: NDArray) -> NDArray:
    """How far a particle of some radius would reach into the others, at each place."""
    gaps = np.linalg.norm(places[:, None] - circles[:, :2], axis=2) - circles[:, 2] - radius
    return -np.minimum(gaps, 0).sum(axis=1)


def _apart(
    rng: np.random.Generator, circles: NDArray, radius: float, size: int
) -> tuple[float, float]:
    places = rng.uniform(-0.3 * radius, size + 0.3 * radius, (12, 2))
    y, x = places[np.argmin(_crowding(places, radius, circles))]
    return float(y), float(x)


def _beside(
    rng: np.random.Generator, circles: NDArray, radius: float, distance: float
) -> tuple[float, float]:
    """Place next to a particle, the least crowded of a few; sometimes on top of others."""
    hosts = circles[rng.integers(len(circles), size=8)]
    angles = rng.uniform(0, 2 * np.pi, 8)
    ways = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    places = hosts[:, :2] + distance * (hosts[:, 2:] + radius) * ways
    y, x = places[0 if rng.random() < 0.08 else np.argmin(_crowding(places, radius, circles))]
    return float(y), float(x)


def _plain(rng: np.random.Generator) -> Microscope:
    return plain_microscope(
        background=rng.uniform(0.03, 0.4),
        blur=rng.uniform(0.4, 1.7),
        jitter=rng.uniform(0, 0.35),
        counts=log_uniform(rng, 60, 3000),
    )


def plain_microscope(background: float, blur: float, jitter: float, counts: float) -> Microscope:
    """Microscope with a signal linear in thickness and an even background.

    Parameters
    ----------
    background : float
        Signal of the support, over that of a body 64 pixels thick.
    blur : float
        Standard deviation of the probe [px].
    jitter : float
        Standard deviation of the steps of a line's displacement [px].
    counts : float
        Electrons expected in a pixel behind a body 64 pixels thick.

    Returns
    -------
    Microscope
        Its lengths are in pixels.
    """
    ideal = PRESETS["ideal"]
    # Of a signal linear in thickness the attenuation is immaterial.
    attenuation, reference = 1e-3, 64.0
    microscope = replace(
        ideal,
        contrast=Contrast(attenuation=attenuation),
        film=CarbonFilm(
            background * reference, attenuation=attenuation, roughness=0.0, grain=False
        ),
        probe=Probe(blur, diffraction=False),
        scan=replace(ideal.scan, jitter=jitter, jitter_memory=0.9),
        detector=replace(ideal.detector, shot_noise=True),
    )
    return microscope.at_dose(counts / (attenuation * reference))


def _image(
    rng: np.random.Generator,
    particles: list[Particle],
    size: int,
    zoom: float,
    microscope: Microscope,
) -> NDArray[np.float32]:
    """Image recorded with pixels `zoom` times as large, then brought to the full raster."""
    count = int(np.ceil(size / zoom)) + 2
    shift = 0.5 * zoom - 0.5 - zoom  # position of the first coarse pixel: one beyond the edge
    if zoom == 1.0:
        count, shift = size, 0.0
    grid = Grid((count, count), (zoom, zoom))
    coarse = Grid((count, count), (1.0, 1.0))
    thickness = project([p.shifted(-shift, -shift) for p in particles], grid) / np.float32(zoom)
    image = microscope.image(thickness, coarse, rng)
    return resample(image, (size, size), 1 / zoom, (-shift / zoom, -shift / zoom))
