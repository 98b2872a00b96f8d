"""Edges and corners of particles as they are seen along the beam: truth of heat maps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_stem3d.simulation import Particle
from napari_stem3d.simulation.bodies.body import Piece, plane_vertices

Array = NDArray[np.float64]

EDGE_SIGMA, CORNER_SIGMA = 1.0, 1.5  # pixels of the Gaussian marks
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


def crease_maps(particles: Iterable[Particle], size: int) -> tuple[NDArray, NDArray]:
    """Draw the edges and the corners of particles, as if all were of glass.

    Parameters
    ----------
    particles : iterable of Particle
        Where they lie in pixels, that is on a grid with a sampling of 1.
    size : int
        Pixels of the maps' sides.

    Returns
    -------
    edges, corners : ndarray, shape (size, size), float32
        Gaussian marks of height 1 at and around them.
    """
    maps = np.full((2, size, size), np.inf, np.float32)
    for particle in particles:
        edges, corners = creases(particle)
        turn = particle.rotation.as_matrix()[1::-1].T
        place = np.array(particle.position)
        approach(edges @ turn + place, 4 * EDGE_SIGMA, maps[0])
        points = corners @ turn + place
        approach(np.stack([points, points], axis=1), 4 * CORNER_SIGMA, maps[1])
    sigmas = np.array([EDGE_SIGMA, CORNER_SIGMA], np.float32)[:, None, None]
    edges, corners = np.exp(-maps / (2 * sigmas**2))
    return edges, corners


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


@njit(cache=True)
def approach(segments: Array, reach: float, squares: NDArray[np.float32]) -> None:
    """Lower each pixel of `squares` to its squared distance from segments (n, 2, 2), if near."""
    height, width = squares.shape
    for n in range(len(segments)):
        (y0, x0), (y1, x1) = segments[n]
        dy, dx = y1 - y0, x1 - x0
        length = dy * dy + dx * dx
        for i in range(max(0, int(min(y0, y1) - reach)), min(height, int(max(y0, y1) + reach) + 2)):
            low, high = min(x0, x1) - reach, max(x0, x1) + reach
            for j in range(max(0, int(low)), min(width, int(high) + 2)):
                along = (i - y0) * dy + (j - x0) * dx
                share = min(max(along / length, 0.0), 1.0) if length > 0 else 0.0
                own = (i - y0 - share * dy) ** 2 + (j - x0 - share * dx) ** 2
                squares[i, j] = min(squares[i, j], own)
