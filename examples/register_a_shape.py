"""Bring a shape of your own, check it as the tests of a plugin would, and image it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d.plugins import hookimpl
from napari_stem3d.simulation import Shape, length, simulate
from napari_stem3d.testing import check_shape


@dataclass(frozen=True)
class HexagonalPlate(Shape):
    """Flat hexagonal prism about the body's z axis."""

    name: ClassVar[str] = "hexagonal_plate"
    description: ClassVar[str] = "flat hexagonal prism"

    width: float = length(14.0, "distance of opposite sides")
    height: float = length(4.0, "thickness of the plate")

    def half_spaces(self) -> tuple[np.ndarray, np.ndarray]:
        """Outward unit normals (8, 3), and distances of the faces from the origin (8,) [nm]."""
        angles = np.arange(6) * np.pi / 3
        sides = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(6)])
        normals = np.vstack([sides, [0, 0, 1], [0, 0, -1]])
        return normals, np.repeat([self.width / 2, self.height / 2], [6, 2])


@hookimpl
def register_shapes() -> list[type]:
    """Register it, once an entry point in the group `napari_stem3d.plugins` names this module."""
    return [HexagonalPlate]


check_shape(HexagonalPlate)
plate = HexagonalPlate()
images = [sample.image for sample in simulate(plate, frames=4)]
print(f"{len(images)} images of a plate of {plate.volume:.0f} nm³, {images[0].shape} pixels each")
