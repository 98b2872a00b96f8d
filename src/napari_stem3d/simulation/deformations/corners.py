"""Corners cut off or rounded at a distance along their edges."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece
from napari_stem3d.simulation.deformations._base import Deformation, check_places, places
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes import Shape, sphere_quadric


@dataclass(frozen=True)
class TruncatedCorners(Deformation):
    """Corners cut off by the plane that crosses their edges at one distance.

    A cut of leg d takes d³/6 off a right-angled corner. Where more than three edges meet that no
    plane crosses alike, the plane comes as close to it as one can.
    """

    name: ClassVar[str] = "truncated_corners"
    description: ClassVar[str] = "corners cut off at a distance along their edges"

    leg: float = length(
        2.0, "distance along the edges from the corner to the cut", relative=(0.15, 0.45)
    )
    corners: tuple[int, ...] = places("corners")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Cut the body by one plane per corner."""
        normals, offsets = [], []
        for point, axis in _tips(shape, self.corners, self.leg, 1.0):
            normals.append(-axis / np.linalg.norm(axis))
            offsets.append(normals[-1] @ point - self.leg**2 / np.linalg.norm(axis))
        return body.cut(Piece(np.array(normals), np.array(offsets))) if normals else body


@dataclass(frozen=True)
class RoundedCorners(Deformation):
    """Corners rounded by the sphere that touches their edges at one distance.

    Beyond the plane through these points the body ends at the sphere. Where more than three
    edges meet that no sphere touches alike, the sphere comes as close to it as one can.
    """

    name: ClassVar[str] = "rounded_corners"
    description: ClassVar[str] = "corners rounded by a sphere that touches their edges"

    leg: float = length(
        2.0, "distance along the edges from the corner to the sphere", relative=(0.15, 0.45)
    )
    corners: tuple[int, ...] = places("corners")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Cut the body by the planes, and add what spheres hold of the tips."""
        pieces: list[tuple[float, Piece]] = []
        normals, offsets = np.empty((0, 3)), np.empty(0)
        for point, axis in _tips(shape, self.corners, self.leg, 0.5):
            distance = np.linalg.norm(axis)
            normal = axis[None] / distance
            offset = normal @ point + self.leg**2 / distance
            ball = sphere_quadric(point + axis, np.sqrt(distance**2 - self.leg**2))
            pieces += body.cut(Piece(normal, offset, ball[None])).pieces
            normals, offsets = np.append(normals, -normal, 0), np.append(offsets, -offset)
        whole = body.cut(Piece(normals, offsets)).pieces
        return dataclasses.replace(body, pieces=(*whole, *pieces)) if pieces else body


def _tips(
    shape: Shape, corners: tuple[int, ...], leg: float, deepest: float
) -> list[tuple[Array, Array]]:
    """Corners, and the vectors from them to the centres of the spheres that touch their edges.

    The centre c, from the corner, of a sphere that touches the edges along e at the distance d
    fulfils ``c . e = d``; the plane through the points ``d e`` is ``c . r = d²``.
    """
    polyhedron = check_places(shape, "corners", corners)
    points, neighbours = polyhedron.vertices(), polyhedron.neighbours()
    tips = []
    for corner in corners:
        edges = points[list(neighbours[corner])] - points[corner]
        lengths = np.linalg.norm(edges, axis=1)
        if leg > deepest * lengths.min() * (1 + 1e-9):
            raise InputError(
                f"The leg at corner {corner} of a {shape.name} must be at most "
                f"{deepest * lengths.min():g} nm, "
                + ("half " if deepest < 1 else "")
                + f"its shortest edge. Received: {leg:g}"
            )
        directions = edges / lengths[:, None]
        axis = np.linalg.lstsq(directions, np.full(len(edges), leg), rcond=None)[0]
        tips.append((points[corner], axis))
    return tips
