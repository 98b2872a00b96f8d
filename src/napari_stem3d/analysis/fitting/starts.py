"""Bodies from which a fit may begin, as a network proposes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.crops import Circle
from napari_stem3d.analysis.cuboid_marks import Pose, draw_corners, find_poses
from napari_stem3d.simulation import Cuboid, CutCorners, Particle

Array = NDArray[np.float64]
_CORNERS = tuple(range(8))
_SLIGHT, _DEEP = 0.08, 0.35  # fractions from which cuts begin at corners marked intact and deformed
_OTHERWISE = (0.05, 0.33)  # and if the marks are not believed
_ALONG_BEAM = 0.35  # an edge shorter than this part of the median is lost along the beam


def marked_cuboids(
    corner_maps: Array,
    edge_maps: Array,
    edges: Array,
    circle: Circle,
    pixel: tuple[float, float],
    likely: int | None = None,
) -> Iterator[Particle]:
    """Cuboids with eight cut corners where a network marks corners and edges.

    Parameters
    ----------
    corner_maps : ndarray, shape (64, 64, 2)
        Marks at intact and at deformed corners, between 0 and 1.
    edge_maps : ndarray, shape (64, 64, 3)
        Marks along the edges.
    edges : ndarray, shape (3,)
        Lengths of the edges over the radius of the circle, as the network tells them.
    circle : Circle
        Place of the crop in the image.
    pixel : tuple of float
        Sides (dy, dx) of a pixel [nm].

    Yields
    ------
    Particle
        For each pose that the marks allow, the best first, with cuts as deep as the marks say, and
        with shallow and with deep cuts everywhere.
    """
    scale = np.array(pixel)
    usual = float(np.median(edges)) * circle.radius * float(scale.mean())
    corners, sides = (maps.sum(axis=-1).clip(0, 1) for maps in (corner_maps, edge_maps))
    for pose in find_poses(corners, sides):
        marks = draw_corners(pose)
        intact, deformed = (np.tensordot(marks, corner_maps[..., k]) for k in (0, 1))
        share = deformed / np.maximum(intact + deformed, 1e-6)
        placed = Pose(
            (np.array(circle.start) + pose.centre * circle.step) * scale,
            pose.halves * circle.step * scale,
        )
        box = _box(placed, usual)
        if likely is not None:
            chosen = np.sort(np.argsort(-share)[:likely]).tolist()
            cut = (CutCorners(tuple(chosen), ((_DEEP,) * 3,) * likely),) if likely else ()
            yield replace(box, deformations=cut)
            continue
        for fractions in (
            _SLIGHT + (_DEEP - _SLIGHT) * share,
            *(np.full(8, f) for f in _OTHERWISE),
        ):
            cuts = CutCorners(_CORNERS, tuple((f,) * 3 for f in fractions.tolist()))
            yield replace(box, deformations=(cuts,))


def _box(pose: Pose, usual: float) -> Particle:
    """Cuboid of a pose in nm, in the one of two mirror images that has its first edge upwards."""
    depths = np.sqrt(np.maximum(pose.depths, 0))
    plane = pose.halves @ pose.halves.T

    def skew(signs: tuple[int, ...]) -> float:
        up = depths * signs
        return sum((plane[i, j] + up[i] * up[j]) ** 2 for i, j in ((0, 1), (0, 2), (1, 2)))

    depths *= min(itertools.product((1,), (1, -1), (1, -1)), key=skew)
    axes = np.column_stack([pose.halves[:, 1], pose.halves[:, 0], depths])
    lengths = np.linalg.norm(axes, axis=1)
    short = int(np.argmin(lengths))
    if lengths[short] < _ALONG_BEAM * np.median(lengths):
        upright = np.cross(*np.delete(axes, short, axis=0))
        axes[short] = upright / np.linalg.norm(upright) * usual / 2
        lengths = np.linalg.norm(axes, axis=1)
    left, _, right = np.linalg.svd(axes / lengths[:, None])
    turn = left @ right  # the nearest orthogonal matrix
    if np.linalg.det(turn) < 0:
        turn[:, 2] *= -1
    y, x = pose.centre.tolist()
    return Particle(Cuboid(*(2 * lengths).tolist()), (y, x), Rotation.from_matrix(turn.T))
