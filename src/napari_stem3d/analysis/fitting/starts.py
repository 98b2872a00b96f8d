"""Bodies from which a fit may begin, as a network proposes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.cuboid_marks import Pose, draw_corners, find_poses
from napari_stem3d.analysis.fitting.proposal import Proposal
from napari_stem3d.simulation import Cuboid, CutCorners, Particle

Array = NDArray[np.floating]
_SLIGHT, _DEEP = 0.08, 0.35  # fractions from which cuts begin at corners marked intact and deformed
_OTHERWISE = (0.05, 0.33)  # and if the marks are not believed
_EXTREME = 5.0  # edges are at most so many times longer and shorter than usual
_ALONG_BEAM = 0.35  # an edge shorter than this part of the median is lost along the beam


def marked_cuboids(
    proposal: Proposal, pixel: tuple[float, float], likely: int | None = None
) -> Iterator[Particle]:
    """Cuboids where a network marks corners and edges.

    Parameters
    ----------
    proposal : Proposal
        What the network says of a particle.
    pixel : tuple of float
        Sides (dy, dx) of a pixel [nm].
    likely : int, optional
        Number of corners that are cut: those where the marks are likeliest. All eight by default,
        with cuts as deep as the marks say, and with shallow and with deep cuts everywhere.

    Yields
    ------
    Particle
        For each pose that the marks allow, the best first; none where nothing is marked.
    """
    circle, corner_maps, edge_maps, edges = proposal[2:]
    if circle is None or corner_maps is None or edge_maps is None or edges is None:
        return
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
        if likely is None:
            told = _SLIGHT + (_DEEP - _SLIGHT) * share
            for fractions in (told, *(np.full(8, f) for f in _OTHERWISE)):
                yield _cut(box, np.arange(8), fractions)
        else:
            yield _cut(box, np.sort(np.argsort(-share)[:likely]), np.full(likely, _DEEP))


def _cut(box: Particle, corners: NDArray[np.intp], fractions: Array) -> Particle:
    """Particle with cuts of the same fraction of all three edges at some of its corners."""
    each = tuple((f, f, f) for f in fractions.tolist())
    return replace(box, deformations=(CutCorners(tuple(corners.tolist()), each),) if each else ())


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
    lengths = lengths.clip(usual / _EXTREME, usual * _EXTREME)  # marks that no cuboid has
    return Particle(Cuboid(*(2 * lengths).tolist()), (y, x), Rotation.from_matrix(turn.T))
