"""Which corners of a cuboid are deformed, read off the marks on them."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from napari_stem3d.analysis.cuboid_marks import SIGNS, Pose, draw_corners, find_pose
from napari_stem3d.networks.contracts import ORBIT_CORNERS, ORBITS, orbit

_CHOICES = np.array(list(itertools.combinations(range(len(SIGNS)), 2)))
_SURE = 0.01  # no mark counts as surely there or surely not
_TRUST = 0.1  # share of the pixels of a mark that say anything of their own
_PLACE = 0.25  # pixels to which the ends of edges are known
_ROUGHLY = 0.04  # least relative error of the ratio of two lengths
_FLOOR = 1e-3  # least probability of what the network told before its marks were read


def read_pairs(
    corner_maps: NDArray[np.floating],
    edge_maps: NDArray[np.floating],
    told: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Say how two deformed corners of a cuboid lie to each other, from the marks of a network.

    Which marks belong together is geometry, which need not be learned: a pose of a cuboid is
    fitted to all of them, every pair of its corners drawn, and compared with what is marked as
    intact and as deformed. What the network told stands as prior probability.

    Parameters
    ----------
    corner_maps : ndarray, shape (64, 64, 2)
        Marks at intact and at deformed corners, between 0 and 1.
    edge_maps : ndarray, shape (64, 64, 3)
        Marks along the edges.
    told : ndarray, shape (46,)
        Probabilities of `ORBITS`, as the network told them.

    Returns
    -------
    ndarray, shape (46,), float32
        Probabilities of `ORBITS`; of one and of more than two corners as they were. All are as
        they were where no pose is found.
    """
    pose = find_pose(corner_maps.sum(axis=-1).clip(0, 1), edge_maps.sum(axis=-1).clip(0, 1))
    if pose is None:
        return told.astype(np.float32)
    agreement = np.exp(_TRUST * _agreement(pose, corner_maps))
    likely = np.zeros(len(ORBITS))
    for order in itertools.permutations(range(3)):
        names = _names(order)
        chance = _ascending(pose, list(order)) * agreement
        np.maximum.at(likely, names, chance * np.maximum(told[names], _FLOOR))
    pairs = np.array(ORBIT_CORNERS) == _CHOICES.shape[1]
    return np.where(pairs, likely / likely.sum() * told[pairs].sum(), told).astype(np.float32)


@cache
def _names(order: tuple[int, ...]) -> NDArray[np.intp]:
    """Name the orbit of each pair of corners, by its number in `ORBITS`, edges in this order."""
    sides = (SIGNS[_CHOICES][..., list(order)] > 0) @ np.array([4, 2, 1])
    return np.array([ORBITS.index(orbit(corners)) for corners in sides.tolist()])


def _ascending(pose: Pose, order: list[int]) -> float:
    """Probability that edges are in ascending order, as well as their lengths are known."""
    steps = np.diff(np.log(np.maximum(pose.lengths[order], 1e-3)))
    doubts = pose.doubts(_PLACE)[order]
    return float(ndtr(steps / np.hypot(_ROUGHLY, np.hypot(doubts[1:], doubts[:-1]))).prod())


def _agreement(pose: Pose, corner_maps: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-likelihood of the marks for each pair of deformed corners, but for a constant."""
    marks = draw_corners(pose)
    near = marks.max(axis=0) > 0.1
    marks, seen = marks[:, near], corner_maps[near].clip(_SURE, 1 - _SURE)
    scores = []
    for chosen in _CHOICES:
        deformed = np.zeros(len(SIGNS), bool)
        deformed[chosen] = True
        drawn = np.stack([marks[~deformed].max(axis=0), marks[deformed].max(axis=0)], axis=-1)
        drawn = drawn.clip(_SURE, 1 - _SURE)
        scores.append((seen * np.log(drawn) + (1 - seen) * np.log(1 - drawn)).sum())
    return np.array(scores)
