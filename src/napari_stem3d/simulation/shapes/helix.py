"""Helix: a wire wound about an axis, of either hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array
from napari_stem3d.simulation.fields import length, quantity, switch
from napari_stem3d.simulation.shapes._base import Shape, centre_of_mass

_SIDES, _STEPS_PER_TURN = 48, 96
# The wire's cross-section is the regular polygon that has the area of the circle.
_WIDER = np.sqrt(2 * np.pi / (_SIDES * np.sin(2 * np.pi / _SIDES)))


@dataclass(frozen=True)
class Helix(Shape):
    """Wire of circular cross-section with flat ends, wound about the body's z axis."""

    name: ClassVar[str] = "helix"
    description: ClassVar[str] = "wire wound about an axis, right- or left-handed"

    diameter: float = length(
        10.0, "diameter of the turns, between the wire's middles", relative=(0.4, 0.6)
    )
    pitch: float = length(6.0, "height of one turn", relative=(0.3, 0.45))
    wire: float = length(2.0, "diameter of the wire", relative=(0.08, 0.15))
    turns: float = quantity(3.0, "", 0.05, 100.0, "number of turns", typical=(1.5, 3.0))
    left_handed: bool = switch(False, "left-handed, the mirror image of a right-handed helix")

    def __post_init__(self) -> None:
        """Refuse a wire that touches itself."""
        super().__post_init__()
        if self.wire >= min(self._closest, 2 * self._curvature_radius):
            raise InputError(
                f"The wire of a helix must be thinner than {self._closest:.3g} nm, the distance of "
                f"its turns, and than {2 * self._curvature_radius:.3g} nm, the diameter at which "
                f"it is bent. Received: {self.wire:g} nm"
            )

    @property
    def _rise(self) -> float:
        """Height gained per radian [nm]."""
        return self.pitch / (2 * np.pi)

    @property
    def _curvature_radius(self) -> float:
        """Radius at which the middle of the wire is bent [nm]: (R² + c²) / R."""
        return (self.diameter / 2) + 2 * self._rise**2 / self.diameter

    @property
    def _closest(self) -> float:
        """Smallest distance [nm] to which the wire's middle returns, infinite where it does not."""
        angle = np.linspace(0, 2 * np.pi * min(self.turns, 1.5), 2000)
        distance = np.sqrt(self.diameter**2 * (1 - np.cos(angle)) / 2 + (self._rise * angle) ** 2)
        away = np.maximum.accumulate(distance)
        return float(distance[distance < away].min(initial=np.inf))

    def mesh(self) -> tuple[Array, NDArray[np.int64]]:
        """Rings of vertices along the wire, joined by triangles, and a fan on each end."""
        return self._surface

    @cached_property
    def _surface(self) -> tuple[Array, NDArray[np.int64]]:
        steps = max(int(np.ceil(self.turns * _STEPS_PER_TURN)), 4)
        angle = 2 * np.pi * self.turns * np.linspace(-0.5, 0.5, steps + 1)[:, None]
        radius, rise = self.diameter / 2, self._rise
        cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
        middle = np.hstack([radius * cos, radius * sin, rise * angle])
        outward = np.hstack([cos, sin, zero])
        along = np.hstack([-radius * sin, radius * cos, zero + rise])
        across = np.cross(along / np.hypot(radius, rise), outward)
        around = 2 * np.pi * np.arange(_SIDES)[:, None] / _SIDES
        rim = outward[:, None] * np.cos(around) + across[:, None] * np.sin(around)
        vertices = np.concatenate(
            [(middle[:, None] + self.wire / 2 * _WIDER * rim).reshape(-1, 3), middle[[0, -1]]]
        )
        faces = _tube(steps, _SIDES)
        vertices -= centre_of_mass(vertices, faces)
        if self.left_handed:
            vertices[:, 1] *= -1
            faces = faces[:, ::-1]
        return vertices, faces


def _tube(steps: int, sides: int) -> NDArray[np.int64]:
    """Outward triangles of a tube: `steps` + 1 rings of `sides` vertices, then its two ends."""
    i, j = np.divmod(np.arange(steps * sides), sides)
    following = (j + 1) % sides
    a, b = i * sides + j, i * sides + following
    c, d = a + sides, b + sides
    first, last = (steps + 1) * sides, (steps + 1) * sides + 1
    k, after = np.arange(sides), (np.arange(sides) + 1) % sides
    top = steps * sides
    return np.concatenate(
        [
            np.stack([a, b, d], axis=1),
            np.stack([a, d, c], axis=1),
            np.stack([np.full(sides, first), after, k], axis=1),
            np.stack([np.full(sides, last), top + k, top + after], axis=1),
        ]
    )
