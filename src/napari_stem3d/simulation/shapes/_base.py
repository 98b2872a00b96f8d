"""Shape: one frozen dataclass per kind of particle."""

from __future__ import annotations

import abc
import dataclasses
from functools import cache, cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece, plane_vertices
from napari_stem3d.simulation.drawing import draw_fields
from napari_stem3d.simulation.fields import Checked


class Shape(Checked, abc.ABC):
    """A kind of particle: dimensions in nm as dataclass fields, and one method for its form.

    A subclass is a frozen dataclass with a `name`, a `description` and fields made by `length`,
    or by `quantity` with a ``typical`` range, `switch` and `text` where a length will not do. It
    writes whichever of `half_spaces` (convex polyhedra), `quadric` (curved bodies, optionally
    cut by half spaces), `mesh` (anything closed) or `pieces` (signed sums of these) is natural;
    the projection is exact for each. The origin is the centre of mass.
    """

    name: ClassVar[str]
    description: ClassVar[str]

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

    def pieces(self) -> tuple[tuple[float, Piece], ...]:
        """Signs and pieces that add up to the shape; one of the methods above by default."""
        surface, quadric, planes = self.mesh(), self.quadric(), self.half_spaces()
        if surface is None and quadric is None and planes is None:
            raise InputError(
                f"The shape {self.name!r} must define half_spaces, quadric, mesh or pieces. "
                f"Received: a class with none of them"
            )
        parts: dict[str, Any] = {} if planes is None else dict(zip(("normals", "offsets"), planes))
        if quadric is not None:
            parts["quadrics"] = np.asarray(quadric)[None]
        return ((1.0, Piece(**parts, mesh=surface)),)

    @property
    def lengths(self) -> dict[str, float]:
        """Dimensions that are lengths [nm], by their names."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {f.name: getattr(self, f.name) for f in fields if f.metadata.get("unit") == "nm"}

    def resized(self, *factors: float) -> Self:
        """Return the shape with its lengths times some factors: one each, or one for all."""
        each = factors if len(factors) > 1 else factors * len(self.lengths)
        changed = {name: size * f for (name, size), f in zip(self.lengths.items(), each)}
        return dataclasses.replace(self, **changed)  # type: ignore[type-var]

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
        return Body(self.pieces(), self.radius, self.hull())

    @classmethod
    def random(cls, rng: np.random.Generator, size: float, **given: Any) -> Self:
        """Shape with dimensions drawn uniformly from each field's relative range.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        size : float
            Length [nm] that the ranges are relative to.
        **given
            Values of fields that are not drawn.

        Returns
        -------
        Shape
            Instance of this class.
        """
        return cls(**draw_fields(cls, rng, size, given))


_NEXT, _LAST = [1, 2, 0], [2, 0, 1]  # axes of a vector product, which is quicker without NumPy's


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
        first, second = b - a, c - a
        normals = first[:, _NEXT] * second[:, _LAST] - first[:, _LAST] * second[:, _NEXT]
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
    @cache
    def edges(cls) -> tuple[tuple[int, int], ...]:
        """Edges, each by its two corners in ascending order, in ascending order."""
        pairs = {
            (min(pair), max(pair)) for face in cls.faces for pair in zip(face, face[1:] + face[:1])
        }
        return tuple(sorted(pairs))

    @classmethod
    @cache
    def neighbours(cls) -> tuple[tuple[int, ...], ...]:
        """Corners at the far ends of each corner's edges, corner by corner."""
        ends: list[set[int]] = [set() for _ in range(1 + max(map(max, cls.faces)))]
        for i, j in cls.edges():
            ends[i].add(j)
            ends[j].add(i)
        return tuple(tuple(sorted(others)) for others in ends)


def centre_of_mass(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Centre of mass of a closed mesh, from its tetrahedra about the origin."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c))
    return volumes @ (a + b + c) / (4 * volumes.sum())


def sphere_quadric(centre: Array, radius: float) -> Array:
    """Symmetric (4, 4) matrix of the sphere about a point (3,) [nm]."""
    matrix = np.eye(4)
    matrix[3, :3] = matrix[:3, 3] = -centre
    matrix[3, 3] = centre @ centre - radius**2
    return matrix
