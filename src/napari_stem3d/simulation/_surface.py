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

from napari_stem3d.simulation._row_kernel import limit_row, turn_planes, turn_quadrics

if TYPE_CHECKING:
    from napari_stem3d.simulation.body import Piece

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int64]]

_EMPTY: Mesh = np.empty((0, 3)), np.empty((0, 3), np.int64)
_RAYS = 6000  # points on the curved faces of a piece: a sphere loses 5.4 / n of its volume
_FEW_RAYS = 1500  # the same where a mesh is cut by a quadric, one plane after the other
_RIM = 180  # points around the rim of a flat face
_BEAMS = 48  # along either side of a piece, among which the one longest inside is looked for
_CLEARANCE = 1e-9  # of the size: what lies closer together counts as one


def volume_of(mesh: Mesh) -> float:
    """Volume inside a closed mesh of outward triangles, as the sum of signed tetrahedra."""
    a, b, c = np.moveaxis(mesh[0][mesh[1]], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def mesh_piece(piece: Piece, radius: float) -> Mesh:
    """Surface of a piece, as far as a sphere about the origin holds it; empty if it is."""
    if piece.mesh is None:
        return _hull_mesh(_surface_points(piece, radius, _RAYS))
    normals, offsets = piece.normals, piece.offsets
    if len(piece.quadrics):
        convex = dataclasses.replace(piece, mesh=None)
        region = _hull_mesh(_surface_points(convex, radius, _FEW_RAYS))[0]
        if not len(region):
            return _EMPTY
        # In an order in which the first few planes cut off most of what the others must look at.
        equations = np.random.default_rng(0).permutation(ConvexHull(region).equations)
        normals, offsets = equations[:, :3], -equations[:, 3]
    mesh = piece.mesh
    for normal, offset in zip(normals, offsets):
        mesh = clip(mesh, normal, float(offset))
    return mesh


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


def _surface_points(piece: Piece, radius: float, count: int) -> Array:
    """Points whose convex hull is a convex piece, or nearly so where it is curved."""
    corners = plane_vertices(*outer_planes(piece, radius))
    if not len(piece.quadrics) or len(corners) < 4:
        return corners
    spread, axes = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)[1:]
    if spread[2] <= _CLEARANCE * spread[0]:
        return corners[:0]
    inner = _interior_point(piece, corners)
    if inner is None:
        return corners[:0]
    rays = _even_directions(count) * spread @ axes
    reach, hit = _first_hit(piece, inner, rays)
    points = inner + reach[:, None] * rays
    found = [points[hit >= len(piece.offsets)]]
    for k, normal in enumerate(piece.normals):
        if not (hit == k).any():
            continue
        # The face is convex: the middle of some of its points lies inside it.
        middle = points[hit == k].mean(axis=0)
        middle += normal * (piece.offsets[k] - normal @ middle)
        angle = np.linspace(0, 2 * np.pi, _RIM, endpoint=False)[:, None]
        u, v = np.linalg.svd(normal[None])[2][1:]
        others = np.arange(len(piece.offsets)) != k
        rim = np.cos(angle) * u + np.sin(angle) * v
        away, edge = _first_hit(piece, middle, rim, others)
        found.append((middle + away[:, None] * rim)[edge >= len(piece.offsets)])
    flat = plane_vertices(piece.normals, piece.offsets)
    found.append(flat[_levels(piece.quadrics, flat).max(axis=0) <= 0])
    return np.concatenate(found)


def _interior_point(piece: Piece, corners: Array) -> Array | None:
    """Point well inside a convex piece: a chord of the longest of many beams, made central."""
    middle = corners.mean(axis=0)
    axes = np.linalg.svd(corners - middle, full_matrices=False)[2]
    flat, curved = np.empty((len(piece.offsets), 4)), np.empty_like(piece.quadrics)
    turn_planes(np.column_stack([piece.normals, piece.offsets]), axes, flat)
    turn_quadrics(piece.quadrics, axes, curved)
    own = corners @ axes.T
    (x, y, z), (x_last, y_last, z_last) = own.min(axis=0), own.max(axis=0)
    bottom, top = np.empty((2, _BEAMS, _BEAMS), np.float32)
    step = (x_last - x) / _BEAMS
    rows = y + (y_last - y) * (np.arange(_BEAMS) + 0.5) / _BEAMS
    for i, row in enumerate(rows):
        limits = np.float32(z), np.float32(z_last)
        limit_row(flat, curved, limits, row, x + step / 2, step, bottom[i], top[i])
    i, j = divmod(int((top - bottom).argmax()), _BEAMS)
    if top[i, j] <= bottom[i, j]:
        return None
    depth = (float(top[i, j]) + float(bottom[i, j])) / 2
    point = np.array([x + step * (j + 0.5), rows[i], depth]) @ axes
    for direction in np.tile(axes, (3, 1)):
        ahead, behind = _first_hit(piece, point, np.stack([direction, -direction]))[0]
        point = point + direction * (ahead - behind) / 2
    return point


def _first_hit(
    piece: Piece, origin: Array, rays: Array, chosen: NDArray[np.bool_] | None = None
) -> tuple[Array, NDArray[np.int64]]:
    """How far rays (n, 3) from a point inside run, and which plane or quadric ends each.

    Planes come first, quadrics after them; of the planes only the chosen ones count.
    """
    room, speed = piece.offsets - piece.normals @ origin, rays @ piece.normals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [np.where(speed > 0, room / speed, np.inf)]
        if chosen is not None:
            ends[0][:, ~chosen] = np.inf
        for quadric in piece.quadrics:
            a = np.einsum("ni,ij,nj->n", rays, quadric[:3, :3], rays)
            b = rays @ (quadric[:3, :3] @ origin + quadric[:3, 3])
            c = float(_levels(quadric[None], origin[None])[0, 0])
            slope = b + np.sqrt(b * b - a * c)
            ends.append(np.where(slope > 0, -c / slope, np.inf)[:, None])
    distances = np.concatenate(ends, axis=1)
    hit = distances.argmin(axis=1)
    return distances[np.arange(len(rays)), hit], hit


def _levels(quadrics: Array, points: Array) -> Array:
    """``[r, 1] Q [r, 1]`` of quadrics in points, shape (K, P): negative inside."""
    whole = np.column_stack([points, np.ones(len(points))])
    return np.einsum("pi,kij,pj->kp", whole, quadrics, whole)


def _even_directions(count: int) -> Array:
    """Directions that lie evenly on a sphere, on a Fibonacci spiral."""
    z = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(angle), across * np.sin(angle), z], axis=1)


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
