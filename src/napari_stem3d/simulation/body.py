"""What the projector sees: signed sums of convex pieces and closed meshes."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import _kernels
from napari_stem3d.simulation._packing import stack_bodies

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Piece:
    """Part of space inside planes, quadrics and at most one closed mesh, lengths in nm.

    Attributes
    ----------
    normals : ndarray, shape (F, 3)
        Outward unit normals of the planes.
    offsets : ndarray, shape (F,)
        Distances of the planes from the origin [nm]; inside is where ``normal . r <= offset``.
    quadrics : ndarray, shape (K, 4, 4)
        Symmetric matrices of curved surfaces; inside is where ``[r, 1] Q [r, 1] <= 0``. Within the
        planes the inside of each is convex: of a cone, they keep one nappe.
    mesh : tuple of ndarray or None
        Vertices (V, 3) [nm] and triangles (T, 3), counter-clockwise seen from outside.
    """

    normals: Array = field(default_factory=lambda: np.empty((0, 3)))
    offsets: Array = field(default_factory=lambda: np.empty(0))
    quadrics: Array = field(default_factory=lambda: np.empty((0, 4, 4)))
    mesh: Mesh | None = None

    def intersect(self, other: Piece) -> Piece:
        """Part of space inside both; one of them at the most has a mesh."""
        if self.mesh is not None and other.mesh is not None:
            raise InputError(
                "other must be made of planes and quadrics, to be met with a mesh. "
                "Received: a piece with a mesh"
            )
        return Piece(
            np.concatenate([self.normals, other.normals]),
            np.concatenate([self.offsets, other.offsets]),
            np.concatenate([self.quadrics, other.quadrics]),
            self.mesh or other.mesh,
        )


@dataclass(frozen=True, eq=False)
class Body:
    """Geometry of one particle in its own frame: a signed sum of pieces, lengths in nm.

    Attributes
    ----------
    pieces : tuple of (float, Piece)
        Signs, 1 for matter and -1 for what is missing of it, and pieces. In every point the signs
        of the pieces that hold it add up to 1 inside the body and to 0 outside.
    radius : float
        Radius of a sphere about the origin that holds the body [nm].
    hull : ndarray, shape (P, 3), or None
        Points whose convex hull holds the body [nm], where a few are known.
    """

    pieces: tuple[tuple[float, Piece], ...]
    radius: float
    hull: Array | None = None

    def cut(self, region: Piece) -> Body:
        """Body without what lies outside a convex region."""
        return dataclasses.replace(
            self, pieces=tuple((sign, piece.intersect(region)) for sign, piece in self.pieces)
        )

    def without(self, region: Piece) -> Body:
        """Body without what lies inside a convex region."""
        missing = tuple((-sign, piece) for sign, piece in self.cut(region).pieces)
        return dataclasses.replace(self, pieces=self.pieces + missing)

    def united(self, region: Piece) -> Body:
        """Body and all that lies inside a convex region, which planes or ellipsoids bound."""
        points, radius = _bounds(region)
        hull = None if self.hull is None else np.concatenate([self.hull, points])
        pieces = (*self.without(region).pieces, (1.0, region))
        return Body(pieces, max(self.radius, radius), hull)

    @property
    def volume(self) -> float:
        """Volume [nm³]: exact where faces are flat, else within 1e-4 from a fine projection."""
        return sum(
            sign
            * (_flat_volume(piece) if _is_flat(piece) else _projected_volume(piece, self.radius))
            for sign, piece in self.pieces
        )


def _is_flat(piece: Piece) -> bool:
    """Whether a piece is a polyhedron or a whole mesh, whose volume is a sum over its faces."""
    return not len(piece.quadrics) and (piece.mesh is None or not len(piece.offsets))


def _flat_volume(piece: Piece) -> float:
    if piece.mesh is not None:
        vertices, faces = piece.mesh
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
    points = plane_vertices(piece.normals, piece.offsets)
    if len(points) < 4 or np.linalg.matrix_rank(points - points[0], tol=1e-9) < 3:
        return 0.0
    return float(ConvexHull(points).volume)


def _projected_volume(piece: Piece, radius: float) -> float:
    """Volume from the thickness in three poses askew to all likely faces, on 600 x 600 pixels."""
    side = 600
    step = 2 * radius / (side - 1)
    poses = Rotation.from_rotvec([[1.1, 0.4, -0.3], [-0.5, 1.3, 0.2], [0.3, -0.6, 2.0]]).as_matrix()
    places = np.full((3, 2), radius)
    geometry, spans = stack_bodies([Body(((1.0, piece),), radius)] * 3)
    numbers = np.concatenate([spans, [[k, 0] for k in range(3)]], axis=1)
    windows = np.tile([0, side, 0, side], (3, 1))
    particles = numbers, windows, np.zeros(3), np.ones(3, np.float32)
    image = np.zeros((side, side), np.float32)
    scene = tuple(geometry), particles, (poses, places)
    _kernels.project(scene, (-1e9, 1e9), (step, step), image)
    return float(image.sum(dtype=float) * step**2 / 3)


def _bounds(region: Piece) -> tuple[Array, float]:
    """Points whose convex hull holds a convex region, and the radius about the origin."""
    normals, offsets, radius = [region.normals], [region.offsets], np.inf
    for quadric in region.quadrics:
        values, axes = np.linalg.eigh(quadric[:3, :3])
        curved = values > 1e-9 * np.abs(values).max()
        if (values < -1e-9 * np.abs(values).max()).any():
            continue  # a cone: its planes must bound it
        centre = -(axes[:, curved] / values[curved]) @ axes[:, curved].T @ quadric[:3, 3]
        level = centre @ quadric[:3, :3] @ centre - quadric[3, 3]
        reach = np.sqrt(np.maximum(level, 0) / values[curved])
        along = centre @ axes[:, curved]
        normals += [axes[:, curved].T, -axes[:, curved].T]
        offsets += [along + reach, reach - along]
        if curved.all():
            radius = min(radius, float(np.linalg.norm(centre) + reach.max()))
    points = plane_vertices(np.concatenate(normals), np.concatenate(offsets))
    if not len(points):
        raise InputError("region must be bounded and not empty. Received: one that is not")
    return points, min(radius, float(np.linalg.norm(points, axis=1).max()))


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
    triples = np.array(list(itertools.combinations(range(len(offsets)), 3)), int).reshape(-1, 3)
    matrices, sides = normals[triples], offsets[triples]
    regular = np.abs(np.linalg.det(matrices)) > 1e-9
    points = np.linalg.solve(matrices[regular], sides[regular][..., None])[..., 0]
    tolerance = 1e-9 * max(1.0, float(np.abs(offsets).max(initial=0)))
    return points[(points @ normals.T <= offsets + tolerance).all(axis=1)]
