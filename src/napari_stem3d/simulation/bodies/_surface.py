"""Closed triangle meshes of convex pieces, and meshes cut by planes."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, KDTree

from napari_stem3d.simulation.bodies._star import (
    Array,
    Mesh,
    outer_planes,
    plane_vertices,
    star_mesh,
)

if TYPE_CHECKING:
    from napari_stem3d.simulation.bodies.body import Piece

_EMPTY: Mesh = np.empty((0, 3)), np.empty((0, 3), np.int64)
_RAYS = 6000  # points on the surface of a curved piece: a sphere loses 5.8 / n of its volume
_FEW_RAYS = 80  # the same where a quadric cuts a mesh, by one plane after the other
_CLEARANCE = 1e-9  # of the size: what lies closer together counts as one


def volume_of(mesh: Mesh) -> float:
    """Volume inside a closed mesh of outward triangles, as the sum of signed tetrahedra."""
    a, b, c = np.moveaxis(mesh[0][mesh[1]], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def mesh_piece(piece: Piece, radius: float) -> Mesh:
    """Surface of a piece, as far as a sphere about the origin holds it; empty if it is."""
    if piece.mesh is None:
        if len(piece.quadrics):
            return star_mesh(piece, radius, _RAYS)
        return _hull_mesh(plane_vertices(*outer_planes(piece, radius)))
    convex = dataclasses.replace(piece, mesh=None)
    normals, offsets = _few_planes(convex, radius)
    mesh = piece.mesh
    for normal, offset in zip(normals, offsets):
        mesh = clip(mesh, normal, float(offset))
    return mesh


def _few_planes(piece: Piece, radius: float) -> tuple[Array, Array]:
    """Planes of a polyhedron with the volume, and the flat faces, of a convex piece."""
    if not len(piece.quadrics):
        return piece.normals, piece.offsets
    fine = volume_of(star_mesh(piece, radius, _RAYS))
    if fine == 0:
        return np.array([[0.0, 0.0, 1.0]]), np.array([-np.inf])
    hull = ConvexHull(star_mesh(piece, radius, _FEW_RAYS)[0])
    normals, offsets = hull.equations[:, :3], -hull.equations[:, 3]
    away = np.abs(normals @ piece.normals.T - 1) + np.abs(offsets[:, None] - piece.offsets) / radius
    curved = (away > 1e-6).all(axis=1)
    a, b, c = np.moveaxis(hull.points[hull.simplices[curved]], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    offsets[curved] += (fine - hull.volume) / area
    normals, offsets = normals[curved], offsets[curved]
    return np.concatenate([piece.normals, normals]), np.concatenate([piece.offsets, offsets])


def clip(mesh: Mesh, normal: Array, offset: float) -> Mesh:
    """Part of a closed mesh where ``normal . r <= offset``, closed again.

    Every opening is closed by triangles about its middle. Where it is not seen whole from there
    some of them overlap, in opposite senses: the sum of their depths and the volume stay exact.
    """
    vertices, faces = mesh
    beyond = vertices @ normal - offset
    outside = beyond > 0
    count = outside[faces].sum(axis=1)
    if not count.any():
        return mesh
    if count.min() == 3:
        return _EMPTY
    if not (count % 3).any():
        return _compact(vertices, faces[count == 0])
    edges, cuts, number = [], [], len(vertices)
    kept = [faces[count == 0]]
    for lone, flip in ((count == 2, False), (count == 1, True)):
        # Turned so that the corner alone on its side comes first.
        odd = faces[lone]
        first = (outside[odd] == flip).argmax(axis=1)
        a, b, c = (np.take_along_axis(odd, ((first + k) % 3)[:, None], 1)[:, 0] for k in range(3))
        edges += [np.sort(np.stack(pair, 1), axis=1) for pair in ((a, b), (a, c))]
        cuts.append((a, b, c))
    unique, where = np.unique(np.concatenate(edges), axis=0, return_inverse=True)
    low, high = unique.T
    share = (beyond[low] / (beyond[low] - beyond[high]))[:, None]
    points = vertices[low] + share * (vertices[high] - vertices[low])
    ab, ac, other_ab, other_ac = np.split(
        number + where.ravel(), np.cumsum([len(edge) for edge in edges])[:-1]
    )
    (a, *_), (_, b, c) = cuts
    kept += [np.stack([a, ab, ac], 1), np.stack([other_ab, b, c], 1)]
    kept += [np.stack([other_ab, c, other_ac], 1)]
    start, end = np.concatenate([ac, other_ab]), np.concatenate([ab, other_ac])
    # The opening runs against the new edges of what is kept.
    labels = _loops(start - number, end - number, len(points))
    sizes = np.bincount(labels)[:, None]
    middles = np.stack([np.bincount(labels, x) for x in points.T], axis=1) / sizes
    centre = number + len(points) + labels[start - number]
    caps = np.stack([centre, start, end], 1)
    return _compact(np.concatenate([vertices, points, middles]), np.concatenate([*kept, caps]))


def subdivide(mesh: Mesh, longest: float) -> Mesh:
    """Mesh of the same surface without edges longer than some length: these are halved."""
    vertices, faces = mesh
    while len(faces):
        pairs = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)
        unique, where = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
        ends = vertices[unique]
        long = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) > longest
        if not long.any():
            break
        middle = np.where(long, len(vertices) + np.cumsum(long) - 1, -1)[where.reshape(-1, 3)]
        vertices = np.concatenate([vertices, ends[long].mean(axis=1)])
        parts = []
        for pattern in itertools.product((False, True), repeat=3):
            chosen = ((middle >= 0) == pattern).all(axis=1)
            corners = np.concatenate([faces[chosen], middle[chosen]], axis=1)
            parts += [corners[:, triangle] for triangle in _SPLITS[pattern]]
        faces = np.concatenate(parts)
    return vertices, faces


def _splits() -> dict[tuple[bool, ...], list[list[int]]]:
    """Triangles by which edges are halved: corners are 0 to 2, the middle after corner k, 3 + k."""
    splits: dict[tuple[bool, ...], list[list[int]]] = {
        (False,) * 3: [[0, 1, 2]],
        (True,) * 3: [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]],
    }
    for k in range(3):
        a, b, c = k, (k + 1) % 3, (k + 2) % 3
        one = tuple(edge == a for edge in range(3))
        two = tuple(edge != c for edge in range(3))
        splits[one] = [[a, 3 + a, c], [3 + a, b, c]]
        splits[two] = [[3 + a, b, 3 + b], [a, 3 + a, 3 + b], [a, 3 + b, c]]
    return splits


_SPLITS = _splits()


def _hull_mesh(points: Array) -> Mesh:
    """Surface of the convex hull of points; empty where they lie in one plane."""
    if len(points) < 4:
        return _EMPTY
    size = float(np.ptp(points, axis=0).max())
    twins = KDTree(points).query_pairs(_CLEARANCE * size, output_type="ndarray")
    points = np.delete(points, twins[:, 1], axis=0)
    middle = points.mean(axis=0)
    if np.linalg.svd(points - middle, compute_uv=False)[-1] <= _CLEARANCE * size:
        return _EMPTY
    faces = ConvexHull(points, qhull_options="QJ").simplices.astype(np.int64)
    a, b, c = np.moveaxis(points[faces], 1, 0)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a - middle) < 0
    faces[inward] = faces[inward][:, ::-1]
    return _compact(points, faces)


def _loops(start: NDArray[np.int64], end: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which closed loop of edges each of `count` points belongs to."""
    edges = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    return connected_components(edges, directed=False)[1].astype(np.int64)


def _compact(vertices: Array, faces: NDArray[np.int64]) -> Mesh:
    """Mesh without the vertices that no face uses."""
    used, where = np.unique(faces, return_inverse=True)
    return vertices[used], where.reshape(-1, 3).astype(np.int64)
