"""How bodies lie on a flat support."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation.bodies.body import Body
from napari_stem3d.simulation.scenes.placement import surface_points

Array = NDArray[np.float64]

_MANY = 500  # points of a curved body, above which its most prominent ones stand for them
_DIRECTIONS = 600  # in which they are looked for


class Rests(NamedTuple):
    """Faces on which a body lies without tipping over, as triangles.

    Attributes
    ----------
    normals : ndarray, shape (F, 3)
        Outward unit normals of triangles of its convex hull, in the body's frame.
    heights : ndarray, shape (F,)
        Distances of the body's origin from their planes [nm].
    chances : ndarray, shape (F,)
        How often the body, dropped in a random orientation, comes to lie on each.
    """

    normals: Array
    heights: Array
    chances: Array


def resting_pose(body: Body, rng: np.random.Generator) -> tuple[Rotation, float]:
    """Stable pose on a support, and how high the origin lies above it.

    The support is the plane z = 0 and the body lies at positive z, turned evenly about z.

    Parameters
    ----------
    body : Body
        What comes to lie.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    rotation : scipy.spatial.transform.Rotation
        From the body's axes to the laboratory's.
    z : float
        Depth of the body's origin [nm].
    """
    rests = stable_faces(body)
    face = rng.choice(len(rests.chances), p=rests.chances)
    down, _ = Rotation.align_vectors([[0.0, 0.0, -1.0]], rests.normals[face : face + 1])
    turn = Rotation.from_rotvec([0.0, 0.0, rng.uniform(0, 2 * np.pi)])
    return turn * down, float(rests.heights[face])


@functools.lru_cache(maxsize=64)
def stable_faces(body: Body) -> Rests:
    """Faces on which a body comes to rest, and how often.

    The body lands on a face of its convex hull with the chance of the solid angle at which the
    centre of mass sees it. Where the centre is not above that face, it rolls over the side
    beyond which the centre is, again and again; each time the centre sinks (the quasi-static
    estimate of Goldberg et al. 1999).

    Parameters
    ----------
    body : Body
        Convex or not; it lies on its convex hull.

    Returns
    -------
    Rests
        The faces.
    """
    everywhere = surface_points(body)
    points = _prominent(everywhere)
    hull = ConvexHull(points)
    normals = hull.equations[:, :3]
    corners = points[hull.simplices] - centre_of_mass(body)
    inside = _foot_inside(corners, normals)
    stable = inside.min(axis=1) >= -1e-9 * np.abs(points).max()
    ends = np.arange(len(corners))
    ends = np.where(stable, ends, hull.neighbors[ends, inside.argmin(axis=1)])
    for _ in range(math.ceil(math.log2(len(corners))) + 1):  # each pass doubles the rolls
        ends = ends[ends]
    chances = np.bincount(ends, _solid_angles(corners), len(corners))[stable]
    heights = (everywhere @ normals[stable].T).max(axis=0)
    return Rests(normals[stable], heights, chances / chances.sum())


@functools.lru_cache(maxsize=64)
def centre_of_mass(body: Body) -> Array:
    """Centre of mass (3,) of a body of one density, in its own frame [nm]."""
    volume, moment = 0.0, np.zeros(3)
    for sign, (vertices, faces) in body.meshes():
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        parts = sign * np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
        volume += parts.sum()
        moment += parts @ (a + b + c) / 4
    return moment / volume


def _prominent(points: Array) -> Array:
    """Points that reach furthest in directions spread evenly over the sphere, if there are many."""
    if len(points) <= _MANY:
        return points
    turns = np.arange(_DIRECTIONS)
    z = 1 - (2 * turns + 1) / _DIRECTIONS
    angles = math.pi * (3 - math.sqrt(5)) * turns  # the golden angle: a spiral without seams
    ring = np.sqrt(1 - z * z)
    directions = np.stack([ring * np.cos(angles), ring * np.sin(angles), z], axis=1)
    return points[np.unique((points @ directions.T).argmax(axis=0))]


def _foot_inside(triangles: Array, normals: Array) -> Array:
    """Distances (T, 3) of the origin's foot in each triangle's plane from its sides, inwards.

    The kth side is that opposite to corner k. With f the foot, n . ((v - f) x (w - f)) is twice
    the area that f spans with the side from v to w; n x f vanishes, which leaves n . (v x w).
    """
    v, w = np.roll(triangles, -1, axis=1), np.roll(triangles, -2, axis=1)
    areas = np.einsum("tkj,tj->tk", np.cross(v, w), normals)
    sense = np.sign(areas.sum(axis=1, keepdims=True))
    return sense * areas / np.linalg.norm(w - v, axis=2)


def _solid_angles(triangles: Array) -> Array:
    """Solid angles of triangles (T, 3, 3) seen from the origin (Van Oosterom, Strackee 1983)."""
    a, b, c = triangles.transpose(1, 0, 2)
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    triple = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c)))
    dots = [np.einsum("ij,ij->i", u, v) for u, v in ((a, b), (a, c), (b, c))]
    return 2 * np.arctan2(triple, la * lb * lc + dots[0] * lc + dots[1] * lb + dots[2] * la)
