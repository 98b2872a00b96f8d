"""Corners cut off by planes at fractions of their edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array, Body, Piece
from napari_stem3d.simulation.deformations._base import (
    Deformation,
    random_places,
    require_polyhedron,
)
from napari_stem3d.simulation.shapes import Shape

DEEPEST_CUT = 0.5  # two cuts on one edge meet, at the most, in its middle


@dataclass(frozen=True)
class CutCorners(Deformation):
    """Corners of a polyhedron cut off by planes.

    Attributes
    ----------
    corners : tuple of int
        Which corners, by their index among the vertices of the shape.
    fractions : tuple of tuple of float
        For each of them, where the plane crosses its edges: fractions of the edge's length from
        the corner, in the order of `Polyhedron.neighbours`. Where more than three edges meet,
        the plane is the closest to the crossings asked for that crosses no edge beyond its middle.
    """

    corners: tuple[int, ...]
    fractions: tuple[tuple[float, ...], ...]

    name: ClassVar[str] = "cut_corners"
    description: ClassVar[str] = "corners cut off by planes at fractions of their edges"

    def __post_init__(self) -> None:
        """Refuse repeated corners and cuts that do not leave the edges' far halves alone."""
        if len(set(self.corners)) != len(self.corners) or len(self.corners) != len(self.fractions):
            raise InputError(
                "corners must be different indices, with one tuple of fractions each. "
                f"Received: {self.corners!r} with {len(self.fractions)} tuples"
            )
        if not all(0 < f <= DEEPEST_CUT for cut in self.fractions for f in cut):
            raise InputError(
                f"fractions must lie above 0 and at most at {DEEPEST_CUT:g}. "
                f"Received: {self.fractions!r}"
            )

    def apply(self, shape: Shape, body: Body) -> Body:
        """Add the planes through the points asked for."""
        planes = self.planes(shape)
        return body.cut(Piece(planes[:, :3], planes[:, 3])) if len(planes) else body

    def planes(self, shape: Shape) -> Array:
        """Outward unit normals and distances from the origin [nm] of the cuts; shape (n, 4).

        Parameters
        ----------
        shape : Shape
            Polyhedron that is cut.

        Returns
        -------
        ndarray, shape (n, 4)
            One plane for each of the `corners`, in their order.

        Raises
        ------
        InputError
            If the shape has no such corners or another number of edges there.
        """
        polyhedron = require_polyhedron(shape, "corners")
        points, neighbours = polyhedron.vertices(), polyhedron.neighbours()
        for corner, fractions in zip(self.corners, self.fractions):
            if not 0 <= corner < len(neighbours) or len(fractions) != len(neighbours[corner]):
                raise InputError(
                    f"A {shape.name} has corners 0 to {len(neighbours) - 1}, each cut with one "
                    f"fraction per edge. Received: corner {corner} with {len(fractions)} fractions"
                )
        planes = np.empty((len(self.corners), 4))
        degrees = np.array([len(fractions) for fractions in self.fractions])
        for degree in set(degrees.tolist()):
            alike = np.flatnonzero(degrees == degree)
            corners = [self.corners[k] for k in alike]
            start = points[corners]
            edges = points[[neighbours[k] for k in corners]] - start[:, None]
            # The plane m . r = 1, r from the corner, crosses edge e at the fraction 1 / (m . e).
            wanted = 1 / np.array([self.fractions[k] for k in alike])
            own = np.einsum("nij,nj->ni", inverse_edges(edges), wanted)
            least = np.einsum("nji,ni->nj", edges, own).min(axis=1)
            own *= np.maximum(1.0, 1 / DEEPEST_CUT / least)[:, None]
            norm = np.linalg.norm(own, axis=1)
            planes[alike, :3] = -own / norm[:, None]
            planes[alike, 3] = -(1 + np.einsum("ni,ni->n", own, start)) / norm
        return planes

    @classmethod
    def random(  # type: ignore[override]
        cls,
        shape: Shape,
        count: int,
        rng: np.random.Generator,
        span: tuple[float, float] = (0.25, 0.5),
    ) -> Self:
        """Cut `count` different corners, chosen with equal chances.

        Parameters
        ----------
        shape : Shape
            Polyhedron whose corners are cut.
        count : int
            Number of corners.
        rng : numpy.random.Generator
            Source of randomness.
        span : tuple of float
            Range of the fractions, drawn uniformly.

        Returns
        -------
        CutCorners
            The deformation.

        Raises
        ------
        InputError
            If the shape has no corners, or fewer than `count`.
        """
        corners = random_places(shape, "corners", count, rng)
        neighbours = require_polyhedron(shape, "corners").neighbours()
        return cls(
            corners, tuple(tuple(rng.uniform(*span, len(neighbours[k])).tolist()) for k in corners)
        )


def inverse_edges(edges: Array) -> Array:
    """Pseudo-inverses (..., 3, n) of corners' edges (..., n, 3); of three edges, the inverse."""
    return np.asarray((np.linalg.inv if edges.shape[-2] == 3 else np.linalg.pinv)(edges), float)
