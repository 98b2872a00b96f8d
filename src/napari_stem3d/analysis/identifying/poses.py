"""Poses of a body that explain several images together: searched everywhere, then refined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.noise import learnt_noise
from napari_stem3d.analysis.fitting.patch import Noise, Patch
from napari_stem3d.analysis.identifying.aspects import Aspects
from napari_stem3d.analysis.identifying.isolation import middle
from napari_stem3d.analysis.identifying.settling import settle
from napari_stem3d.analysis.identifying.views import PROBE, Joint, Shot, View
from napari_stem3d.simulation import Particle, Shape

Array = NDArray[np.floating]
_STARTS, _APART = 6, 0.3  # poses that are tried, and the angle between them [rad]
_KEPT = 2  # of them, whose dimensions are varied
_BEST = 400  # of all poses, of which those are chosen
_FIRST_STEPS, _ROUGH_STEPS, _FINE_STEPS = 3, 8, 10
_ENOUGH = 0.3  # gain of a step after which a fit ends
_ROUGH_PROBE = 0.6  # coarse pixels
_STILL, _KICK = 0.02, 0.1  # pixels: kicks of the lines of coarse images, and of those themselves
_COARSE = 3  # pixels that become one for the first steps
_ALIKE = 0.995  # correlation of two models from which on they are one

Progress = Callable[[], None]


def roughly(
    aspects: Aspects,
    patches: Sequence[Patch],
    turns: Sequence[Rotation],
    usual: Shape,
    spread: float,
    tick: Progress = lambda: None,
) -> list[Joint]:
    """Explain coarse images of one body at known tilts.

    Parameters
    ----------
    aspects : Aspects
        The body to begin with, from everywhere.
    patches : sequence of Patch
        The images.
    turns : sequence of Rotation
        How the stage has turned the specimen in each.
    usual : Shape
        The dimensions that are likely beforehand.
    spread : float
        Standard deviation of the logarithms of the dimensions about these.
    tick : callable
        Called after each pose that was tried; what it raises ends the search.

    Returns
    -------
    list of Joint
        Explanations from different poses, the likeliest first.
    """
    places = [middle(patch) for patch in patches]
    views = [View(patch.coarser(_COARSE), turn) for patch, turn in zip(patches, turns)]
    turned: list[Joint] = []
    for pose in _candidates(aspects, patches, turns, places):
        first = begin(aspects.body, views, places, pose)
        if first is not None:
            joint = settle(first, _FIRST_STEPS, 1.0, learn=False)
            if not any(_same(joint, other) for other in turned):
                turned.append(joint)
        tick()
    turned.sort(key=lambda joint: joint.cost)
    found = []
    for joint in turned[:_KEPT]:
        found.append(
            settle(replace(joint, usual=usual, spread=spread), _ROUGH_STEPS, 1.0, learn=False)
        )
        tick()
    return sorted(found, key=lambda joint: joint.cost)


def follow(
    body: Particle,
    pose: Rotation,
    patches: Sequence[Patch],
    turns: Sequence[Rotation],
    spread: float,
) -> Joint | None:
    """Explain coarse images from one pose alone; None where they are dark."""
    places = [middle(patch) for patch in patches]
    views = [View(patch.coarser(_COARSE), turn) for patch, turn in zip(patches, turns)]
    first = begin(body, views, places, pose)
    if first is None:
        return None
    return settle(replace(first, spread=spread), _ROUGH_STEPS, 1.0, learn=False)


def finely(joint: Joint, patches: Sequence[Patch], noises: Sequence[Noise]) -> Joint:
    """Explain the images themselves from a coarse explanation, and weigh them by their noise."""
    views = tuple(View(patch, view.turn) for patch, view in zip(patches, joint.views))
    fine = settle(_finer(joint, views), _FINE_STEPS, 10 * _ENOUGH)
    return settle(replace(fine, views=_weighed(fine, noises)), _FINE_STEPS, _ENOUGH)


def begin(
    body: Particle,
    views: Sequence[View],
    places: Sequence[tuple[float, float]],
    pose: Rotation,
) -> Joint | None:
    """Lay a body over coarse images with the gains and grounds that suit; None if it is dark."""
    shots = tuple(
        Shot(y, x, 1.0, 0.0, np.zeros(len(view.patch.y))) for view, (y, x) in zip(views, places)
    )
    particle = body.posed((0.0, 0.0), pose)
    bare = Joint(particle, tuple(views), shots, body.shape, 0.0, _ROUGH_PROBE, _STILL)
    fitted = []
    for view, shot, blurred in zip(views, shots, bare.blurred):
        weight = 1 / np.sqrt(view.patch.variance)
        design = np.stack([blurred * weight, weight]).reshape(2, -1).T
        wanted = (view.patch.image * weight).ravel()
        gain, ground = np.linalg.lstsq(design, wanted, rcond=None)[0].tolist()
        if gain <= 0:
            return None
        fitted.append(shot._replace(gain=gain, ground=ground))
    return replace(bare, shots=tuple(fitted))


def _finer(joint: Joint, views: tuple[View, ...]) -> Joint:
    """Lay the body of a coarse explanation over the images themselves."""
    shots = tuple(
        shot._replace(shifts=np.zeros(len(view.patch.y))) for shot, view in zip(joint.shots, views)
    )
    return replace(joint, views=views, shots=shots, probe=PROBE, kick=_KICK)


class _Laid(NamedTuple):
    patch: Patch
    model: Array


def _weighed(joint: Joint, noises: Sequence[Noise]) -> tuple[View, ...]:
    """Images with the noise that their models tell, once it is learnt from what they leave."""
    weighed = []
    for view, noise, model in zip(joint.views, noises, joint.models):
        learnt = learnt_noise(_Laid(view.patch, model), noise)
        weighed.append(view._replace(patch=view.patch.weighted(learnt, model)))
    return tuple(weighed)


def _candidates(
    aspects: Aspects,
    patches: Sequence[Patch],
    turns: Sequence[Rotation],
    places: Sequence[tuple[float, float]],
) -> list[Rotation]:
    """Poses at zero tilt that go well with all images and differ from each other."""
    poses = aspects.poses
    score = sum(
        aspects.scores(aspects.likeness(patch, place), turn * poses)
        for patch, turn, place in zip(patches, turns, places)
    )
    best = np.argsort(-np.asarray(score))[:_BEST]
    cosines = np.abs(poses[best].as_quat() @ poses[best].as_quat().T)  # of half the angles between
    kept: list[int] = []
    for k in range(len(best)):
        if all(cosines[k, j] < np.cos(_APART / 2) for j in kept):
            kept.append(k)
    return [poses[best[k]] for k in kept[:_STARTS]]


def _same(one: Joint, other: Joint) -> bool:
    """Whether two explanations show the same images."""
    pairs = zip(one.models, other.models)
    return all(np.corrcoef(a.ravel(), b.ravel())[0, 1] > _ALIKE for a, b in pairs)
