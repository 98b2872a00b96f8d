"""Triangle meshes of curved convex pieces: rays from a point inside, and where they leave it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, KDTree

from napari_stem3d.simulation.bodies._row_kernel import limit_row, turn_planes, turn_quadrics

if TYPE_CHECKING:
    from napari_stem3d.simulation.bodies.body import Piece

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int64]]

# Along either side of a piece; the beam longest inside is looked for among more if none is.
_BEAMS = 48, 192, 768
_PASSES, _FEW = 4, 500  # of rays, by which the axes of a piece are found
_HALVINGS = 45  # by which an edge is found between two rays, to the last digit


def star_mesh(piece: Piece, radius: float, count: int) -> Mesh:
    """Surface of a convex piece without a mesh; empty if it is.

    About `count` rays leave a point inside evenly. Neighbours that end at different faces have an
    edge between them, which is found by halving: the edges are met, and all vertices lie
    on the surface. Triangles are those between neighbouring rays, so that none is slender.
    """
    empty = np.empty((0, 3)), np.empty((0, 3), np.int64)
    corners = plane_vertices(*outer_planes(piece, radius))
    if len(corners) < 4:
        return empty
    frame = _principal_axes(corners)
    if np.linalg.norm(frame[2]) <= 1e-9 * np.linalg.norm(frame[0]):
        return empty
    found = _interior_point(piece, corners)
    if found is None:
        return empty
    inner: Array = found

    def end(directions: Array) -> tuple[Array, NDArray[np.int64]]:
        return _first_hit(piece, inner, directions @ frame)

    for _ in range(_PASSES):  # the planes about a cone tell little of how long and wide it is
        few = _even_directions(_FEW)
        points = inner + end(few)[0][:, None] * (few @ frame)
        inner, frame = points.mean(axis=0), _principal_axes(points)
    directions, gap = _even_directions(count), np.sqrt(4 * np.pi / count)
    edges = _edges(directions, lambda rays: end(rays)[1])
    if len(edges):
        edges = _apart(edges, 0.4 * gap)
        directions = directions[KDTree(edges).query(directions)[0] > 0.5 * gap]
        directions = np.concatenate([directions, edges])
    points = inner + end(directions)[0][:, None] * (directions @ frame)
    faces = ConvexHull(directions).simplices.astype(np.int64)
    a, b, c = np.moveaxis(points[faces] - inner, 1, 0)
    inward = np.einsum("ij,ij->i", a, np.cross(b, c)) < 0
    faces[inward] = faces[inward][:, ::-1]
    return points, faces


def _principal_axes(points: Array) -> Array:
    """Principal axes of points as rows, as long as the points are spread along them."""
    spread, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[1:]
    return spread[:, None] * axes


def _edges(directions: Array, face_of: Callable[[Array], NDArray[np.int64]]) -> Array:
    """Directions between neighbours that end at different faces, just before the change."""
    triangles = ConvexHull(directions).simplices
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    faces = face_of(directions)[pairs]
    pairs, own = pairs[faces[:, 0] != faces[:, 1]], faces[faces[:, 0] != faces[:, 1], 0]
    near, far = directions[pairs[:, 0]], directions[pairs[:, 1]]
    for _ in range(_HALVINGS):
        middle = near + far
        middle /= np.linalg.norm(middle, axis=1, keepdims=True)
        same = (face_of(middle) == own)[:, None]
        near, far = np.where(same, middle, near), np.where(same, far, middle)
    return near


def _apart(points: Array, gap: float) -> Array:
    """Points without those closer than `gap` to one before them that stays."""
    dropped = np.zeros(len(points), bool)
    for first, second in sorted(KDTree(points).query_pairs(gap)):
        dropped[second] |= not dropped[first]
    return points[~dropped]


def _interior_point(piece: Piece, corners: Array) -> Array | None:
    """Point well inside a convex piece: a chord of the longest of many beams, made central."""
    middle = corners.mean(axis=0)
    axes = np.linalg.svd(corners - middle, full_matrices=False)[2]
    flat, curved = np.empty((len(piece.offsets), 4)), np.empty_like(piece.quadrics)
    turn_planes(np.column_stack([piece.normals, piece.offsets]), axes, flat)
    turn_quadrics(piece.quadrics, axes, curved)
    own = corners @ axes.T
    (x, y, z), (x_last, y_last, z_last) = own.min(axis=0), own.max(axis=0)
    for beams in _BEAMS:
        bottom, top = np.empty((2, beams, beams), np.float32)
        step = (x_last - x) / beams
        rows = y + (y_last - y) * (np.arange(beams) + 0.5) / beams
        ramp = np.arange(beams, dtype=np.float32)
        for i, row in enumerate(rows):
            limits = np.float32(z), np.float32(z_last)
            limit_row(flat, curved, limits, row, x + step / 2, step, ramp, bottom[i], top[i])
        i, j = divmod(int((top - bottom).argmax()), beams)
        if top[i, j] > bottom[i, j]:
            break
    else:
        return None
    depth = (float(top[i, j]) + float(bottom[i, j])) / 2
    point = np.array([x + step * (j + 0.5), rows[i], depth]) @ axes
    for direction in np.tile(axes, (3, 1)):
        ahead, behind = _first_hit(piece, point, np.stack([direction, -direction]))[0]
        point = point + direction * (ahead - behind) / 2
    return point


def _first_hit(piece: Piece, origin: Array, rays: Array) -> tuple[Array, NDArray[np.int64]]:
    """How far rays (n, 3) from a point inside run, and which plane or quadric ends each."""
    whole = np.append(origin, 1.0)
    room, speed = piece.offsets - piece.normals @ origin, rays @ piece.normals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [np.where(speed > 0, room / speed, np.inf)]
        for quadric in piece.quadrics:
            a = np.einsum("ni,ij,nj->n", rays, quadric[:3, :3], rays)
            b = rays @ (quadric[:3, :3] @ origin + quadric[:3, 3])
            c = float(whole @ quadric @ whole)
            slope = b + np.sqrt(b * b - a * c)
            ends.append(np.where(slope > 0, -c / slope, np.inf)[:, None])
    distances = np.concatenate(ends, axis=1)
    hit = distances.argmin(axis=1)
    return distances[np.arange(len(rays)), hit], hit


def _even_directions(count: int) -> Array:
    """Directions that lie evenly on a sphere, on a Fibonacci spiral."""
    z = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(angle), across * np.sin(angle), z], axis=1)


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


def box_planes(quadric: Array) -> tuple[Array, Array]:
    """Planes that touch an ellipsoid or a cylinder at the ends of its axes; none of a cone."""
    values, axes = np.linalg.eigh(quadric[:3, :3])
    curved = np.abs(values) > 1e-9 * np.abs(values).max()
    if (values[curved] < 0).any():
        return np.empty((0, 3)), np.empty(0)
    values, axes = values[curved], axes[:, curved]
    along = -(axes.T @ quadric[:3, 3]) / values
    centre = axes @ along
    level = max(0.0, float(centre @ quadric[:3, :3] @ centre - quadric[3, 3]))
    reach = np.sqrt(level / values)
    return np.concatenate([axes.T, -axes.T]), np.concatenate([reach + along, reach - along])


def outer_planes(piece: Piece, radius: float) -> tuple[Array, Array]:
    """Planes of a piece and those about its quadrics and about a sphere that holds it."""
    boxes = [box_planes(quadric) for quadric in piece.quadrics]
    if np.isfinite(radius):
        boxes.append((np.concatenate([np.eye(3), -np.eye(3)]), np.full(6, radius)))
    normals = [piece.normals, *(box[0] for box in boxes)]
    return np.concatenate(normals), np.concatenate([piece.offsets, *(box[1] for box in boxes)])
