"""Bodies as a few flat arrays, the form that the compiled loops take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_stem3d.simulation.bodies.body import Body

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

_NO_PLANES = np.empty((0, 3))
_NO_QUADRICS = np.empty((0, 4, 4))
_NO_MESH = np.empty((0, 3)), np.empty((0, 3), np.int64)


class Geometry(NamedTuple):
    """Pieces of bodies, stacked.

    Attributes
    ----------
    planes : ndarray, shape (F, 4)
        Normals and offsets.
    quadrics : ndarray, shape (K, 4, 4)
        Curved surfaces.
    vertices, faces : ndarray, shapes (V, 3) and (T, 3)
        Meshes; faces count the vertices of their own piece from 0.
    ends : ndarray, shape (4, N + 1)
        Of piece i, planes, quadrics, vertices and faces lie between their ends i and i + 1.
    signs : ndarray, shape (N,), float32
        Sign of each piece.
    """

    planes: Array
    quadrics: Array
    vertices: Array
    faces: Whole
    ends: Whole
    signs: NDArray[np.float32]


def stack_bodies(bodies: Sequence[Body]) -> tuple[Geometry, Whole]:
    """Geometry of bodies, each stored once, and the span (n, 2) of the pieces of each."""
    different = {id(body): body for body in bodies}
    signed = [pair for body in different.values() for pair in body.pieces]
    pieces = [piece for _, piece in signed]
    meshes = [piece.mesh or _NO_MESH for piece in pieces]
    offsets, quadrics = [p.offsets for p in pieces], [p.quadrics for p in pieces]
    vertices, faces = [mesh[0] for mesh in meshes], [mesh[1] for mesh in meshes]
    ends = np.array([ends_of(parts) for parts in (offsets, quadrics, vertices, faces)], np.int64)
    planes = np.empty((ends[0, -1], 4))
    planes[:, :3] = np.concatenate([_NO_PLANES, *(p.normals for p in pieces)])
    planes[:, 3] = np.concatenate([_NO_PLANES[:, 0], *offsets])
    geometry = Geometry(
        planes,
        np.concatenate([_NO_QUADRICS, *quadrics]) if ends[1, -1] else _NO_QUADRICS,
        np.concatenate(vertices, dtype=float) if ends[2, -1] else _NO_MESH[0],
        np.concatenate(faces, dtype=np.int64) if ends[3, -1] else _NO_MESH[1],
        ends,
        np.array([sign for sign, _ in signed], np.float32),
    )
    last = ends_of([body.pieces for body in different.values()])
    spans = dict(zip(different, pairwise(last)))
    return geometry, np.array([spans[id(body)] for body in bodies], np.int64).reshape(-1, 2)


def ends_of(parts: Iterable[Sized]) -> list[int]:
    """0 and the running sums of the lengths of parts: part i lies between ends i and i + 1."""
    return list(accumulate(map(len, parts), initial=0))
