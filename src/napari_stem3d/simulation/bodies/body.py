"""What the projector sees: signed sums of convex pieces and closed meshes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies import _kernels
from napari_stem3d.simulation.bodies._packing import stack_bodies
from napari_stem3d.simulation.bodies._star import (
    Array,
    Mesh,
    box_planes,
    outer_planes,
    plane_vertices,
)
from napari_stem3d.simulation.bodies._surface import mesh_piece, subdivide, volume_of

__all__ = ["Array", "Body", "Mesh", "Piece", "plane_vertices"]

_SIDE = 600  # pixels along either side of the projection that gives the volume of curved bodies
_ASKEW = [[0.11, 0.04, -0.03], [-0.05, 0.13, 0.02], [0.03, -0.06, 0.2]]  # turns away from symmetry


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
        pieces = tuple((sign, piece.intersect(region)) for sign, piece in self.pieces)
        if len(pieces) > 1:
            pieces = _not_empty(pieces, self.radius) or pieces[:1]
        return dataclasses.replace(self, pieces=pieces)

    def without(self, region: Piece) -> Body:
        """Body without what lies inside a convex region."""
        inside = tuple((-sign, piece.intersect(region)) for sign, piece in self.pieces)
        missing = _not_empty(inside, self.radius)
        return dataclasses.replace(self, pieces=self.pieces + missing)

    def united(self, region: Piece) -> Body:
        """Body and all that lies inside a convex region, which planes or ellipsoids bound."""
        points, radius = _bounds(region)
        hull = None if self.hull is None else np.concatenate([self.hull, points])
        pieces = (*self.without(region).pieces, (1.0, region))
        return Body(pieces, max(self.radius, radius), hull)

    @property
    def volume(self) -> float:
        """Volume [nm³]: exact where all faces are flat, else within 1e-4 from a projection."""
        return sum(
            sign
            * (
                _projected_volume(piece, self.radius)
                if len(piece.quadrics)
                else volume_of(mesh_piece(piece, self.radius))
            )
            for sign, piece in self.pieces
        )

    def meshes(self, longest_edge: float = np.inf) -> list[tuple[float, Mesh]]:
        """Surfaces of all pieces as closed triangle meshes.

        Parameters
        ----------
        longest_edge : float
            Longer edges are halved until none is longer [nm]; none is by default.

        Returns
        -------
        list of tuple
            Sign, and (vertices (V, 3) [nm], outward triangles (T, 3)) of every piece that is not
            empty. Flat faces are exact; the vertices of curved ones lie on them, which leaves a
            volume less than 0.2 % too small; where a quadric cuts a mesh, a polyhedron of some 150
            faces stands for it. Where a mesh is cut, the faces that close it may overlap in
            opposite senses.
        """
        if not longest_edge > 0:
            raise InputError(f"longest_edge must be a positive length. Received: {longest_edge!r}")
        surfaces = [(sign, mesh_piece(piece, self.radius)) for sign, piece in self.pieces]
        return [(sign, subdivide(mesh, longest_edge)) for sign, mesh in surfaces if len(mesh[1])]


def _not_empty(
    pieces: tuple[tuple[float, Piece], ...], radius: float
) -> tuple[tuple[float, Piece], ...]:
    """Pieces without those that planes alone show to be empty, which would only multiply."""
    return tuple(
        (sign, piece) for sign, piece in pieces if _inradius(piece, radius) > 1e-9 * radius
    )


def _inradius(piece: Piece, radius: float) -> float:
    """Radius of the largest sphere inside the planes of a piece and those about its quadrics."""
    normals, offsets = outer_planes(piece, radius)
    # Its centre r and radius t maximise t where n . r + t <= offset (Chebyshev's centre).
    found = linprog(
        [0, 0, 0, -1],
        np.column_stack([normals, np.ones(len(offsets))]),
        offsets,
        bounds=[(None, None)] * 3 + [(0, None)],
    )
    return -float(found.fun) if found.success else 0.0


def _projected_volume(piece: Piece, radius: float) -> float:
    """Volume from the thickness, on pixels that fit the piece, seen along its shortest axis."""
    corners = plane_vertices(*outer_planes(piece, radius))
    if len(corners) < 4 or _inradius(piece, radius) <= 1e-9 * radius:
        return 0.0
    axes = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)[2]
    turns = Rotation.from_rotvec(_ASKEW).as_matrix() @ (axes * np.linalg.det(axes))
    total = 0.0
    for turn in turns:
        across = corners @ turn[1::-1].T
        low, high = across.min(axis=0), across.max(axis=0)
        for _ in range(2):  # the second time on those pixels alone that the first has found
            step = (high - low) / (_SIDE - 1)
            image = _thickness(piece, turn, low, step)
            seen = np.nonzero(image)
            if not len(seen[0]):
                return 0.0
            first, last = np.min(seen, axis=1), np.max(seen, axis=1)
            low, high = low + (first - 1) * step, low + (last + 1) * step
        total += float(image.sum(dtype=float) * step.prod()) / len(turns)
    return total


def _thickness(piece: Piece, turn: Array, corner: Array, step: Array) -> NDArray[np.float32]:
    """Thickness of a piece on pixels that start at a corner (y, x) [nm]."""
    geometry, span = stack_bodies([Body(((1.0, piece),), np.inf)])
    window, image = np.array([[0, _SIDE, 0, _SIDE]]), np.zeros((_SIDE, _SIDE), np.float32)
    parts = np.append(span, [[0, 0]], axis=1), window, np.zeros(1), np.ones(1, np.float32)
    poses = turn[None].copy(), -corner[None]
    sampling = float(step[0]), float(step[1])
    _kernels.project((tuple(geometry), parts, poses), (-1e9, 1e9), sampling, image)
    return image


def _bounds(region: Piece) -> tuple[Array, float]:
    """Points whose convex hull holds a convex region, and the radius about the origin."""
    points = plane_vertices(*outer_planes(region, np.inf))
    if not len(points):
        raise InputError("region must be bounded, and not empty. Received: one that is not")
    radius = float(np.linalg.norm(points, axis=1).max())
    for quadric in region.quadrics:
        offsets = box_planes(quadric)[1]
        if len(offsets) == 6:  # an ellipsoid reaches less far than the corners of its box
            reach, along = (offsets[:3] + offsets[3:]) / 2, (offsets[:3] - offsets[3:]) / 2
            radius = min(radius, float(np.linalg.norm(along) + reach.max()))
    return points, radius
