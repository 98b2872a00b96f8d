"""One particle of a scene."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scipy.spatial.transform import Rotation

from napari_stem3d.simulation.body import Body
from napari_stem3d.simulation.deformations import CutCorners, Deformation
from napari_stem3d.simulation.shapes import Shape


@dataclass(frozen=True, eq=False)
class Particle:
    """A shape, what is wrong with it, and how it lies.

    Attributes
    ----------
    shape : Shape
        Undeformed shape.
    position : tuple of float
        Where the shape's origin lies (y, x) [nm]; (0, 0) is the centre of the first pixel.
    rotation : scipy.spatial.transform.Rotation
        From the body's (x, y, z) to the laboratory's: x along the rows, y down the columns, z
        along the beam.
    deformations : tuple of Deformation
        Applied in their order.
    """

    shape: Shape
    position: tuple[float, float] = (0.0, 0.0)
    rotation: Rotation = field(default_factory=Rotation.identity)
    deformations: tuple[Deformation, ...] = ()

    @cached_property
    def body(self) -> Body:
        """Deformed body in its own frame."""
        body = self.shape.body
        for deformation in self.deformations:
            body = deformation.apply(self.shape, body)
        return body

    @property
    def volume(self) -> float:
        """Volume with all deformations [nm³]."""
        return self.body.volume if self.deformations else self.shape.volume

    @property
    def deformed_corners(self) -> tuple[int, ...]:
        """Indices of the corners that are deformed."""
        cuts = (d.corners for d in self.deformations if isinstance(d, CutCorners))
        return tuple(sorted({corner for corners in cuts for corner in corners}))

    def truth(self) -> dict[str, Any]:
        """Everything that is known of the particle, in plain numbers and strings.

        Returns
        -------
        dict
            ``y_nm``, ``x_nm``, ``shape``, ``dimensions_nm``, ``corners`` (number of deformed
            corners), ``corner_indices``, ``volume_nm3`` and ``orientation_xyzw``.
        """
        dimensions = dataclasses.asdict(self.shape)  # type: ignore[call-overload]
        return {
            "y_nm": float(self.position[0]),
            "x_nm": float(self.position[1]),
            "shape": self.shape.name,
            "dimensions_nm": " ".join(f"{key}={value:.6g}" for key, value in dimensions.items()),
            "corners": len(self.deformed_corners),
            "corner_indices": " ".join(map(str, self.deformed_corners)),
            "volume_nm3": float(self.volume),
            "orientation_xyzw": " ".join(f"{q:.9f}" for q in self.rotation.as_quat()),
        }
