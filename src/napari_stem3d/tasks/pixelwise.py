"""The reference conditions "pixel-wise": scenes of many particles in 256 x 256 pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import MOST_CORNERS, SHAPES
from napari_stem3d.networks.normalization import normalize_frame
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    CutCorners,
    Grid,
    Particle,
    Polyhedron,
    project,
    project_particles,
    random_rotation,
)
from napari_stem3d.tasks.conditions import log_uniform
from napari_stem3d.tasks.creases import crease_maps
from napari_stem3d.tasks.scenes import Pixels, plain_microscope, regions_of

SIZE = 256  # pixels of the images' sides
PARTICLES = (5, 30)
SIZES = (24.0, 80.0)  # pixels that dimensions are drawn relative to: edges of boxes are 12 to 80
DOSES = {"standard": 1000.0, "low": 100.0}  # counts per pixel of a body 64 pixels thick
_TOUCHING = 0.5  # part of the particles that are pushed against another
_GAP = 3  # pixels at least between those that do not touch
_TRIES = 60  # places tried for each particle

Pixel = NDArray[np.int64]


@dataclass(frozen=True)
class PixelWise:
    """Draws scenes of 5 to 30 particles of all 14 shapes, half of them touching another.

    Sizes are drawn evenly on a logarithmic scale, those of many particles so that they find room;
    a third of those with corners have some of them cut. No particle covers another or is cut by
    the edges of the image; one for which there is no room is left out. The microscope is that of
    the reference conditions "corners-128", lengths in pixels.

    Attributes
    ----------
    seed : int
        Seed of the series.
    dose : str
        ``"standard"`` or ``"low"``.
    """

    seed: int
    dose: str = "standard"

    def __post_init__(self) -> None:
        """Refuse unknown doses."""
        if self.dose not in DOSES:
            raise InputError(f"dose must be one of {', '.join(DOSES)}. Received: {self.dose!r}")

    def __getitem__(self, index: int) -> Pixels:
        """Scene `index`, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng([self.seed, index])
        particles = _arranged(rng)
        grid = Grid((SIZE, SIZE), (1.0, 1.0))
        thickness, labels = project_particles(particles, grid)
        microscope = plain_microscope(
            background=rng.uniform(0.05, 0.3),
            blur=rng.uniform(0.5, 1.5),
            jitter=rng.uniform(0, 0.3),
            counts=DOSES[self.dose],
        )
        image = normalize_frame(microscope.image(thickness, grid, rng))
        edges, corners = crease_maps(particles, SIZE)
        return Pixels(image, regions_of(labels), thickness, labels, edges, corners)


def _arranged(rng: np.random.Generator) -> list[Particle]:
    """Particles side by side, the largest placed first."""
    count = int(rng.integers(PARTICLES[0], PARTICLES[1] + 1))
    largest = min(SIZES[1], 1.5 * SIZE / np.sqrt(2 * count))
    sizes = sorted((log_uniform(rng, SIZES[0], largest) for _ in range(count)), reverse=True)
    taken = np.zeros((SIZE, SIZE), bool)
    particles: list[Particle] = []
    for size in sizes:
        particle = _particle(rng, size)
        reach = int(np.ceil(particle.body.radius)) + 1
        y, x = reach + rng.uniform(-0.5, 0.5, 2)
        own = particle.posed((float(y), float(x)))
        mask = project(own, Grid((2 * reach + 1, 2 * reach + 1), (1.0, 1.0))) > 0
        rows, columns = np.nonzero(mask)
        if (corner := _place(rng, rows, columns, taken, [p.position for p in particles])) is None:
            continue
        taken[rows + corner[0], columns + corner[1]] = True
        particles.append(own.shifted(*map(float, corner)))
    return particles


def _particle(rng: np.random.Generator, size: float) -> Particle:
    shape = get_shape(SHAPES[rng.integers(len(SHAPES))]).random(rng, size)
    cuts: tuple[CutCorners, ...] = ()
    if isinstance(shape, Polyhedron) and rng.random() < 1 / 3:
        most = min(MOST_CORNERS, len(shape.vertices()))
        cuts = (CutCorners.random(shape, int(rng.integers(1, most + 1)), rng),)
    return Particle(shape, (0.0, 0.0), random_rotation(rng), cuts)


def _place(
    rng: np.random.Generator,
    rows: Pixel,
    columns: Pixel,
    taken: NDArray[np.bool_],
    centres: list[tuple[float, float]],
) -> Pixel | None:
    """How far to shift a particle's pixels for them to cover no other's; None without room."""
    low = -np.array([rows.min(), columns.min()])
    high = SIZE - 1 - np.array([rows.max(), columns.max()])
    middle = np.array([rows.mean(), columns.mean()])
    touching = bool(centres) and rng.random() < _TOUCHING
    if not touching:
        taken = binary_dilation(taken, iterations=_GAP)
    for _ in range(_TRIES):
        if touching:
            angle, centre = rng.uniform(0, 2 * np.pi), centres[rng.integers(len(centres))]
            way = np.array([np.sin(angle), np.cos(angle)])
            # From on top of another particle outwards, until nothing is covered any more.
            shifts = np.rint(centre - middle + np.arange(SIZE)[:, None] * way).astype(int)
        else:
            shifts = rng.integers(low, np.maximum(low, high) + 1)[None]
        for shift in shifts:
            if (shift < low).any() or (shift > high).any():
                break
            if not taken[rows + shift[0], columns + shift[1]].any():
                return shift
    return None
