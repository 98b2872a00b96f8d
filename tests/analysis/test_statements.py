"""What is said of a particle, from probabilities that are known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.statements import STATEMENTS, deformed_chance, statements
from napari_stem3d.networks.contracts import CLASSES, ORBITS, PAIRS

AXES = {axes: name for name, axes in PAIRS.items()}


def told(shape: str = "cuboid", corners: int = 2, **orbits: float) -> dict[str, np.ndarray]:
    shapes = np.full(len(CLASSES), 0.01, np.float32)
    shapes[CLASSES.index(shape)] = 0.86
    numbers = np.full(9, 0.02, np.float32)
    numbers[corners] = 0.84
    orbit = np.zeros(len(ORBITS), np.float32)
    for axes, value in orbits.items():
        orbit[ORBITS.index(AXES[axes])] = value
    return {"shape": shapes, "corners": numbers, "orbit": orbit}


def test_every_statement_is_made_in_order() -> None:
    assert tuple(statements(**told(ab=0.8))) == STATEMENTS


@pytest.mark.parametrize(
    "orbits, arrangement, axes",
    [
        ({"a": 0.5, "abc": 0.3}, "edge", "a"),
        ({"bc": 0.5, "a": 0.3}, "face", "bc"),
        ({"abc": 0.6, "c": 0.2}, "body", "abc"),
        ({"abc": 0.4, "a": 0.3, "b": 0.3}, "edge", "a"),
    ],
)
def test_the_likeliest_kind_wins_then_its_likeliest_axes(
    orbits: dict[str, float], arrangement: str, axes: str
) -> None:
    said = statements(**told(**orbits), edges=np.array([1.0, 1.2, 1.5]))
    assert (said["arrangement"], said["arrangement_axes"]) == (arrangement, axes)


@pytest.mark.parametrize(
    "axes, edges, tells",
    [
        ("a", (1.0, 1.01, 1.5), False),
        ("a", (1.0, 1.5, 1.51), True),
        ("b", (1.0, 1.2, 1.21), False),
        ("c", (1.0, 1.01, 1.5), True),
        ("ab", (1.0, 1.01, 1.5), True),  # c is the edge that is not named
        ("bc", (1.0, 1.01, 1.5), False),
        ("abc", (1.0, 1.0, 1.0), True),
    ],
)
def test_axes_are_named_only_where_lengths_tell_them(
    axes: str, edges: tuple[float, ...], tells: bool
) -> None:
    said = statements(**told(**{axes: 0.9}), edges=np.array(edges))
    assert said["arrangement_axes"] == (axes if tells else "")
    assert said["arrangement"] == ("edge", "face", "body")[len(axes) - 1]


def test_probabilities_of_pairs_assume_that_there_are_two() -> None:
    said = statements(**told(corners=5, a=0.02, abc=0.06))
    assert said["p_pair_abc"] == pytest.approx(0.75)
    assert said["arrangement"] == ""


def test_only_pairs_of_cuboids_are_arranged() -> None:
    assert statements(**told("tetrahedron", a=0.9))["arrangement"] == ""
    assert statements(**told("cuboid", 3, a=0.9))["arrangement"] == ""


def test_a_network_may_know_nothing_of_orbits() -> None:
    said = statements(told()["shape"], told()["corners"])
    assert said["arrangement"] == ""
    assert np.isnan(said["p_pair_a"])


def test_what_is_likelier_deformed_than_not_has_a_deformed_corner() -> None:
    numbers = np.array([0.1, 0.5, 0.4, 0, 0, 0, 0, 0, 0], np.float32)
    said = statements(told()["shape"], numbers)
    assert said["deformed"]
    assert said["corners"] == 1


@pytest.mark.parametrize(("none", "chance"), [(0, 1), (1 / 9, 1 / 2), (1 / 2, 1 / 9), (1, 0)])
def test_whether_it_is_deformed_is_asked_at_even_odds(none: float, chance: float) -> None:
    numbers = np.full((2, 9), (1 - none) / 8)
    numbers[:, 0] = none
    np.testing.assert_allclose(deformed_chance(numbers), chance, atol=1e-12)
