"""Edges and corners of a particle: where its faces meet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.bodies.body import Piece, plane_vertices
from napari_stem3d.simulation.scenes.particle import Particle

Array = NDArray[np.float64]

_RIM = 48  # segments that stand for the curve where a flat face cuts a curved one
_CLOSE = 1e-6  # of the size: what lies closer together is one


class Creases(NamedTuple):
    """Where the faces of a body meet, in its own frame.

    Attributes
    ----------
    edges : ndarray, shape (S, 2, 3)
        Ends of straight pieces [nm].
    corners : ndarray, shape (C, 3)
        Points at which edges, or all of a curved face, run together [nm].
    """

    edges: Array
    corners: Array


def creases(particle: Particle) -> Creases:
    """Edges and corners of a particle with all its deformations.

    Known are convex bodies of flat faces and those that flat faces cut out of one curved face
    (cylinders and cones). Spheres, rods and wires have none; neither are those of bodies of
    several pieces told, such as dented ones.

    Parameters
    ----------
    particle : Particle
        Any particle.

    Returns
    -------
    Creases
        Empty where there are none.
    """
    nothing = Creases(np.empty((0, 2, 3)), np.empty((0, 3)))
    ((_, piece), *others) = particle.body.pieces
    if others or piece.mesh is not None or not len(piece.normals):
        return nothing
    if len(piece.quadrics) == 0:
        return _polyhedron(piece)
    if len(piece.quadrics) > 1:
        return nothing
    rims = [_rim(piece, face, particle.body.radius) for face in range(len(piece.normals))]
    return Creases(
        np.concatenate([rim.edges for rim in rims]), np.concatenate([rim.corners for rim in rims])
    )


def _polyhedron(piece: Piece) -> Creases:
    """Edges join the corners that lie on two faces at once."""
    corners = plane_vertices(piece.normals, piece.offsets)
    size = np.abs(corners).max()
    same = np.linalg.norm(corners[:, None] - corners, axis=2) < _CLOSE * size
    corners = corners[same.argmax(axis=1) == np.arange(len(corners))]
    on = np.abs(corners @ piece.normals.T - piece.offsets) < _CLOSE * size
    shared = on.astype(int) @ on.T
    first, second = np.nonzero(np.triu(shared >= 2, k=1))
    return Creases(np.stack([corners[first], corners[second]], axis=1), corners)


def _rim(piece: Piece, face: int, radius: float) -> Creases:
    """Curve in which a flat face cuts the curved one; a corner where it touches its tip."""
    normal, offset, matrix = piece.normals[face], piece.offsets[face], piece.quadrics[0]
    centre = normal * offset
    across = np.linalg.svd(normal[None])[2][1:]
    angles = 2 * np.pi * np.arange(_RIM) / _RIM
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ across
    # [centre + t way, 1] Q [centre + t way, 1] = a t² + 2 b t + c
    start = np.append(centre, 1.0)
    slope = matrix @ start
    if np.abs(slope).max() < _CLOSE * radius**2:  # the tip of a cone
        return Creases(np.empty((0, 2, 3)), centre[None])
    a = np.einsum("ij,jk,ik->i", ways, matrix[:3, :3], ways)
    b, c = ways @ slope[:3], start @ slope
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = (-b + np.sqrt(b**2 - a * c)) / a
    known = np.isfinite(reach) & (reach <= 2 * radius)
    points = centre + np.where(known, reach, 0)[:, None] * ways
    inside = (points @ piece.normals.T <= piece.offsets + _CLOSE * radius).all(axis=1) & known
    edges = np.stack([points, np.roll(points, -1, axis=0)], axis=1)
    return Creases(edges[inside & np.roll(inside, -1)], np.empty((0, 3)))
