"""Edges that are bevelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece
from napari_stem3d.simulation.deformations._base import Deformation, check_places, places
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes import Polyhedron, Shape


@dataclass(frozen=True)
class BevelledEdges(Deformation):
    """Edges cut off by the plane that lies alike to both faces.

    A bevel of width w takes ``w² / 2`` times its length off a right-angled edge.
    """

    name: ClassVar[str] = "bevelled_edges"
    description: ClassVar[str] = "edges cut off by planes"

    width: float = length(
        1.0, "distance across the faces from the edge to the bevel", relative=(0.08, 0.25)
    )
    edges: tuple[int, ...] = places("edges")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Cut the body by one plane per edge."""
        polyhedron = check_places(shape, "edges", self.edges)
        planes = [self._plane(polyhedron, edge) for edge in self.edges]
        if not planes:
            return body
        normals, offsets = zip(*planes)
        return body.cut(Piece(np.array(normals), np.array(offsets)))

    def _plane(self, shape: Polyhedron, edge: int) -> tuple[Array, float]:
        """Outward normal and distance from the origin of the bevel."""
        ends = shape.edges()[edge]
        points, planes = shape.vertices(), shape.half_spaces()[0]
        start, along = points[ends[0]], points[ends[1]] - points[ends[0]]
        inward, normal = np.zeros(3), np.zeros(3)
        for face, outward in zip(shape.faces, planes):
            if not set(ends) <= set(face):
                continue
            across = np.cross(outward, along) / np.linalg.norm(along)
            reaches = (points[list(face)] - start) @ across
            reach = max(reaches, key=abs)
            if self.width > abs(reach) / 2:
                raise InputError(
                    f"The width of a bevel at edge {edge} of a {shape.name} must be at most "
                    f"{abs(reach) / 2:g} nm, half the width of its face. Received: {self.width:g}"
                )
            inward, normal = across * np.sign(reach), normal + outward
        normal /= np.linalg.norm(normal)
        return normal, float(normal @ (start + self.width * inward))
