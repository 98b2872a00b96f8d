"""One body in several images: its normal equations, its evidence, and what images add."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d.analysis.fitting.likelihood import IMAGING, Look
from napari_stem3d.analysis.fitting.refinement import moved
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.joint.bundle import Bundle


def test_one_look_alone_is_a_bundle_of_one(looks: list[Look]) -> None:
    one, look = Bundle((looks[0],)), looks[0]
    assert one.cost == pytest.approx(look.cost)
    assert one.evidence == pytest.approx(look.evidence)
    body = slice(POSE, -IMAGING)
    covariance = np.linalg.inv(look.equations.curvature)[body, body]
    np.testing.assert_allclose(one.covariance, covariance, rtol=1e-3, atol=1e-9)


def test_slopes_are_those_of_the_cost(looks: list[Look]) -> None:
    bundle = Bundle.of(looks[0].what.variable.moved(np.full(32, 0.01)), looks[:2])
    arrow = bundle.arrow()
    step = 1e-4

    def changed(number: int, sign: int) -> float:
        """Cost with one number of the body changed in both images."""
        change = np.zeros(len(bundle.variable.names) + IMAGING)
        change[number] = sign * step
        shown = (
            replace(k, what=moved(k.what, change, np.zeros(len(k.what.shifts))))
            for k in bundle.looks
        )
        return Bundle(tuple(shown)).cost

    for number in (POSE, POSE + 2):
        # Without the elimination: the sum of both images' slopes, less what both hold twice.
        found = (changed(number, 1) - changed(number, -1)) / (4 * step)
        own = [numerical(look, number, step) for look in bundle.looks]
        assert found == pytest.approx(sum(own) - bundle.beliefs.pull[number - POSE], rel=1e-3)
    assert arrow.body.shape == (27, 27)
    assert (np.linalg.eigvalsh(arrow.body) > 0).all()


def numerical(look: Look, number: int, step: float) -> float:
    change = np.zeros(len(look.what.variable.names) + IMAGING)
    change[number] = step
    still = np.zeros(len(look.what.shifts))
    there, back = (replace(look, what=moved(look.what, s * change, still)) for s in (1, -1))
    return (there.cost - back.cost) / (4 * step)


def test_refinement_finds_the_way_back_and_keeps_one_body(looks: list[Look]) -> None:
    best = Bundle((looks[0], looks[0]))
    numbers = np.zeros(len(best.variable.names))
    numbers[POSE : POSE + 3] = 0.04, -0.03, 0.02
    start = Bundle.of(best.variable.moved(numbers), best.looks)
    found = start.refined()
    assert start.cost > best.cost + 100
    assert found.cost < best.cost + 1
    first, second = (look.what.variable for look in found.looks)
    assert first.lengths == second.lengths
    assert first.cuts == second.cuts


def test_the_same_image_twice_halves_the_variance(looks: list[Look]) -> None:
    once, twice = Bundle((looks[0],)), Bundle((looks[0], looks[0]))
    lengths = slice(0, 3)
    ratio = np.diag(twice.covariance)[lengths] / np.diag(once.covariance)[lengths]
    assert ((ratio > 0.45) & (ratio < 0.8)).all()  # what is known beforehand counts once
    assert twice.cost == pytest.approx(2 * once.cost - once.beliefs.surprise)


def test_a_rigid_body_stays(looks: list[Look]) -> None:
    other = replace(looks[1], what=replace(looks[1].what, gain=1.1 * looks[1].what.gain))
    refined = Bundle((other,)).refined(rigid=True)
    assert refined.cost < other.cost
    assert refined.variable.lengths == other.what.variable.lengths
