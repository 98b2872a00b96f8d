"""Which sets of corners are the same set, seen from another side.

Two sets of corners of a polyhedron belong to one orbit if a rotation that maps the polyhedron onto
itself maps one onto the other. A cube has 24 such rotations and 23 orbits, a square prism 8 and 43,
a box with three different edges 4 and 76. With mirrors there are 48, 16 and 8 motions, and 22
orbits of a cube and 46 of a box: a single projection tells no more apart (Burnside's lemma).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_whole
from napari_stem3d.simulation.shapes import Cuboid, Polyhedron, Shape

#: Relative difference of lengths up to which they count as equal.
_TOLERANCE = 1e-6


@functools.lru_cache(maxsize=256)
def symmetries(shape: Polyhedron, mirror: bool = False) -> NDArray[np.int64]:
    """Rotations that map a polyhedron onto itself, as permutations of its corners.

    Parameters
    ----------
    shape : Polyhedron
        With its dimensions: edges count as equal that differ by less than 1e-6 of their length.
    mirror : bool
        Whether reflections count as well.

    Returns
    -------
    ndarray, shape (G, V)
        Row g tells where motion g takes each corner. The first row is the identity.
    """
    points = shape.vertices()
    points = points - points.mean(axis=0)
    size = np.linalg.norm(points, axis=1).max()
    points /= size
    base = _independent(points)
    inverse = np.linalg.inv(points[list(base)])
    found = []
    for triple in _congruent(points, base):
        motion = inverse @ points[list(triple)]  # rows are points: p @ motion
        if not mirror and np.linalg.det(motion) < 0:
            continue
        apart = np.linalg.norm((points @ motion)[:, None] - points, axis=2)
        if (apart.min(axis=1) < _TOLERANCE).all():
            found.append(apart.argmin(axis=1))
    motions = np.array(sorted(found, key=tuple))
    motions.setflags(write=False)  # every caller gets the same array
    return motions


def _independent(points: NDArray[np.float64]) -> tuple[int, int, int]:
    """Three corners that are not in one plane with the centre."""
    first = int(np.argmax(np.linalg.norm(points, axis=1)))
    areas = np.cross(points[first], points)
    second = int(np.argmax(np.linalg.norm(areas, axis=1)))
    return first, second, int(np.argmax(np.abs(points @ areas[second])))


def _congruent(
    points: NDArray[np.float64], base: tuple[int, int, int]
) -> Iterable[tuple[int, int, int]]:
    """Triples of corners that lie to each other and to the centre as the base does."""
    products = points @ points.T
    like = np.abs(products[:, :, None, None] - products[np.ix_(base, base)]) < _TOLERANCE
    alike = [np.flatnonzero(like[range(len(points)), range(len(points)), k, k]) for k in range(3)]
    for i, j in itertools.product(alike[0], alike[1]):
        if like[i, j, 0, 1]:
            for k in alike[2][like[i, alike[2], 0, 2] & like[j, alike[2], 1, 2]]:
                yield int(i), int(j), int(k)


def corner_orbit(shape: Shape, corners: Iterable[int], *, mirror: bool = False) -> str:
    """Name of the orbit to which a set of corners belongs.

    The name is the first set of the orbit in alphabetical order, such as ``"0-1-2"``, and
    ``"none"`` for no corners. A cuboid is first turned so that its edges a, b and c ascend: the
    name does not depend on which edge is called a, only on which of them are equal.

    Parameters
    ----------
    shape : Shape
        Polyhedron; any shape where there are no corners.
    corners : iterable of int
        Indices of the corners, in any order.
    mirror : bool
        Whether mirror images share an orbit.

    Returns
    -------
    str
        The same for all sets of corners that cannot be told apart, and for no others.

    Raises
    ------
    InputError
        If the shape has no such corners.
    """
    corners = tuple(corners)
    if not corners:
        return "none"
    count = len(shape.vertices()) if isinstance(shape, Polyhedron) else 0
    if len(set(corners)) != len(corners) or not all(is_whole(k, 0, count - 1) for k in corners):
        raise InputError(
            f"corners of a {shape.name} must be different whole numbers below {count}. "
            f"Received: {corners!r}"
        )
    assert isinstance(shape, Polyhedron)
    if isinstance(shape, Cuboid):
        shape, corners = _ascending(shape, corners)
    images = np.sort(symmetries(shape, mirror)[:, corners], axis=1)
    return "-".join(map(str, min(images.tolist())))


def corner_orbits(
    shape: Polyhedron, count: int, *, mirror: bool = False
) -> dict[str, list[tuple[int, ...]]]:
    """Orbits of all sets of `count` corners: their names, and the sets that belong to each."""
    orbits: dict[str, list[tuple[int, ...]]] = {}
    for corners in itertools.combinations(range(len(shape.vertices())), count):
        orbits.setdefault(corner_orbit(shape, corners, mirror=mirror), []).append(corners)
    return orbits


def _ascending(shape: Cuboid, corners: tuple[int, ...]) -> tuple[Cuboid, tuple[int, ...]]:
    """Turn a cuboid so that its edges ascend, and return where its corners come to lie."""
    edges = np.array([shape.a, shape.b, shape.c])
    order = np.argsort(edges, kind="stable")
    sides = np.array(corners)[:, None] >> np.array([2, 1, 0]) & 1
    sides = sides[:, order]
    if np.linalg.det(np.eye(3)[order]) < 0:
        sides[:, 0] = 1 - sides[:, 0]  # an odd exchange of axes mirrors; this mirrors it back
    return Cuboid(*edges[order]), tuple(int(k) for k in sides @ np.array([4, 2, 1]))
