"""Shape: one frozen dataclass per kind of particle."""

from __future__ import annotations

import abc
import dataclasses
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.body import Array, Body, plane_vertices
from napari_stem3d.simulation.fields import check_bounds


class Shape(abc.ABC):
    """A kind of particle: dimensions in nm as dataclass fields, and one method for its form.

    A subclass is a frozen dataclass with a `name`, a `description` and fields made by
    `length`. It writes whichever of `half_spaces` (convex polyhedra), `quadric` (curved bodies,
    optionally cut by half spaces) or `mesh` (anything closed) is natural; the projection is
    exact for each. The origin is the centre of mass.
    """

    name: ClassVar[str]
    description: ClassVar[str]

    def __post_init__(self) -> None:
        """Refuse dimensions outside their bounds."""
        check_bounds(self)

    def half_spaces(self) -> tuple[Array, Array] | None:
        """Outward unit normals (F, 3) and distances from the origin (F,) [nm] of flat faces."""
        return None

    def quadric(self) -> Array | None:
        """Symmetric (4, 4) matrix Q of the curved surface, inside where [r, 1] Q [r, 1] <= 0."""
        return None

    def mesh(self) -> tuple[Array, NDArray[np.int64]] | None:
        """Vertices (V, 3) [nm] and outward triangles (T, 3) of a closed surface."""
        return None

    def hull(self) -> Array | None:
        """Points (P, 3) [nm] whose convex hull holds the shape, where a few are known."""
        return None if (surface := self.mesh()) is None else surface[0]

    @property
    def volume(self) -> float:
        """Volume [nm³]."""
        return self.body.volume

    @property
    def radius(self) -> float:
        """Radius of a sphere about the origin that holds the shape [nm]."""
        surface = self.mesh()
        if surface is not None:
            points = surface[0]
        elif self.quadric() is None and (planes := self.half_spaces()) is not None:
            points = plane_vertices(*planes)
        else:
            raise NotImplementedError(f"{type(self).__name__} must define its radius")
        return float(np.linalg.norm(points, axis=1).max())

    @cached_property
    def body(self) -> Body:
        """Geometry for the projector."""
        surface, quadric, planes = self.mesh(), self.quadric(), self.half_spaces()
        if surface is None and quadric is None and planes is None:
            raise InputError(
                f"The shape {self.name!r} must define half_spaces, quadric or mesh. "
                f"Received: a class with none of them"
            )
        normals, offsets = planes if planes is not None else (np.empty((0, 3)), np.empty(0))
        return Body(normals, offsets, quadric, surface, self.radius, self.hull())

    @classmethod
    def random(cls, rng: np.random.Generator, size: float) -> Self:
        """Shape with dimensions drawn uniformly from each field's relative range.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        size : float
            Length [nm] that the ranges are relative to.

        Returns
        -------
        Shape
            Instance of this class.
        """
        ranges = {f.name: f.metadata["relative"] for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: float(size * rng.uniform(*span)) for name, span in ranges.items()})


class Polyhedron(Shape):
    """Convex polyhedron given by its vertices; knows its corners, so that they can be cut.

    A subclass writes `vertices` and lists its `faces`, each a tuple of indices of vertices
    in order around the face (either sense).
    """

    faces: ClassVar[tuple[tuple[int, ...], ...]]

    @abc.abstractmethod
    def vertices(self) -> Array:
        """Corners, shape (V, 3) [nm]."""

    def half_spaces(self) -> tuple[Array, Array]:
        """Outward unit normals and distances of the faces, from the vertices."""
        points = self.vertices()
        a, b, c = (points[[face[k] for face in self.faces]] for k in range(3))
        normals = np.cross(b - a, c - a)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        offsets = np.einsum("ij,ij->i", normals, a)
        outward = np.sign(offsets)
        return normals * outward[:, None], offsets * outward

    def hull(self) -> Array:
        """Corners (V, 3) [nm]."""
        return self.vertices()

    @property
    def radius(self) -> float:
        """Distance of the outermost corner from the origin [nm]."""
        return float(np.linalg.norm(self.vertices(), axis=1).max())

    @classmethod
    def neighbours(cls) -> tuple[tuple[int, ...], ...]:
        """Corners at the far ends of each corner's edges, corner by corner."""
        edges = {frozenset(pair) for face in cls.faces for pair in zip(face, face[1:] + face[:1])}
        count = 1 + max(max(face) for face in cls.faces)
        return tuple(
            tuple(sorted(j for j in range(count) if frozenset((i, j)) in edges and i != j))
            for i in range(count)
        )
