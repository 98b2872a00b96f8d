"""Poses of a body that explain several images together: searched everywhere, then refined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.patch import Noise, Patch
from napari_stem3d.analysis.identifying.aspects import Aspects
from napari_stem3d.analysis.identifying.descent import settle
from napari_stem3d.analysis.identifying.isolation import middle
from napari_stem3d.analysis.identifying.views import Joint, Shot, View
from napari_stem3d.simulation import Particle

Array = NDArray[np.float64]
_STARTS, _APART = 6, 0.3  # poses that are tried, and the angle between them [rad]
_KEPT = 2  # of them, whose dimensions are varied
_BEST = 400  # of all poses, of which those are chosen
_FIRST_STEPS, _ROUGH_STEPS, _FINE_STEPS = 4, 8, 10
_COARSE = 3  # pixels that become one for the first steps
_ALIKE = 0.995  # correlation of two models from which on they are one

Progress = Callable[[], None]


def roughly(
    aspects: Aspects,
    patches: Sequence[Patch],
    turns: Sequence[Rotation],
    spread: float,
    tick: Progress = lambda: None,
) -> list[Joint]:
    """Explain coarse images of one body at known tilts.

    Parameters
    ----------
    aspects : Aspects
        The body, as it is likely beforehand, from everywhere.
    patches : sequence of Patch
        The images.
    turns : sequence of Rotation
        How the stage has turned the specimen in each.
    spread : float
        Standard deviation of the logarithms of the body's dimensions.
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
        first = begin(aspects.body, views, places, pose, 0.0, kick=0.02)
        if first is not None:
            joint = settle(first, _FIRST_STEPS, 1.0, learn=False)
            if not any(_same(joint, other) for other in turned):
                turned.append(joint)
        tick()
    turned.sort(key=lambda joint: joint.cost)
    found = []
    for joint in turned[:_KEPT]:
        found.append(settle(replace(joint, spread=spread), _ROUGH_STEPS, 1.0, learn=False))
        tick()
    return sorted(found, key=lambda joint: joint.cost)


def finely(joint: Joint, patches: Sequence[Patch], noises: Sequence[Noise]) -> Joint:
    """Explain the images themselves from a coarse explanation, and weigh them by their noise."""
    views = tuple(View(patch, view.turn) for patch, view in zip(patches, joint.views))
    fine = settle(_finer(joint, views), _FINE_STEPS)
    weighed = tuple(
        view._replace(patch=view.patch.weighted(noise, model))
        for view, noise, model in zip(views, noises, fine.models)
    )
    return settle(replace(fine, views=weighed), _FINE_STEPS)


def begin(
    body: Particle,
    views: Sequence[View],
    places: Sequence[tuple[float, float]],
    pose: Rotation,
    spread: float,
    kick: float = 0.1,
) -> Joint | None:
    """Lay a body over images with the gains and the grounds that suit it best."""
    shots = tuple(
        Shot(y, x, 1.0, 0.0, np.zeros(len(view.patch.y))) for view, (y, x) in zip(views, places)
    )
    particle = body.posed((0.0, 0.0), pose)
    probe = 1.0 if kick > 0.05 else 0.6  # coarse pixels are wider than the probe
    bare = Joint(particle, tuple(views), shots, body.shape, spread, probe, kick)
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
    return replace(joint, views=views, shots=shots, probe=1.0, kick=0.1)


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
    kept: list[int] = []
    for k in np.argsort(-np.asarray(score))[:_BEST].tolist():
        if all((poses[k] * poses[j].inv()).magnitude() > _APART for j in kept):
            kept.append(k)
    return [poses[k] for k in kept[:_STARTS]]


def _same(one: Joint, other: Joint) -> bool:
    """Whether two explanations show the same images."""
    pairs = zip(one.models, other.models)
    return all(np.corrcoef(a.ravel(), b.ravel())[0, 1] > _ALIKE for a, b in pairs)
