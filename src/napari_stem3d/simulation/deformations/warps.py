"""Deformations that move every point of the body: it is twisted, bent or roughened."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq
from scipy.spatial import ConvexHull

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece
from napari_stem3d.simulation.deformations._base import Deformation
from napari_stem3d.simulation.fields import length, switch, whole
from napari_stem3d.simulation.shapes import Shape

_FINENESS = 16  # edges of triangles, in a body's radius
_WAVES = 256  # that a rough surface is made of
_STEEPEST = 0.25  # rms over correlation length, beyond which surfaces begin to fold
_MOST_BENT = 2.331  # half the angle of an arc [rad] whose ends reach farthest to the side


class Warp(Deformation):
    """Deformation by a map of space, which moves the points of triangle meshes.

    A subclass writes `move`. As the whole of space is moved, pieces that touch still touch, and
    what is missing is moved with the rest. Curved faces become triangles that leave less than
    0.5 % of the volume out.
    """

    @abc.abstractmethod
    def move(self, shape: Shape, points: Array) -> Array:
        """Where points (n, 3) [nm] of the body come to lie."""

    def longest_edge(self, shape: Shape) -> float:
        """Length [nm] up to which the map may be taken as straight."""
        return shape.radius / _FINENESS

    def apply(self, shape: Shape, body: Body) -> Body:
        """Body whose meshes are moved."""
        pieces, points = [], []
        for sign, (vertices, faces) in body.meshes(self.longest_edge(shape)):
            moved = self.move(shape, vertices)
            pieces.append((sign, Piece(mesh=(moved, faces))))
            points.append(moved)
        hull = np.concatenate(points)
        hull = hull[ConvexHull(hull).vertices]
        return Body(tuple(pieces), float(np.linalg.norm(hull, axis=1).max()), hull)


@dataclass(frozen=True)
class Twisted(Warp):
    """Body twisted about its z axis, by an angle that grows evenly along it.

    The top and the bottom of the sphere about the shape turn against each other by the
    displacement over its radius, which is the angle in radians. The volume stays.
    """

    name: ClassVar[str] = "twisted"
    description: ClassVar[str] = "twisted about the axis"

    displacement: float = length(
        2.0, "path along which top and bottom move at the shape's radius", relative=(0.2, 0.6)
    )
    left_handed: bool = switch(False, "twisted to the left instead of to the right")

    def move(self, shape: Shape, points: Array) -> Array:
        """Turn each point by an angle in proportion to its height."""
        rate = self.displacement / (2 * shape.radius**2) * (-1 if self.left_handed else 1)
        x, y, z = points.T
        cos, sin = np.cos(rate * z), np.sin(rate * z)
        return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=1)


@dataclass(frozen=True)
class Bent(Warp):
    """Body bent about its y axis, so that its z axis becomes an arc of a circle.

    A line along z through the sphere about the shape keeps its length, and its ends move by the
    deflection towards x. The volume stays, as long as the centre of mass of what is bent lies on
    the axis.
    """

    name: ClassVar[str] = "bent"
    description: ClassVar[str] = "bent, its axis an arc of a circle"

    deflection: float = length(1.0, "how far the ends of the axis move aside", relative=(0.05, 0.2))

    def move(self, shape: Shape, points: Array) -> Array:
        """Wind the z axis onto a circle in the plane of x and z."""
        largest = (1 - np.cos(_MOST_BENT)) / _MOST_BENT * shape.radius
        if self.deflection >= largest:
            raise InputError(
                f"The deflection of a {shape.name} must be less than {largest:.4g} nm, where its "
                f"axis is a circle all but closed. Received: {self.deflection:g}"
            )
        share = self.deflection / shape.radius
        angle = brentq(lambda a: (1 - np.cos(a)) - share * a, 1e-9, _MOST_BENT)
        circle = shape.radius / angle
        x, y, z = points.T
        if x.max() >= circle:
            raise InputError(
                f"A {shape.name} that is bent to a circle of {circle:.4g} nm must reach less far "
                f"to its inside, or it folds. Received: {x.max():.4g} nm"
            )
        return np.stack(
            [circle - (circle - x) * np.cos(z / circle), y, (circle - x) * np.sin(z / circle)],
            axis=1,
        )


@dataclass(frozen=True)
class Rough(Warp):
    """Body whose surface is rough: its points are moved by a Gaussian random field.

    The field has three independent components, and so moves a face of any direction by `rms`
    along its normal. Its autocorrelation is ``exp(-r²/l²)``; it is a sum of plane waves with
    Gaussian wave vectors and random phases (Shinozuka and Deodatis, Appl. Mech. Rev. 44, 1991).
    """

    name: ClassVar[str] = "rough"
    description: ClassVar[str] = "with a rough surface"

    rms: float = length(0.2, "rms height of the roughness", relative=(0.01, 0.04))
    correlation: float = length(
        2.0, "length over which the autocorrelation falls to 1/e", relative=(0.2, 0.4)
    )
    seed: int = whole(0, 0, 2**31 - 1, "which of the random surfaces")

    def __post_init__(self) -> None:
        """Refuse roughness that would fold the surface."""
        super().__post_init__()
        if self.rms > _STEEPEST * self.correlation:
            raise InputError(
                f"Rough.rms must be at most {_STEEPEST:g} of its correlation length, for the "
                f"surface not to fold. Received: {self.rms:g} nm and {self.correlation:g} nm"
            )

    def longest_edge(self, shape: Shape) -> float:
        """Length [nm] up to which the map may be taken as straight."""
        return min(super().longest_edge(shape), self.correlation / 2)

    def move(self, shape: Shape, points: Array) -> Array:
        """Add the random field to the points."""
        rng = np.random.default_rng(self.seed)
        waves = rng.normal(scale=np.sqrt(2) / self.correlation, size=(3, _WAVES))
        phases = rng.uniform(0, 2 * np.pi, _WAVES)
        directions = rng.normal(size=(_WAVES, 3))
        directions *= np.sqrt(3) / np.linalg.norm(directions, axis=1, keepdims=True)
        field = np.sqrt(2 / _WAVES) * np.cos(points @ waves + phases) @ directions
        return points + self.rms * field
