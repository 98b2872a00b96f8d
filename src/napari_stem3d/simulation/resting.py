"""How bodies lie on a flat support."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation.body import Body
from napari_stem3d.simulation.placement import surface_points

Array = NDArray[np.float64]


class Rests(NamedTuple):
    """Faces on which a body lies without tipping over.

    Attributes
    ----------
    normals : ndarray, shape (F, 3)
        Outward unit normals of the faces of its convex hull, in the body's frame.
    heights : ndarray, shape (F,)
        Distances of the body's origin from them [nm].
    chances : ndarray, shape (F,)
        Shares of the directions from the centre of mass that meet each of these faces.
    """

    normals: Array
    heights: Array
    chances: Array


def resting_pose(body: Body, rng: np.random.Generator) -> tuple[Rotation, float]:
    """Stable pose on a support, and how high the origin lies above it.

    The support is the plane z = 0 and the body lies at positive z. A face is chosen in proportion
    to the solid angle at which the centre of mass sees it, and the turn about z evenly.

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


def stable_faces(body: Body) -> Rests:
    """Faces of a body's convex hull above which its centre of mass lies."""
    points = surface_points(body)
    hull = ConvexHull(points)
    centre = centre_of_mass(body)
    size = np.abs(points).max()
    faces, owner = np.unique(
        np.round(hull.equations * [1, 1, 1, 1 / size], 6), axis=0, return_inverse=True
    )
    owner = owner.ravel()
    normals = np.stack([hull.equations[owner == k, :3].mean(axis=0) for k in range(len(faces))])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    corners = points[hull.simplices] - centre
    stable = np.zeros(len(faces), bool)
    stable[owner[_above(corners, normals[owner])]] = True
    angles = np.bincount(owner, _solid_angles(corners), len(faces))[stable]
    normals = normals[stable]
    heights = (points @ normals.T).max(axis=0)
    return Rests(normals, heights, angles / angles.sum())


def centre_of_mass(body: Body) -> Array:
    """Centre of mass (3,) of a body of one density, in its own frame [nm]."""
    volume, moment = 0.0, np.zeros(3)
    for sign, (vertices, faces) in body.meshes():
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        parts = sign * np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
        volume += parts.sum()
        moment += parts @ (a + b + c) / 4
    return moment / volume


def _above(triangles: Array, normals: Array) -> NDArray[np.bool_]:
    """Whether the foot of the perpendicular from the origin lies in each triangle (T, 3, 3)."""
    following = np.roll(triangles, -1, axis=1)
    sides = np.einsum("tkj,tj->tk", np.cross(triangles, following), normals)
    # The foot f = (n . v) n lies to the left of side v w where n . ((v - f) x (w - f)) has the
    # sign of the triangle; n x f is zero, which leaves n . (v x w).
    tolerance = 1e-9 * np.abs(sides).max()
    return (sides >= -tolerance).all(axis=1) | (sides <= tolerance).all(axis=1)


def _solid_angles(triangles: Array) -> Array:
    """Solid angles of triangles (T, 3, 3) seen from the origin (Van Oosterom, Strackee 1983)."""
    a, b, c = triangles.transpose(1, 0, 2)
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    triple = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c)))
    dots = [np.einsum("ij,ij->i", u, v) for u, v in ((a, b), (a, c), (b, c))]
    return 2 * np.arctan2(triple, la * lb * lc + dots[0] * lc + dots[1] * lb + dots[2] * la)
