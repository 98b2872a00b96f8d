"""One particle explained: starts, refinement, number of cuts, and what else might be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from napari_stem3d.analysis.fitting.cuts import fewer_cuts
from napari_stem3d.analysis.fitting.finalists import Scene, along_valleys, distinct
from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.proposal import Proposal
from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.fitting.result import Alternative
from napari_stem3d.analysis.fitting.search import likely_bodies
from napari_stem3d.analysis.fitting.starts import marked_cuboids
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.networks.contracts import MOST_CORNERS
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import Polyhedron

Array = NDArray[np.floating]
_LEAST = 1e-4  # probability that nothing falls below, whatever a network says
_SURE_NUMBER = 0.98  # probability of a number of corners from which on no other is begun with
_COARSE, _FINE = 2, 3  # fits of likely and of all starts that are carried on
_SHALLOW = 0.12  # fraction at which cuts begin that nothing has proposed
_STEPS = 8  # of a refinement after cuts were added
_MANY = 24  # bodies that are begun with where nothing explains the image
_LADDERS = 3  # valleys in which the number of cuts is chosen
_ROUNDS = 2  # restarts along valleys
_WORTH = 1.0  # cost by which a valley must lie lower to be followed
# What an explanation found at once must reach for the search to end there: distance in evidence
# from any other number of cuts, the network's probability of its number, that of its residuals.
_CLEAR, _AGREED, _EXPLAINED = 6.0, 0.9, 0.05
_SHOWN = 14.0  # evidence up to which alternatives are kept: a thousandth as probable


@dataclass(frozen=True)
class Told:
    """What is known of the number of cuts of one kind of shape before it is fitted."""

    shape: str
    shape_probability: float
    corners: Array

    def score(self, look: Look) -> float:
        """Minus twice the logarithm of what an explanation's probability is proportional to."""
        particle = look.what.variable.particle
        count, own = len(particle.deformed_corners), particle.shape
        places = len(own.vertices()) if isinstance(own, Polyhedron) else 0
        prior = max(self.corners[count], _LEAST) / comb(max(places, count), count)
        return look.evidence - 2 * float(np.log(prior * max(self.shape_probability, _LEAST)))


def explain(
    scene: Scene, mask: NDArray[np.bool_], proposal: Proposal, shapes: Iterable[str]
) -> list[Alternative]:
    """Find bodies that explain the image of a particle.

    Parameters
    ----------
    scene : Scene
        The image around it.
    mask : ndarray of bool, shape (ny, nx)
        Its pixels.
    proposal : Proposal
        What a network says of it.
    shapes : iterable of str
        Names of the shapes that it may have.

    Returns
    -------
    list of Alternative
        The most probable first; empty where no fit succeeded.
    """
    scored: list[tuple[float, Look]] = []
    for name in shapes:
        chance = proposal.shapes.get(name, 0.0)
        if name == "cuboid":
            told = Told(name, chance, proposal.corners)
            looks = _cuboids(scene, mask, proposal, told)
        else:
            told = Told(name, chance, np.eye(MOST_CORNERS + 1)[0])
            looks = _others(scene, mask, name)
        scored += [(told.score(look), look) for look in looks]
    scored.sort(key=lambda one: one[0])
    if not scored:
        return []
    near = [(score, look) for score, look in scored if score < scored[0][0] + _SHOWN]
    chances = -np.array([score for score, _ in near]) / 2
    return [
        Alternative(look, float(np.exp(chance)))
        for chance, (_, look) in zip(chances - logsumexp(chances), near)
    ]


def _others(scene: Scene, mask: NDArray[np.bool_], name: str) -> list[Look]:
    starts = likely_bodies(get_shape(name), scene.patch, mask)
    fine = map(scene.finely, scene.roughly(starts)[:_COARSE])
    return distinct([look for look in fine if look], _LADDERS)


def _cuboids(scene: Scene, mask: NDArray[np.bool_], proposal: Proposal, told: Told) -> list[Look]:
    pixel = scene.patch.pixel
    found: list[Look] = []

    def carry_on(starts: Iterable, most: int) -> None:
        fine = map(scene.finely, scene.roughly(starts)[:most])
        found.extend(look for look in fine if look)

    numbers = np.argsort(-proposal.corners)[:2].tolist()
    sure = proposal.corners[numbers[0]] > _SURE_NUMBER
    for number in numbers[:1] if sure else numbers:
        carry_on(marked_cuboids(proposal, pixel, number), _COARSE)
    looks: list[Look] = []
    if found:
        best = distinct(found, 1)[0]
        looks = [best, *fewer_cuts(_completed(best))]
        if _settled(looks, proposal, told):
            return looks
    carry_on(marked_cuboids(proposal, pixel), _FINE)
    carry_on(likely_bodies(get_shape("cuboid"), scene.patch, mask), _FINE)
    if not found:
        return []
    looks += _laddered(_followed(found))
    if goodness(min(looks, key=told.score)) < _EXPLAINED:
        found.clear()
        bodies = likely_bodies(get_shape("cuboid"), scene.patch, mask, _MANY)
        everywhere = (Variable(body).completed(_SHALLOW).particle for body in bodies)
        carry_on(everywhere, 2 * _FINE)
        if found:
            looks += _laddered(_followed(found))
    return looks


def _followed(found: list[Look]) -> list[Look]:
    """Add what lies along the valleys of the best."""
    best = min(found, key=lambda look: look.cost)
    found = list(found)
    for _ in range(_ROUNDS):
        moved = list(along_valleys(best))
        found += moved
        lowest = min(moved, key=lambda look: look.cost, default=best)
        if lowest.cost > best.cost - _WORTH:
            break
        best = lowest
    return found


def _laddered(found: list[Look]) -> list[Look]:
    """Choose the number of cuts in the best valleys."""
    ladders = (fewer_cuts(_completed(look)) for look in distinct(found, _LADDERS))
    return list(chain.from_iterable(ladders))


def _completed(look: Look) -> Look:
    """Fit again with cuts at all corners."""
    variable = look.what.variable.completed(_SHALLOW)
    return refine(replace(look, what=replace(look.what, variable=variable)), _STEPS, learn=False)


def _settled(looks: list[Look], proposal: Proposal, told: Told) -> bool:
    """Whether the best of these explains the image, as the network expects, and no other does."""
    ranked = sorted(looks, key=told.score)
    numbers = [len(look.what.variable.particle.deformed_corners) for look in ranked]
    others = [look for look, number in zip(ranked, numbers) if number != numbers[0]]
    clear = not others or told.score(others[0]) - told.score(ranked[0]) > _CLEAR
    return clear and proposal.corners[numbers[0]] > _AGREED and goodness(ranked[0]) > _EXPLAINED
