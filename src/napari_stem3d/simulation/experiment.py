"""Everything that there is to choose about a simulated stack, as one object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import get_deformation, get_shape
from napari_stem3d.simulation.fields import Checked, check_value, choice, pair, switch, text, whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import Microscope
from napari_stem3d.simulation.motion.motion import Motion
from napari_stem3d.simulation.scenes.dataset import Dataset
from napari_stem3d.simulation.scenes.placement import Placement
from napari_stem3d.simulation.scenes.random_scenes import Poses, simulate
from napari_stem3d.simulation.shapes import Shape


@dataclass(frozen=True)
class RandomDeformation(Checked):
    """A deformation by its registered name, drawn anew for each particle.

    Attributes
    ----------
    name : str
        One of ``registry().deformations``.
    count : int
        Number of places; of no meaning to what deforms the whole particle.
    fields : mapping of str to object
        Values of fields that are the same for all particles; the others are drawn.
    """

    name: str
    count: int = whole(1, 0, 1000, "number of corners, edges or faces, chosen anew")
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown deformations and fields."""
        known = deformation_fields(self.name)
        super().__post_init__()
        _refuse_no_table("RandomDeformation.fields", self.fields)
        owner = get_deformation(self.name).__name__
        for name, value in self.fields.items():
            if name not in known or name == "count":
                raise InputError(
                    f"The fields of {self.name} are {', '.join(known)}. Received: {name!r}"
                )
            check_value(owner, known[name], value)


def deformation_fields(name: str) -> dict[str, dataclasses.Field[Any]]:
    """Return what can be told of a registered deformation, by name: its count and its fields."""
    own = dataclasses.fields(get_deformation(name))
    told = [f for f in own if "doc" in f.metadata]
    if any("places" in f.metadata or f.name == "corners" for f in own):
        told.insert(0, RandomDeformation.__dataclass_fields__["count"])
    return {f.name: f for f in told}


def _refuse_no_table(name: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be a mapping of names to values. Received: {value!r}")


@dataclass(frozen=True)
class Experiment(Checked):
    """What is simulated: particles, how they lie and move, the images and the microscope.

    The command line, the panel in napari and settings files are all made from these fields.

    Attributes
    ----------
    dimensions : mapping of str to object
        Fields of the shape that differ from their defaults, as a rule in nm.
    deformations : tuple of RandomDeformation
        What else is wrong with each particle, after its deformed corners.
    motion : Motion
        How the particles move.
    microscope : Microscope
        How the images are made.
    """

    shape: str = text("cuboid", "name of the particles' shape; `stem3d shapes` lists them")
    dimensions: Mapping[str, Any] = field(default_factory=dict)
    deformed_corners: int = whole(0, 0, 1000, "corners cut off each particle")
    deformations: tuple[RandomDeformation, ...] = ()
    frames: int = whole(16, 1, 10_000_000, "number of images")
    particles: int = whole(1, 0, 100_000, "particles in each image")
    placement: str = choice("apart", tuple(map(str, Placement)), "how they lie to each other")
    poses: str = choice("random", tuple(map(str, Poses)), "how they are oriented")
    motion: Motion = field(default_factory=Motion)
    movie: bool = switch(False, "the same particles in all images, one frame after the other")
    size: tuple[int, int] = pair((128, 128), "px", 1, 65_536, "rows and columns", whole=True)
    sampling: tuple[float, float] = pair(
        (0.2, 0.2), "nm", 1e-6, 1e6, "distance of neighbouring pixels, down and along the rows"
    )
    seed: int = whole(0, 0, 2**63 - 1, "the same seed gives the same images")
    microscope: Microscope = field(default_factory=Microscope)

    def __post_init__(self) -> None:
        """Refuse values that the fields do not allow, and shapes that are none."""
        super().__post_init__()
        for name, kind in (("motion", Motion), ("microscope", Microscope)):
            if not isinstance(getattr(self, name), kind):
                raise InputError(
                    f"Experiment.{name} must be a {kind.__name__}. "
                    f"Received: {getattr(self, name)!r}"
                )
        if not isinstance(self.deformations, Sequence) or not all(
            isinstance(d, RandomDeformation) for d in self.deformations
        ):
            raise InputError(
                "Experiment.deformations must be RandomDeformation objects. "
                f"Received: {self.deformations!r}"
            )
        object.__setattr__(self, "deformations", tuple(self.deformations))
        _refuse_no_table("Experiment.dimensions", self.dimensions)
        _ = self.particle_shape

    @cached_property
    def particle_shape(self) -> Shape:
        """Shape with its dimensions."""
        kind = get_shape(self.shape)
        known = [f.name for f in dataclasses.fields(kind)]
        for name in self.dimensions:
            if name not in known:
                raise InputError(
                    f"The dimensions of a {self.shape} are {', '.join(known)}. Received: {name!r}"
                )
        made: Shape = kind(**self.dimensions)
        return made

    @property
    def grid(self) -> Grid:
        """Pixels of the images."""
        return Grid(self.size, self.sampling)

    def dataset(self) -> Dataset:
        """Series of the images with their truth; a `Movie` if it is one.

        Raises
        ------
        InputError
            If the shape cannot be deformed like that.
        """
        return simulate(
            self.particle_shape,
            deformed_corners=self.deformed_corners,
            deformations=[(d.name, d.count, d.fields) for d in self.deformations],
            frames=self.frames,
            particles=self.particles,
            placement=self.placement,
            poses=self.poses,
            motion=self.motion,
            movie=self.movie,
            grid=self.grid,
            microscope=self.microscope,
            seed=self.seed,
        )
