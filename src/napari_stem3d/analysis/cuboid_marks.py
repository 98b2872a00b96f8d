"""The pose of a cuboid, from the marks that a network puts on its corners and along its edges.

Seen along the beam, the eight corners of a cuboid lie at c ± u ± v ± w: a centre and the
projections of half its edges. That is all there is to find.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, maximum_filter

_MARK = 1.5  # pixels: width (sigma) of the marks that the network was taught
_FAINT = 0.12  # lower maxima are no marks
_MOST = 10  # marks that are combined
_NEAR = 3.0  # pixels by which the fourth of four corners may miss a mark
_STARTS = 4  # poses that are refined
_SAME = 1.0  # pixel by which corners of different poses differ
_EDGES_COUNT = 12.0  # how much marks along edges count, against the squared misfit of corners
_IMPOSSIBLE = 4.0  # the same of a projection that no cuboid has
_STEPS = 12  # of a refinement, at most

#: Signs of the corners (8, 3) along the three edges; corner 4 i + 2 j + k, as elsewhere.
SIGNS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
_ENDS = np.array([(i, i | bit) for bit in (4, 2, 1) for i in range(8) if not i & bit])
_ALONG = np.linspace(0.12, 0.88, 6)[:, None]  # where edges are looked at, away from the corners

_STEPS_OF_HALVES = np.concatenate([np.eye(6), -np.eye(6)]).reshape(-1, 3, 2)

Map = NDArray[np.floating]


class Pose(NamedTuple):
    """Projection of a cuboid into a map.

    Attributes
    ----------
    centre : ndarray, shape (2,)
        Its middle (y, x) [pixels].
    halves : ndarray, shape (3, 2)
        Half of each edge (y, x) [pixels].
    """

    centre: NDArray[np.float64]
    halves: NDArray[np.float64]

    @property
    def corners(self) -> NDArray[np.float64]:
        """Places (8, 2) of the corners, in the order of `SIGNS`."""
        return self.centre + SIGNS @ self.halves

    @property
    def depths(self) -> NDArray[np.float64]:
        """Squares (3,) of what the halves reach along the beam; negative if no cuboid does.

        The edges stand upright on each other: the products of what they reach along the beam are
        those in the image with the opposite sign.
        """
        product = self.halves @ self.halves.T
        yz, xz, xy = product[1, 2], product[0, 2], product[0, 1]
        pairs = np.array([[xy * xz, yz], [xy * yz, xz], [xz * yz, xy]])
        flat = np.where(np.abs(pairs[:, 1]) < 1e-6, 1e-6, pairs[:, 1])
        return -pairs[:, 0] / flat

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Half the lengths (3,) of the edges [pixels]."""
        return np.sqrt((self.halves**2).sum(axis=1) + np.maximum(self.depths, 0))

    def doubts(self, places: float) -> NDArray[np.float64]:
        """Relative errors (3,) of the lengths, if the ends of halves are known to `places` pixels.

        An edge that points along the beam is hidden behind its own corner: nothing in the image
        of the marks tells its length.
        """
        moved = [self.halves + step * places for step in _STEPS_OF_HALVES]
        lengths = np.array([Pose(self.centre, halves).lengths for halves in moved])
        changes = np.log(np.maximum(lengths, 1e-3) / np.maximum(self.lengths, 1e-3))
        return np.sqrt((changes**2).mean(axis=0) * len(changes) / 2)


def find_pose(corners: Map, edges: Map) -> Pose | None:
    """Find the pose of a cuboid that explains the marks best.

    Parameters
    ----------
    corners : ndarray, shape (ny, nx)
        Marks of 1.5 pixels width (sigma) at its corners, intact or not, on both sides.
    edges : ndarray, shape (ny, nx)
        Marks along its edges.

    Returns
    -------
    Pose or None
        None where there are too few marks.
    """
    return next(iter(find_poses(corners, edges)), None)


def find_poses(corners: Map, edges: Map) -> list[Pose]:
    """Find all poses of a cuboid that the marks allow.

    Parameters
    ----------
    corners, edges
        As of `find_pose`.

    Returns
    -------
    list of Pose
        The best first; their corners lie more than a pixel apart.
    """
    scored = [_score(_refined(pose, corners), corners, edges) for pose in _guesses(corners, edges)]
    found: list[Pose] = []
    for _, pose in sorted(scored, key=lambda one: -one[0]):
        if all(_distance(pose, other) > _SAME for other in found):
            found.append(pose)
    return found


def _distance(one: Pose, other: Pose) -> float:
    """Largest distance [pixels] of a corner from the nearest of another pose."""
    apart = np.linalg.norm(one.corners[:, None] - other.corners, axis=-1)
    return float(apart.min(axis=1).max())


def draw_corners(pose: Pose) -> NDArray[np.float64]:
    """Draw the mark of each corner on a crop; shape (8, 64, 64)."""
    y, x = (np.exp(-((np.arange(64.0) - p[:, None]) ** 2) / (2 * _MARK**2)) for p in pose.corners.T)
    return y[:, :, None] * x[:, None, :]


