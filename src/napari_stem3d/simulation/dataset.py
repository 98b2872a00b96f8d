"""Scenes, their images, and deterministic series of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.deformations import CutCorners
from napari_stem3d.simulation.fields import is_whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import Microscope
from napari_stem3d.simulation.orientation import random_rotation
from napari_stem3d.simulation.particle import Particle
from napari_stem3d.simulation.projection import project_particles
from napari_stem3d.simulation.shapes import Shape

_TRIES = 30  # places tried for each particle before the least crowded one is taken


@dataclass(frozen=True, eq=False)
class Sample:
    """An image and everything that is true about it.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        Detected electrons per pixel.
    thickness : ndarray, shape (ny, nx), float32
        Thickness of the particles along the beam [nm].
    labels : ndarray, shape (ny, nx), int32
        1 + index of the particle that each pixel shows, 0 for none.
    particles : tuple of Particle
        The scene.
    grid : Grid
        Pixels of the image.
    """

    image: NDArray[np.float32]
    thickness: NDArray[np.float32]
    labels: NDArray[np.int32]
    particles: tuple[Particle, ...]
    grid: Grid

    def truth(self) -> list[dict[str, Any]]:
        """One row per particle: ``particle`` (its label) and what `Particle.truth` tells."""
        return [{"particle": i, **p.truth()} for i, p in enumerate(self.particles, start=1)]


@dataclass(frozen=True, eq=False)
class Scene:
    """Particles under a microscope.

    Attributes
    ----------
    particles : sequence of Particle
        What lies on the support.
    grid : Grid
        Pixels of the image.
    microscope : Microscope
        How the image is made.
    """

    particles: Sequence[Particle]
    grid: Grid = field(default_factory=Grid)
    microscope: Microscope = field(default_factory=Microscope)

    def image(self, rng: np.random.Generator) -> Sample:
        """Image of the scene with its truth."""
        thickness, labels = project_particles(self.particles, self.grid)
        image = self.microscope.image(thickness, self.grid, rng)
        return Sample(image, thickness, labels, tuple(self.particles), self.grid)


@dataclass(frozen=True)
class Dataset(Sequence[Sample]):
    """Deterministic series: sample i depends on the seed and on i alone, in any order.

    Attributes
    ----------
    draw : callable
        Makes a `Scene` from a `numpy.random.Generator`.
    length : int
        Number of samples.
    seed : int
        Seed of the series.
    """

    draw: Callable[[np.random.Generator], Scene]
    length: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse empty series and seeds that NumPy does not take."""
        if not is_whole(self.length, 1):
            raise InputError(f"length must be a whole number from 1 on. Received: {self.length!r}")
        if not is_whole(self.seed, 0):
            raise InputError(f"seed must be a whole number from 0 on. Received: {self.seed!r}")

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.length

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]
        """Sample `index`."""
        if not -self.length <= index < self.length:
            raise IndexError(f"index must lie in a series of {self.length}. Received: {index}")
        rng = np.random.default_rng([self.seed, index % self.length])
        return self.draw(rng).image(rng)

    def __iter__(self) -> Iterator[Sample]:
        """Iterate over the samples in their order."""
        return (self[i] for i in range(self.length))


@dataclass(frozen=True)
class RandomPoses:
    """Draws scenes of one shape in random poses, every particle with its own deformed corners."""

    shape: Shape
    deformed_corners: int
    particles: int
    grid: Grid
    microscope: Microscope

    def __call__(self, rng: np.random.Generator) -> Scene:
        """Scene of `particles` particles, apart from each other where there is room."""
        scene: list[Particle] = []
        for _ in range(self.particles):
            cuts: tuple[CutCorners, ...] = ()
            if self.deformed_corners:
                cuts = (CutCorners.random(self.shape, self.deformed_corners, rng),)
            position = free_position(self.shape.radius, scene, self.grid, rng)
            scene.append(Particle(self.shape, position, random_rotation(rng), cuts))
        return Scene(scene, self.grid, self.microscope)


def free_position(
    radius: float, others: Sequence[Particle], grid: Grid, rng: np.random.Generator
) -> tuple[float, float]:
    """Position for a particle inside the image and, where there is room, off the others.

    Parameters
    ----------
    radius : float
        Radius that holds the particle [nm]; where the image is smaller, it is centred.
    others : sequence of Particle
        Particles placed already.
    grid : Grid
        Pixels of the image.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    tuple of float
        Position (y, x) [nm]: the first one tried that is free, else the least crowded.
    """
    room = np.array([max(0.0, centre - radius) for centre in grid.centre])
    places = np.array(grid.centre) + room * rng.uniform(-1, 1, (_TRIES, 2))
    if not others:
        return float(places[0, 0]), float(places[0, 1])
    centres = np.array([p.position for p in others])
    radii = np.array([p.shape.radius for p in others])
    distances = np.linalg.norm(places[:, None] - centres, axis=2)
    gaps = np.minimum((distances - radii - radius).min(axis=1), 0)
    best = places[np.argmax(gaps)]
    return float(best[0]), float(best[1])


def simulate(
    shape: Shape,
    *,
    deformed_corners: int = 0,
    frames: int = 16,
    particles: int = 1,
    grid: Grid | None = None,
    microscope: Microscope | None = None,
    seed: int = 0,
) -> Dataset:
    """Series of images of one shape in random poses.

    Parameters
    ----------
    shape : Shape
        The particles' shape and dimensions.
    deformed_corners : int
        Number of corners cut off each particle, chosen anew for each.
    frames : int
        Number of images.
    particles : int
        Number of particles in each image.
    grid : Grid, optional
        Pixels of the images; 128 x 128 at 0.2 nm by default.
    microscope : Microscope, optional
        How the images are made; the default microscope by default.
    seed : int
        Seed of the series.

    Returns
    -------
    Dataset
        Series of `Sample`.

    Raises
    ------
    InputError
        If the shape does not have that many corners, or a number is out of range.
    """
    if not (is_whole(deformed_corners, 0) and is_whole(particles, 0)):
        raise InputError(
            "deformed_corners and particles must be whole numbers from 0 on. "
            f"Received: {deformed_corners!r} and {particles!r}"
        )
    if deformed_corners:
        CutCorners.random(shape, deformed_corners, np.random.default_rng(0))
    draw = RandomPoses(
        shape, deformed_corners, particles, grid or Grid(), microscope or Microscope()
    )
    return Dataset(draw, frames, seed)
