"""Where a body known from some images may lie in another one.

Which edge of one fit is which of the other's is unknown, and so is which of two mirror images each
of them has found: a projection does not tell a body in one pose from its mirror image in another.
Of a box that makes 48 relabellings. Each is a pose of the known body in the other image.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.poses import likely_poses

Array = NDArray[np.floating]
_BATCH, _BATCHES = 6, 2  # poses that are tried at a time, and how often
_KEPT = 3  # of each batch: those that are refined with the body
_POSE_STEPS, _FIRST_STEPS, _STEPS, _ENOUGH = 5, 3, 10, 0.5
_GOOD = 60.0  # cost that sharing the body of a box may take: its 27 numbers, and their scatter
_SAME = 0.5  # cost below which two poses are one
_COARSER = 3  # pixels that are averaged for the search


def joined(bundles: Sequence[Bundle], singles: Sequence[Bundle]) -> list[Bundle]:
    """Let another image show the body of a bundle, in the pose in which it suits best.

    Poses are tried until one suits as well as it should, and all of them if none does. Two single
    images are tried in both orders, for the body of either may be the wrong one.

    Parameters
    ----------
    bundles : sequence of Bundle
        Bodies in question, in the same images; the best first.
    singles : sequence of Bundle
        Bodies in question in the other image; the best first.

    Returns
    -------
    list of Bundle
        With that image as the last one, refined; the best first.
    """
    enough = bundles[0].cost + singles[0].cost + _GOOD
    found: list[Bundle] = []
    for one in _candidates(bundles, singles):
        found.append(one)
        if one.cost < enough:
            return distinct(found)
    if len(bundles[0].looks) == 1:
        for one in _candidates(singles, bundles):
            found.append(Bundle(one.looks[::-1]))
            if one.cost < enough:
                break
    return distinct(found)


def _candidates(bundles: Sequence[Bundle], singles: Sequence[Bundle]) -> Iterator[Bundle]:
    """Refine the best of each batch of poses."""
    fits = [single.looks[0] for single in singles]
    for poses in (_relabelled, _searched):
        for bundle in bundles:
            placed = sorted(poses(bundle.variable, fits), key=lambda look: look.cost)
            for first in range(0, min(_BATCH * _BATCHES, len(placed)), _BATCH):
                batch = (Bundle((look,)) for look in placed[first : first + _BATCH])
                rigid = distinct(one.refined(_POSE_STEPS, _ENOUGH, rigid=True) for one in batch)
                both = (Bundle(bundle.looks + one.looks) for one in rigid[:_KEPT])
                begun = distinct(one.refined(_FIRST_STEPS, _ENOUGH) for one in both)
                yield begun[0].refined(_STEPS, _ENOUGH)


def distinct(bundles: Iterable[Bundle]) -> list[Bundle]:
    """Sort bundles of the same images, the best first, without repetitions."""
    kept: list[Bundle] = []
    for bundle in sorted(bundles, key=lambda one: one.cost):
        if not kept or bundle.cost - kept[-1].cost > _SAME:
            kept.append(bundle)
    return kept


def _relabelled(variable: Variable, fits: Sequence[Look]) -> Iterator[Look]:
    """Show a body in another image, with every labelling of the fits to it."""
    for fit in fits:
        turn = fit.what.variable.particle.rotation.as_matrix()
        for motion in motions():
            # A mirrored body has the projection of the body itself in the mirrored pose.
            mirror = np.diag([1, 1, np.linalg.det(motion)])
            yield _turned(variable, fit, Rotation.from_matrix(mirror @ turn @ motion.T))


def _searched(variable: Variable, fits: Sequence[Look]) -> Iterator[Look]:
    """Show a body in another image, in poses in which it resembles it."""
    look = fits[0]
    body = variable.particle.posed(look.what.variable.particle.position)
    for rotation in likely_poses(body, look.patch.coarser(_COARSER)):
        yield _turned(variable, look, rotation)


@cache
def motions() -> Array:
    """Return the 48 turns and mirrorings (48, 3, 3) that take a box's axes to its axes."""
    signed = [
        np.eye(3)[list(order)] * signs
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1, -1), repeat=3)
    ]
    return np.array(signed)


def _turned(variable: Variable, look: Look, rotation: Rotation) -> Look:
    place = look.what.variable.particle.position
    posed = replace(variable, particle=variable.particle.posed(place, rotation))
    return replace(look, what=replace(look.what, variable=posed))