def _guesses(corners: Map, edges: Map) -> list[Pose]:
    """Poses of which one corner and its three neighbours, or their opposites, lie on marks."""
    marks, heights = _summits(corners)
    if len(marks) < 4:
        return []
    found = []
    for centre in _centres(marks, corners):
        arms = _apart(np.concatenate([marks - centre, centre - marks]), 1.2)
        if len(arms) < 4:
            continue
        neighbours = arms[np.array(list(itertools.combinations(range(len(arms)), 3)))]
        # The neighbours of u + v + w are it less 2 u, 2 v and 2 w: the three add up to it.
        corner = neighbours.sum(axis=1)
        misses = np.linalg.norm(corner[:, None] - arms, axis=-1).min(axis=1)
        halves = ((corner[:, None] - neighbours) / 2)[misses < _NEAR]
        places = centre + np.einsum("ka,nad->nkd", SIGNS, halves)
        missed = np.linalg.norm(places[:, :, None] - marks, axis=-1).min(axis=1)
        score = _at(corners, places).sum(axis=1) + 8 * _at(edges, _on_edges(places)).mean((1, 2))
        score -= (heights * np.clip(missed - _MARK, 0, 4) / 2).sum(axis=1)
        best = np.argsort(-score)[:3]
        found += [(score[k], Pose(centre, halves[k])) for k in best]
    found.sort(key=lambda one: -one[0])
    return [pose for _, pose in found[:_STARTS]]


def _summits(corners: Map) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (n, 2) of the highest marks, and their heights (n,)."""
    inner = np.zeros(corners.shape, bool)
    inner[1:-1, 1:-1] = True
    y, x = np.nonzero((corners == maximum_filter(corners, 3)) & (corners > _FAINT) & inner)
    best = np.argsort(-corners[y, x])[:_MOST]
    y, x = y[best], x[best]
    shifts = []
    for before, after in (
        (corners[y - 1, x], corners[y + 1, x]),
        (corners[y, x - 1], corners[y, x + 1]),
    ):
        curved = np.minimum(before - 2 * corners[y, x] + after, -1e-6)
        shifts.append(np.clip((before - after) / (2 * curved), -0.5, 0.5))
    return np.stack([y, x], axis=1) + np.stack(shifts, axis=1), corners[y, x].astype(float)


def _centres(marks: NDArray[np.float64], corners: Map) -> NDArray[np.float64]:
    """Where the middle may be: of all marks, or between two that lie opposite."""
    weight = np.where(corners > _FAINT, corners, 0)
    centroid = np.array([(weight * axis).sum() for axis in np.indices(weight.shape)]) / weight.sum()
    middle = (marks.min(axis=0) + marks.max(axis=0)) / 2
    between = [(a + b) / 2 for a, b in itertools.combinations(marks, 2)]
    close = [place for place in between if np.linalg.norm(place - middle) < 4]
    return _apart(np.array([centroid, middle, *close]), 0.8)[:8]


def _apart(places: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """Places of which none is near one before it."""
    kept: list[NDArray[np.float64]] = []
    for place in places:
        if all(np.hypot(*(place - other)) > distance for other in kept):
            kept.append(place)
    return np.array(kept)


def _refined(pose: Pose, corners: Map) -> Pose:
    """Move the corners until marks drawn at them are least squares off (Levenberg-Marquardt)."""
    place = np.concatenate([pose.centre, pose.halves.ravel()])
    pixels = np.nonzero((corners > 0.04) | (draw_corners(pose).max(axis=0) > 0.05))
    wanted, damping = corners[pixels], 1e-2
    drawn, slopes = _drawn(place, pixels)
    for _ in range(_STEPS):
        off = drawn - wanted
        curvature = slopes.T @ slopes
        curvature += damping * np.diag(np.diag(curvature) + 1e-6)
        trial = place - np.linalg.solve(curvature, slopes.T @ off)
        there, trial_slopes = _drawn(trial, pixels)
        before, after = off @ off, (there - wanted) @ (there - wanted)
        if after >= before:
            damping *= 6
            continue
        place, drawn, slopes, damping = trial, there, trial_slopes, damping / 5
        if before - after < 1e-3 * before:
            break
    return Pose(place[:2], place[2:].reshape(3, 2))


def _drawn(
    place: NDArray[np.float64], pixels: tuple[NDArray[np.intp], ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw marks (n,) where any corner is, at some pixels, and their derivatives (n, 8)."""
    corners = place[:2] + SIGNS @ place[2:].reshape(3, 2)
    away = (np.stack(pixels) - corners[:, :, None]) / _MARK  # (8, 2, n)
    mark = np.minimum(np.exp(-(away**2).sum(axis=1) / 2), 0.999)
    empty = (1 - mark).prod(axis=0)
    slope = (empty / (1 - mark) * mark / _MARK)[:, None] * away
    halves = np.einsum("ka,kdn->adn", SIGNS, slope).reshape(6, -1)
    return 1 - empty, np.concatenate([slope.sum(axis=0), halves]).T


def _score(pose: Pose, corners: Map, edges: Map) -> tuple[float, Pose]:
    """How well a pose explains all marks, and the pose."""
    off = 1 - (1 - np.minimum(draw_corners(pose), 0.999)).prod(axis=0) - corners
    lacking = np.maximum(-pose.depths, 0).sum() / (pose.lengths**2).sum()
    seen = _at(edges, _on_edges(pose.corners)).mean()
    misfit = (off[np.maximum(corners, off) > 0.04] ** 2).sum() / 2
    return float(_EDGES_COUNT * seen - misfit - _IMPOSSIBLE * min(lacking, 2)), pose


def _on_edges(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places (..., 12, 6, 2) along the edges between corners (..., 8, 2)."""
    first, last = (corners[..., _ENDS[:, k], :][..., None, :] for k in (0, 1))
    return first + _ALONG * (last - first)


def _at(values: Map, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear interpolation, 0 outside."""
    return map_coordinates(values, np.moveaxis(places, -1, 0), order=1, mode="constant")
