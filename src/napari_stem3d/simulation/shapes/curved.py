"""Bodies with a curved face: quadrics, cut by planes where they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d.simulation.bodies.body import Array
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes._base import Shape

_UP_AND_DOWN = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])


@dataclass(frozen=True)
class Sphere(Shape):
    """Sphere."""

    name: ClassVar[str] = "sphere"
    description: ClassVar[str] = "sphere"

    diameter: float = length(10.0, "diameter")

    def quadric(self) -> Array:
        """Sphere x² + y² + z² <= R²."""
        return np.diag([1.0, 1.0, 1.0, -(self.radius**2)])

    @property
    def radius(self) -> float:
        """Half the diameter [nm]."""
        return self.diameter / 2

    @property
    def volume(self) -> float:
        """π d³ / 6 [nm³]."""
        return np.pi * self.diameter**3 / 6


@dataclass(frozen=True)
class Ellipsoid(Shape):
    """Ellipsoid with three axes."""

    name: ClassVar[str] = "ellipsoid"
    description: ClassVar[str] = "ellipsoid with three axes"

    a: float = length(14.0, "whole axis along the body's x")
    b: float = length(10.0, "whole axis along the body's y", relative=(0.4, 0.9))
    c: float = length(8.0, "whole axis along the body's z", relative=(0.3, 0.7))

    def quadric(self) -> Array:
        """Ellipsoid (2x/a)² + (2y/b)² + (2z/c)² <= 1, scaled to lengths."""
        return np.diag([self.a**-2, self.b**-2, self.c**-2, -0.25]) * self.radius**2

    @property
    def radius(self) -> float:
        """Half the longest axis [nm]."""
        return max(self.a, self.b, self.c) / 2

    @property
    def volume(self) -> float:
        """π a b c / 6 [nm³]."""
        return np.pi * self.a * self.b * self.c / 6


@dataclass(frozen=True)
class Cylinder(Shape):
    """Right circular cylinder about the body's z axis."""

    name: ClassVar[str] = "cylinder"
    description: ClassVar[str] = "right circular cylinder"

    diameter: float = length(10.0, "diameter")
    height: float = length(12.0, "height")

    def quadric(self) -> Array:
        """Mantle x² + y² <= R²."""
        return np.diag([1.0, 1.0, 0.0, -(self.diameter**2) / 4])

    def half_spaces(self) -> tuple[Array, Array]:
        """Top and bottom."""
        return _UP_AND_DOWN, np.full(2, self.height / 2)

    @property
    def radius(self) -> float:
        """Distance of the rims from the centre [nm]."""
        return float(np.hypot(self.diameter, self.height) / 2)

    @property
    def volume(self) -> float:
        """π d² h / 4 [nm³]."""
        return np.pi * self.diameter**2 * self.height / 4


@dataclass(frozen=True)
class Cone(Shape):
    """Right circular cone, apex on the body's positive z axis."""

    name: ClassVar[str] = "cone"
    description: ClassVar[str] = "right circular cone"

    diameter: float = length(12.0, "diameter of the base")
    height: float = length(12.0, "height of the apex above the base")

    def quadric(self) -> Array:
        """Mantle x² + y² <= (R/h)² (apex - z)², of both nappes."""
        slope, apex = (self.diameter / 2 / self.height) ** 2, self.height * 3 / 4
        matrix = np.diag([1.0, 1.0, -slope, -slope * apex**2])
        matrix[2, 3] = matrix[3, 2] = slope * apex
        return matrix

    def half_spaces(self) -> tuple[Array, Array]:
        """Plane through the apex, which drops the second nappe, and the base."""
        return _UP_AND_DOWN, self.height * np.array([0.75, 0.25])

    @property
    def radius(self) -> float:
        """Distance of the apex or of the rim from the centre of mass [nm]."""
        return max(0.75 * self.height, float(np.hypot(self.diameter / 2, self.height / 4)))

    @property
    def volume(self) -> float:
        """π d² h / 12 [nm³]."""
        return np.pi * self.diameter**2 * self.height / 12
