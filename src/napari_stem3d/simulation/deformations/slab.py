"""A slab that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Body, Piece
from napari_stem3d.simulation.deformations._base import Deformation
from napari_stem3d.simulation.fields import choice, length
from napari_stem3d.simulation.shapes import Shape


@dataclass(frozen=True)
class MissingSlab(Deformation):
    """All that lies between two planes is missing: a gap, or an end where it reaches so far."""

    name: ClassVar[str] = "missing_slab"
    description: ClassVar[str] = "a slab taken out of the body or off its end"

    thickness: float = length(1.0, "thickness of the slab", relative=(0.05, 0.2))
    position: float = length(
        2.0,
        "where its middle lies along the axis, from the centre of mass",
        low=-10_000.0,
        relative=(-0.3, 0.3),
    )
    axis: str = choice("z", ("x", "y", "z"), "axis of the body that the slab lies across")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Take the slab out of the body."""
        normal = np.eye(3)[["x", "y", "z"].index(self.axis)]
        low, high = self.position - self.thickness / 2, self.position + self.thickness / 2
        points = np.array([-body.radius, body.radius]) if body.hull is None else body.hull @ normal
        if low <= points.min() and points.max() <= high:
            raise InputError(
                f"A slab of {self.thickness:g} nm at {self.position:g} nm leaves nothing of a "
                f"{shape.name}. Received: {self!r}"
            )
        return body.without(Piece(np.array([normal, -normal]), np.array([high, -low])))
