"""Bodies in their poses as a few flat arrays, the form that the compiled loops take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_stem3d.simulation.body import Body

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class Geometry(NamedTuple):
    """Pieces of different bodies, stacked.

    Attributes
    ----------
    planes : ndarray, shape (F, 4)
        Normals and offsets.
    quadrics : ndarray, shape (K, 4, 4)
        Curved surfaces.
    vertices, faces : ndarray, shapes (V, 3) and (T, 3)
        Meshes; faces count the vertices of their own piece.
    pieces : ndarray, shape (N, 8)
        First and one-past-last plane, quadric, face and vertex of each piece.
    signs : ndarray, shape (N,)
        Sign of each piece.
    """

    planes: Array
    quadrics: Array
    vertices: Array
    faces: Whole
    pieces: Whole
    signs: NDArray[np.float32]


def stack_bodies(bodies: Sequence[Body]) -> tuple[Geometry, Whole]:
    """Geometry of bodies, each stored once, and the first and one-past-last piece of each."""
    known: dict[int, int] = {}
    different: list[Body] = []
    which = np.empty(len(bodies), np.int64)
    for i, body in enumerate(bodies):
        k = known.setdefault(id(body), len(known))
        if k == len(different):
            different.append(body)
        which[i] = k
    signed = [pair for body in different for pair in body.pieces]
    pieces = [piece for _, piece in signed]
    meshes = [piece.mesh or _NO_MESH for piece in pieces]
    parts = (
        [p.offsets for p in pieces],
        [p.quadrics for p in pieces],
        [faces for _, faces in meshes],
        [vertices for vertices, _ in meshes],
    )
    ends = [_ends(list(map(len, part))) for part in parts]
    planes = np.empty((ends[0][-1], 4))
    planes[:, :3] = np.concatenate([_NO_PLANES, *(p.normals for p in pieces)])
    planes[:, 3] = np.concatenate([_NO_PLANES[:, 0], *parts[0]])
    geometry = Geometry(
        planes,
        np.concatenate([_NO_QUADRICS, *parts[1]]),
        np.concatenate([_NO_MESH[0], *parts[3]]),
        np.concatenate([_NO_MESH[1], *parts[2]]),
        np.stack([e[k : len(pieces) + k] for e in ends for k in (0, 1)], axis=1),
        np.array([sign for sign, _ in signed], np.float32),
    )
    span = _ends([len(body.pieces) for body in different])
    return geometry, np.stack([span[which], span[which + 1]], axis=1)


_NO_PLANES = np.empty((0, 3))
_NO_QUADRICS = np.empty((0, 4, 4))
_NO_MESH = np.empty((0, 3)), np.empty((0, 3), np.int64)


def _ends(lengths: Sequence[int]) -> Whole:
    """0 and the running sums of lengths."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
