"""Bodies that are moved or reflected, and whether two are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_stem3d.simulation import Body, Particle, Piece, Shape

Array = NDArray[np.float64]
_SAME = 1e-6  # of the radius: distance up to which surfaces are one
_SAMPLE = 97  # of so many triangles one is looked at first


@dataclass(frozen=True, eq=False)
class MirrorImage(Shape):
    """Body of a particle reflected at its own x = 0: for what has no other name in the mirror."""

    name: ClassVar[str] = "mirror_image"
    description: ClassVar[str] = "mirror image of a body"

    of: Particle

    def pieces(self) -> tuple[tuple[float, Piece], ...]:
        """Pieces of the body, reflected."""
        return moved(self.of.body, REFLECTION).pieces

    def hull(self) -> Array | None:
        """Points about the body, reflected."""
        return moved(self.of.body, REFLECTION).hull

    @property
    def radius(self) -> float:
        """That of the body [nm]."""
        return self.of.body.radius


#: Reflection at the plane x = 0.
REFLECTION = np.diag([-1.0, 1.0, 1.0])


def moved(body: Body, motion: Array) -> Body:
    """Turn or reflect a body about its origin by an orthogonal matrix (3, 3)."""
    wide = np.eye(4)
    wide[:3, :3] = motion
    pieces = []
    for sign, piece in body.pieces:
        mesh = piece.mesh
        if mesh is not None:
            faces = mesh[1] if np.linalg.det(motion) > 0 else mesh[1][:, ::-1]
            mesh = mesh[0] @ motion.T, faces
        quadrics = wide @ piece.quadrics @ wide.T
        pieces.append((sign, Piece(piece.normals @ motion.T, piece.offsets, quadrics, mesh)))
    hull = None if body.hull is None else body.hull @ motion.T
    return Body(tuple(pieces), body.radius, hull)


def same(one: Body, other: Body) -> bool:
    """Whether two bodies have the same pieces, in any order, each with the same surfaces."""
    if len(one.pieces) != len(other.pieces):
        return False
    reach = _SAME * max(one.radius, 1e-9)
    left = list(other.pieces)
    for sign, piece in one.pieces:
        twin = next((p for p in left if p[0] == sign and _alike(piece, p[1], reach)), None)
        if twin is None:
            return False
        left.remove(twin)
    return True


def _alike(one: Piece, other: Piece, reach: float) -> bool:
    if (one.mesh is None) != (other.mesh is None):
        return False
    planes, others = (np.column_stack([p.normals, p.offsets]) for p in (one, other))
    curved, bent = (p.quadrics.reshape(-1, 16) for p in (one, other))
    if not (_matched(planes, others, reach) and _matched(curved, bent, reach * 10)):
        return False
    if one.mesh is None or other.mesh is None:
        return True
    # Middles of triangles: where two surfaces share all corners, they may still be cut differently.
    points = [mesh[0][mesh[1]].mean(axis=1) for mesh in (one.mesh, other.mesh)]
    if len(points[0]) != len(points[1]):
        return False
    few = cKDTree(points[0]).query(points[1][::_SAMPLE])[0]
    if few.max() > 100 * reach:
        return False
    apart = [cKDTree(a).query(b)[0].max() for a, b in (points, points[::-1])]
    return bool(max(apart) < 100 * reach)


def _matched(one: Array, other: Array, reach: float) -> bool:
    """Whether every row of either has its twin in the other."""
    if len(one) != len(other):
        return False
    if not len(one):
        return True
    apart = cdist(one, other)
    return bool(max(apart.min(axis=0).max(), apart.min(axis=1).max()) < reach)
