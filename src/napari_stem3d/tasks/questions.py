"""What is asked of an object at "corners-128", and what a classifier's probabilities answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.statements import deformed_chance
from napari_stem3d.networks.contracts import (
    ARRANGEMENTS,
    CLASSES,
    MOST_CORNERS,
    ORBIT_CORNERS,
    ORBITS,
    PAIRS,
)
from napari_stem3d.simulation import Particle
from napari_stem3d.simulation.symmetry import corner_orbit
from napari_stem3d.tasks.corners128 import SHAPES

Probabilities = NDArray[np.float32]
_PAIRS = [k for k, number in enumerate(ORBIT_CORNERS) if number == 2]
_PAIR_NAMES = tuple(PAIRS[ORBITS[k]] for k in _PAIRS)


@dataclass(frozen=True)
class Question:
    """One question with its possible answers.

    Attributes
    ----------
    classes : tuple of str
        Answers.
    truth : callable
        From a `Particle` to the answer that is right.
    output : str
        Which output of a classifier tells of it.
    chances : callable
        From that output, probabilities (objects, ...), to those of the classes, (objects, classes).
    answers : int
        How many of the classes occur, equally often: what is guessed blindly is right once in so
        many.
    ordered : bool
        Whether the classes are numbers, so that some errors are worse than others.
    """

    classes: tuple[str, ...]
    truth: Callable[[Particle], str]
    output: str
    chances: Callable[[Probabilities], Probabilities]
    answers: int
    ordered: bool = False

    def probabilities(self, outputs: Mapping[str, Probabilities]) -> Probabilities:
        """Probabilities (objects, classes) of the answers, from the outputs of a classifier."""
        return self.chances(outputs[self.output])

    def told(self, probabilities: Probabilities) -> NDArray[np.int64]:
        """Class (objects,) that is told of each object, as `classify_frame` decides.

        What is likelier deformed than not, see `deformed_chance`, has one corner at least.
        """
        if not self.ordered:
            return np.argmax(probabilities, axis=1)
        some = 1 + np.argmax(probabilities[:, 1:], axis=1)
        return np.where(deformed_chance(probabilities) > 0.5, some, 0)


def _deformed(corners: Probabilities) -> Probabilities:
    chance = deformed_chance(corners)
    return np.stack([1 - chance, chance], axis=1)


def _pairs(orbits: Probabilities) -> Probabilities:
    """Chances of the seven pairs of a box, given that it is a pair."""
    pairs = orbits[:, _PAIRS]
    return pairs / np.maximum(pairs.sum(axis=1, keepdims=True), 1e-12)


def _arrangements(orbits: Probabilities) -> Probabilities:
    """Chances that two corners share an edge, a face or neither, given that it is two."""
    pairs, lengths = _pairs(orbits), np.array([len(name) for name in _PAIR_NAMES])
    return np.stack([pairs[:, lengths == n].sum(axis=1) for n in (1, 2, 3)], axis=1)


def _pair_of(particle: Particle) -> str:
    return PAIRS[corner_orbit(particle.shape, particle.deformed_corners, mirror=True)]


def _arrangement_of(particle: Particle) -> str:
    first, second = particle.deformed_corners
    return ARRANGEMENTS[(first ^ second).bit_count() - 1]


def _shape_of(particle: Particle) -> str:
    name = particle.shape.name
    return name if name in CLASSES else CLASSES[-1]


def _as_it_is(probabilities: Probabilities) -> Probabilities:
    return probabilities


QUESTIONS = {
    "deformed": Question(
        ("intact", "deformed"),
        lambda particle: "deformed" if particle.deformed_corners else "intact",
        "corners",
        _deformed,
        2,
    ),
    "corners": Question(
        tuple(map(str, range(MOST_CORNERS + 1))),
        lambda particle: str(len(particle.deformed_corners)),
        "corners",
        _as_it_is,
        MOST_CORNERS + 1,
        ordered=True,
    ),
    "pair-cube": Question(ARRANGEMENTS, _arrangement_of, "orbit", _arrangements, len(ARRANGEMENTS)),
    "pair-box": Question(_PAIR_NAMES, _pair_of, "orbit", _pairs, len(PAIRS)),
    "shape": Question(CLASSES, _shape_of, "shape", _as_it_is, len(SHAPES)),
    "shape-all": Question(CLASSES, _shape_of, "shape", _as_it_is, len(CLASSES)),
}
