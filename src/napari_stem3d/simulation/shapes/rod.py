"""Rod: a cylinder between two half spheres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Piece
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes._base import Shape, sphere_quadric


@dataclass(frozen=True)
class Rod(Shape):
    """Cylinder about the body's z axis with a half sphere on both ends."""

    name: ClassVar[str] = "rod"
    description: ClassVar[str] = "cylinder with hemispherical caps"

    diameter: float = length(6.0, "diameter", relative=(0.15, 0.35))
    height: float = length(16.0, "height, caps included", relative=(0.6, 1.2))

    def __post_init__(self) -> None:
        """Refuse a rod that is shorter than its caps."""
        super().__post_init__()
        if self.height < self.diameter:
            raise InputError(
                "The height of a rod must be at least its diameter. "
                f"Received: {self.height:g} nm and {self.diameter:g} nm"
            )

    def pieces(self) -> tuple[tuple[float, Piece], ...]:
        """Mantle and caps, which meet at planes and so add up."""
        up, radius, half = np.array([[0.0, 0.0, 1.0]]), self.diameter / 2, self._half
        mantle = np.diag([1.0, 1.0, 0.0, -(radius**2)])
        middle = Piece(np.concatenate([up, -up]), np.full(2, half), mantle[None])
        caps = [
            (1.0, Piece(-end, np.array([-half]), sphere_quadric(half * end[0], radius)[None]))
            for end in (up, -up)
        ]
        return ((1.0, middle), *caps)

    def hull(self) -> Array:
        """Corners of the box around the rod, shape (8, 3) [nm]."""
        signs = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, -1).T
        return signs * np.array([self.diameter, self.diameter, self.height]) / 2

    @property
    def _half(self) -> float:
        """Half the length of the cylinder [nm]."""
        return (self.height - self.diameter) / 2

    @property
    def radius(self) -> float:
        """Half the whole height [nm]."""
        return self.height / 2

    @property
    def volume(self) -> float:
        """π d² (3 h − d) / 12 [nm³]."""
        return np.pi * self.diameter**2 * (3 * self.height - self.diameter) / 12
