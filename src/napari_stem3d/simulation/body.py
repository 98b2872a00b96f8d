"""What the projector sees: planes and at most one quadric, or a closed mesh."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Body:
    """Geometry of one particle in its own frame, lengths in nm.

    A body is either the part of space where every plane satisfies ``normal . r <= offset`` and,
    if there is a quadric, ``[r, 1] Q [r, 1] <= 0``; or the inside of a closed triangle mesh.

    Attributes
    ----------
    normals : ndarray, shape (F, 3)
        Outward unit normals of the planes.
    offsets : ndarray, shape (F,)
        Distances of the planes from the origin [nm].
    quadric : ndarray, shape (4, 4), or None
        Symmetric matrix of the curved surface.
    mesh : tuple of ndarray or None
        Vertices (V, 3) [nm] and triangles (T, 3), counter-clockwise seen from outside.
    radius : float
        Radius of a sphere about the origin that holds the body [nm].
    hull : ndarray, shape (P, 3), or None
        Points whose convex hull holds the body [nm], where a few are known.
    """

    normals: Array
    offsets: Array
    quadric: Array | None
    mesh: tuple[Array, NDArray[np.int64]] | None
    radius: float
    hull: Array | None = None

    def cut(self, normals: Array, offsets: Array) -> Body:
        """Body without what lies beyond further planes (shapes as `normals` and `offsets`)."""
        return dataclasses.replace(
            self,
            normals=np.vstack([self.normals, normals]),
            offsets=np.concatenate([self.offsets, offsets]),
        )

    @property
    def volume(self) -> float:
        """Volume of a polyhedron or mesh [nm³]; a quadric's is known to its shape alone."""
        if self.mesh is not None:
            vertices, faces = self.mesh
            a, b, c = (vertices[faces[:, k]] for k in range(3))
            return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
        return float(ConvexHull(plane_vertices(self.normals, self.offsets)).volume)


def plane_vertices(normals: Array, offsets: Array) -> Array:
    """Vertices of the convex polyhedron that planes enclose.

    Parameters
    ----------
    normals : ndarray, shape (F, 3)
        Outward unit normals.
    offsets : ndarray, shape (F,)
        Distances from the origin [nm].

    Returns
    -------
    ndarray, shape (V, 3)
        Intersections of three planes that no other plane cuts off [nm], repeated where more
        than three planes meet.
    """
    triples = np.array(list(itertools.combinations(range(len(offsets)), 3)))
    matrices, sides = normals[triples], offsets[triples]
    regular = np.abs(np.linalg.det(matrices)) > 1e-9
    points = np.linalg.solve(matrices[regular], sides[regular][..., None])[..., 0]
    tolerance = 1e-9 * max(1.0, float(np.abs(offsets).max()))
    return points[(points @ normals.T <= offsets + tolerance).all(axis=1)]
