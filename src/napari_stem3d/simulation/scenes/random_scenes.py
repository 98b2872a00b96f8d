"""Scenes at random, and series of their images."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import get_deformation
from napari_stem3d.simulation.deformations import CutCorners, Deformation
from napari_stem3d.simulation.fields import is_whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import Microscope
from napari_stem3d.simulation.motion.motion import Motion
from napari_stem3d.simulation.motion.orientation import random_rotation
from napari_stem3d.simulation.scenes.dataset import Dataset
from napari_stem3d.simulation.scenes.distributions import Distribution, draw
from napari_stem3d.simulation.scenes.mixtures import Choice
from napari_stem3d.simulation.scenes.movie import Movie
from napari_stem3d.simulation.scenes.particle import Particle
from napari_stem3d.simulation.scenes.placement import Placement, find_place
from napari_stem3d.simulation.scenes.resting import resting_pose
from napari_stem3d.simulation.scenes.scene import Scene
from napari_stem3d.simulation.shapes import Shape

E = TypeVar("E", bound=StrEnum)


class Poses(StrEnum):
    """How particles are oriented."""

    RANDOM = "random"  # evenly over all orientations, the origin at depth 0
    RESTING = "resting"  # lying stably on a support at depth 0


@dataclass(frozen=True)
class RandomScenes:
    """Draws scenes: shapes, what is wrong with them, poses, places and motion.

    Attributes are those of `simulate`.
    """

    shape: Any
    deformed_corners: int
    deformations: tuple[Any, ...]
    particles: Any
    material: Any
    grid: Grid
    microscope: Any
    placement: Placement
    poses: Poses
    motion: Motion

    def __call__(self, rng: np.random.Generator) -> Scene:
        """Scene of some particles, each drawn anew."""
        count = draw(self.particles, rng)
        if not is_whole(count, 0):
            raise InputError(f"particles must be a whole number from 0 on. Received: {count!r}")
        particles: list[Particle] = []
        for _ in range(int(count)):
            particle = self._particle(rng)
            place = find_place(particle, particles, self.grid, self.placement, rng)
            particles.append(particle.posed(place))
        microscope = draw(self.microscope, rng)
        if not isinstance(microscope, Microscope):
            raise InputError(f"microscope must be a Microscope. Received: {microscope!r}")
        scene = Scene(particles, self.grid, microscope)
        if self.motion == Motion():
            return scene
        times = scene.frame_time, microscope.scan.line_time(self.grid)
        pairs = zip(particles, rng.spawn(len(particles)))
        moving = [self.motion.course(p, own, *times).frame(0) for p, own in pairs]
        return Scene(moving, self.grid, microscope)

    def _particle(self, rng: np.random.Generator) -> Particle:
        """Particle at the first pixel."""
        shape = draw(self.shape, rng)
        if not isinstance(shape, Shape):
            raise InputError(
                f"shape must be a Shape, several, or a distribution of them. Received: {shape!r}"
            )
        wrong = [_deformation(item, shape, rng) for item in self.deformations]
        if self.deformed_corners:
            wrong.insert(0, CutCorners.random(shape, self.deformed_corners, rng))
        rotation = random_rotation(rng)
        material = draw(self.material, rng)
        particle = Particle(shape, (0.0, 0.0), rotation, tuple(wrong), material=material)
        if self.poses == Poses.RANDOM:
            return particle
        rotation, z = resting_pose(particle.body, rng)
        return particle.posed(particle.position, rotation, z=z)


def simulate(
    shape: Shape | Distribution | Sequence[Shape | Distribution],
    *,
    deformed_corners: int = 0,
    deformations: Sequence[Any] = (),
    frames: int = 16,
    particles: int | Distribution = 1,
    material: str | Distribution | None = None,
    placement: str = Placement.APART,
    poses: str = Poses.RANDOM,
    motion: Motion | None = None,
    movie: bool = False,
    grid: Grid | None = None,
    microscope: Microscope | Distribution | None = None,
    seed: int = 0,
) -> Dataset:
    """Series of images of particles in random poses.

    Parameters
    ----------
    shape : Shape, Distribution or sequence of them
        What the particles are: one shape; `Random` dimensions; a `Choice` with weights; or
        several of these with equal chances. It is drawn anew for each particle.
    deformed_corners : int
        Number of corners cut off each particle, chosen anew for each.
    deformations : sequence
        What else is wrong with each particle, in this order: instances of `Deformation`, which
        are the same for all; or what is drawn anew for each: names or classes of deformations, each
        alone or in a pair with its number of places, or with the values of some fields as a
        third; and distributions.
    frames : int
        Number of images.
    particles : int or Distribution
        Number of particles in each image.
    material : str or Distribution, optional
        What they are made of, such as ``"Ag"``; the microscope's by default.
    placement : {"apart", "touching", "overlapping", "anywhere"}
        How they lie to each other, see `Placement`.
    poses : {"random", "resting"}
        Evenly over all orientations, or lying stably on the support.
    motion : Motion, optional
        How they move while each image is scanned, from its first pixel on.
    movie : bool
        Show the same particles in all frames, which follow each other in time.
    grid : Grid, optional
        Pixels of the images; 128 x 128 at 0.2 nm by default.
    microscope : Microscope or Distribution, optional
        How the images are made; the default microscope by default.
    seed : int
        Seed of the series.

    Returns
    -------
    Dataset
        Series of `Sample`; a `Movie` if it is one.

    Raises
    ------
    InputError
        If a shape cannot be deformed like that, or an argument is none of those above.
    """
    if not is_whole(deformed_corners, 0) or not (
        isinstance(particles, Distribution) or is_whole(particles, 0)
    ):
        raise InputError(
            "deformed_corners and particles must be whole numbers from 0 on. "
            f"Received: {deformed_corners!r} and {particles!r}"
        )
    if not isinstance(movie, bool):
        raise InputError(f"movie must be true or false. Received: {movie!r}")
    for name, value, kind in (("motion", motion, Motion), ("grid", grid, Grid)):
        if value is not None and not isinstance(value, kind):
            raise InputError(f"{name} must be a {kind.__name__}. Received: {value!r}")
    if isinstance(deformations, str) or not isinstance(deformations, Sequence):
        raise InputError(f"deformations must be a sequence. Received: {deformations!r}")
    motion = motion or Motion()
    scenes = RandomScenes(
        Choice(shape) if isinstance(shape, (list, tuple)) else shape,
        deformed_corners,
        tuple(deformations),
        particles,
        material,
        grid or Grid(),
        microscope or Microscope(),
        _member(Placement, "placement", placement),
        _member(Poses, "poses", poses),
        Motion() if movie else motion,
    )
    dataclasses.replace(scenes, particles=1)(np.random.default_rng(0))  # refuses what cannot be
    return Movie(scenes, frames, seed, motion) if movie else Dataset(scenes, frames, seed)


def _deformation(item: Any, shape: Shape, rng: np.random.Generator) -> Deformation:
    """Return the deformation that an item of `simulate`'s list stands for."""
    item = draw(item, rng)
    kind, count, given = item, 1, {}
    if isinstance(item, (tuple, list)) and 2 <= len(item) <= 3:
        kind, count, given = item if len(item) == 3 else (*item, {})
    if isinstance(kind, str):
        kind = get_deformation(kind)
    if isinstance(kind, type) and issubclass(kind, Deformation):
        return kind.random(shape, count, rng, **given)
    if not isinstance(kind, Deformation):
        raise InputError(
            "deformations must be names, classes or instances of deformations, or tuples of "
            f"a name, a number of places and fields. Received: {item!r}"
        )
    return kind


def _member(kind: type[E], name: str, value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"{name} must be one of {', '.join(kind)}. Received: {value!r}") from None
