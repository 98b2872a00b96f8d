"""What is true of an object, and what probabilities say of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.statements import statements
from napari_stem3d.networks.contracts import CLASSES, ORBIT_CORNERS, ORBITS, PAIRS
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import Cuboid, CutCorners, Particle
from napari_stem3d.tasks.corners128 import SHAPES, TASKS, Corners128
from napari_stem3d.tasks.questions import QUESTIONS


def box(*corners: int, edges: tuple[float, float, float] = (6, 7, 8)) -> Particle:
    fractions = tuple((0.3, 0.3, 0.3) for _ in corners)
    return Particle(Cuboid(*edges), deformations=(CutCorners(corners, fractions),))


@pytest.mark.parametrize(
    ("task", "particle", "answer"),
    [
        ("deformed", Particle(Cuboid(6, 7, 8)), "intact"),
        ("deformed", box(3), "deformed"),
        ("corners", box(0, 3, 5), "3"),
        ("pair-cube", box(0, 1), "edge"),
        ("pair-cube", box(2, 4), "face"),
        ("pair-cube", box(6, 1), "body"),
        ("pair-box", box(0, 1), "c"),  # they differ along the longest edge
        ("pair-box", box(0, 1, edges=(8, 7, 6)), "a"),  # along the shortest
        ("pair-box", box(1, 2), "bc"),
        ("pair-box", box(0, 7), "abc"),
        ("shape", Particle(get_shape("cone")()), "cone"),
    ],
)
def test_the_truth_of_a_particle(task: str, particle: Particle, answer: str) -> None:
    assert QUESTIONS[task].truth(particle) == answer


def test_every_truth_that_is_drawn_is_one_of_the_answers() -> None:
    for task in TASKS:
        draw, question = Corners128(task), QUESTIONS[task]
        answers = {question.truth(draw(np.random.default_rng(i)).particles[0]) for i in range(150)}
        assert answers <= set(question.classes)
        assert len(answers) == question.answers


def outputs(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    sizes = {"shape": len(CLASSES), "corners": 9, "orbit": len(ORBITS)}
    return {name: rng.dirichlet(np.ones(n) / 3, count) for name, n in sizes.items()}


def test_what_is_told_is_what_the_table_says() -> None:
    told = outputs(np.random.default_rng(1), 200)
    rows = [statements(**{k: v[i] for k, v in told.items()}) for i in range(200)]
    for task, column in (("deformed", "deformed"), ("corners", "corners"), ("shape", "shape")):
        question = QUESTIONS[task]
        answers = question.told(question.probabilities(told))
        expected = [row[column] for row in rows]
        if task == "shape":
            expected = [CLASSES.index(name) for name in expected]
        assert answers.tolist() == [int(e) for e in expected]


def test_arrangements_are_asked_for_given_that_two_corners_are_deformed() -> None:
    told = outputs(np.random.default_rng(2), 50)
    for task in ("pair-cube", "pair-box"):
        np.testing.assert_allclose(QUESTIONS[task].probabilities(told).sum(axis=1), 1)
    orbit = np.zeros((1, len(ORBITS)))
    orbit[0, ORBITS.index("0-6")], orbit[0, ORBITS.index("0-5")] = 0.1, 0.15
    orbit[0, ORBITS.index("0-4")], orbit[0, 0] = 0.2, 0.55
    cube = QUESTIONS["pair-cube"].probabilities({"orbit": orbit})
    np.testing.assert_allclose(cube, [[0.2 / 0.45, 0.25 / 0.45, 0]])
    answer = QUESTIONS["pair-box"].probabilities({"orbit": orbit}).argmax()
    assert QUESTIONS["pair-box"].classes[answer] == "a"
    assert (
        sum(n == 2 for n in ORBIT_CORNERS) == len(PAIRS) == len(set(QUESTIONS["pair-box"].classes))
    )


def test_the_seven_shapes_are_guessed_once_in_seven_times() -> None:
    assert QUESTIONS["shape"].answers == len(SHAPES)
