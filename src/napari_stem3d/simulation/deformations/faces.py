"""Faces that are dented or bumped by a part of a sphere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece
from napari_stem3d.simulation.deformations._base import Deformation, check_places, places
from napari_stem3d.simulation.fields import length
from napari_stem3d.simulation.shapes import Shape, sphere_quadric


@dataclass(frozen=True)
class DentedFaces(Deformation):
    """Hollows in the middles of faces; each takes ``π d (3 r² + d²) / 6`` away."""

    name: ClassVar[str] = "dented_faces"
    description: ClassVar[str] = "hollows in the middles of faces"

    depth: float = length(1.0, "depth of the hollow", relative=(0.06, 0.18))
    radius: float = length(2.0, "radius of its rim", relative=(0.2, 0.28))
    faces: tuple[int, ...] = places("faces")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Take the spheres away from the body."""
        for centre, normal, _ in _middles(shape, self.faces, self.depth, self.radius):
            body = body.without(_ball(centre, normal, self.depth, self.radius))
        return body


@dataclass(frozen=True)
class BumpedFaces(Deformation):
    """Bumps on the middles of faces; each adds ``π h (3 r² + h²) / 6``."""

    name: ClassVar[str] = "bumped_faces"
    description: ClassVar[str] = "bumps on the middles of faces"

    height: float = length(1.0, "height of the bump", relative=(0.06, 0.18))
    radius: float = length(2.0, "radius of its rim", relative=(0.2, 0.28))
    faces: tuple[int, ...] = places("faces")

    def apply(self, shape: Shape, body: Body) -> Body:
        """Add what the spheres hold above the faces."""
        for centre, normal, offset in _middles(shape, self.faces, self.height, self.radius):
            above = Piece(-normal[None], np.array([-offset]))
            cap = _ball(centre, -normal, self.height, self.radius).intersect(above)
            body = body.united(cap)
        return body


def _middles(
    shape: Shape, faces: tuple[int, ...], depth: float, radius: float
) -> Iterator[tuple[Array, Array, float]]:
    """Middle of each face, its outward normal and its distance from the origin."""
    polyhedron = check_places(shape, "faces", faces)
    if depth > radius:
        raise InputError(
            "A dent or bump must be at most as deep or high as its radius. "
            f"Received: {depth:g} nm and {radius:g} nm"
        )
    normals, offsets = polyhedron.half_spaces()
    for face in faces:
        corners = polyhedron.vertices()[list(polyhedron.faces[face])]
        middle = corners.mean(axis=0)
        along = np.roll(corners, -1, axis=0) - corners
        areas = np.linalg.norm(np.cross(along, middle - corners), axis=1)
        room = float((areas / np.linalg.norm(along, axis=1)).min())
        if radius > room:
            raise InputError(
                f"The radius of a dent or bump on face {face} of a {shape.name} must be at most "
                f"{room:g} nm, for its rim to lie on the face. Received: {radius:g}"
            )
        yield middle, normals[face], float(offsets[face])


def _ball(middle: Array, towards: Array, depth: float, radius: float) -> Piece:
    """Sphere that meets a face in a circle, its centre on the side of `towards`.

    Four planes about the circle, which cut nothing off the cap, tell which caps lie apart.
    """
    sphere_radius = (radius**2 + depth**2) / (2 * depth)
    sides = np.linalg.svd(towards[None])[2][1:]
    normals = np.concatenate([sides, -sides])
    ball = sphere_quadric(middle + (sphere_radius - depth) * towards, sphere_radius)
    return Piece(normals, normals @ middle + radius, ball[None])
