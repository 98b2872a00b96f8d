"""Bodies that move while they are scanned: poses, derivatives, and the simulator's own rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.chords import chords, slopes
from napari_stem3d.analysis.fitting.likelihood import IMAGING
from napari_stem3d.analysis.fitting.moving import MotionPrior, Moving, MovingLook
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.refinement import begin
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import CutCorners, Grid, Particle, Scan, project, random_rotation

SHAPES = ("cuboid", "octahedron", "ellipsoid", "cylinder", "cone", "rod")
GRID = Grid((96, 112), (0.25, 0.2))
Y, X = (np.arange(n) * d for n, d in zip(GRID.gpts, GRID.sampling))
RATES = np.array([0.8, -0.5, 0.4, -0.3, 0.5])
STEP = 1e-5


def body(name: str, rates: NDArray[np.float64] = RATES) -> Moving:
    rng = np.random.default_rng(SHAPES.index(name))
    shape = get_shape(name).random(rng, 14.0)
    cuts = (CutCorners.random(shape, 3, rng, (0.2, 0.45)),) if name == "cuboid" else ()
    particle = Particle(shape, (11.8, 11.3), random_rotation(rng), cuts)
    return Moving(particle, rates, middle=11.0, height=24.0)


def thickness(moving: Moving) -> NDArray[np.float64]:
    surfaces = moving.surfaces_at(moving.times(Y))
    return np.sum([s.sign * chords(*s[1:], Y, X).thickness for s in surfaces], axis=0)


def look(moving: Moving, prior: MotionPrior | None = None) -> MovingLook:
    rng = np.random.default_rng(1)
    image = rng.poisson(50.0 * project(moving.particle, GRID) + 30.0).astype(float)
    still = begin(Variable(moving.particle), Patch(image, np.maximum(image, 20.0), Y, X))
    shifts = 0.1 * rng.normal(size=len(Y))
    what = replace(still.what, variable=moving, shifts=shifts)
    return MovingLook(what, still.patch, still.prior, prior or MotionPrior())


@pytest.mark.parametrize("name", SHAPES)
def test_rows_are_those_of_the_simulator(name: str) -> None:
    moving = body(name)
    times = Scan().row_times(GRID)
    wanted = project(moving.seen(times), GRID, times=times)
    np.testing.assert_allclose(thickness(moving), wanted, atol=3e-4 * wanted.max())


def test_a_turn_is_right_handed_and_a_drift_goes_down_and_right() -> None:
    moving = replace(body("cuboid"), rates=np.array([2.0, 3.0, 0.0, 0.0, np.pi]))
    particle = moving.seen(Scan().row_times(GRID))
    assert particle.motion is not None
    first, last = particle.motion.positions
    np.testing.assert_allclose((last - first) * 96 / 95, (2.0, 3.0), rtol=1e-9)
    turn = particle.motion.rotations[1] * particle.motion.rotations[0].inv()
    np.testing.assert_allclose(turn.as_rotvec() * 96 / 95, (0, 0, np.pi), atol=1e-9)
    assert moving.times(np.array([moving.middle]))[0] == 0


@pytest.mark.parametrize("name", SHAPES)
def test_slopes_agree_with_finite_differences(name: str) -> None:
    moving = body(name)
    times = moving.times(Y)
    pieces = zip(moving.surfaces_at(times), moving.slopes_at(times))
    found = np.sum([s.sign * slopes(*s[1:], *by, Y, X) for s, by in pieces], axis=0)
    assert len(found) == len(moving.names)
    for number, own in enumerate(found):
        step = np.zeros(len(found))
        step[number] = STEP
        ends = thickness(moving.moved(step)), thickness(moving.moved(-step))
        wanted = (ends[0] - ends[1]) / (2 * STEP)
        # Pixels that an edge of the body crosses within the step have no derivative.
        off = np.abs(own - wanted)
        assert np.quantile(off, 0.98) < 1e-4 * max(1.0, np.abs(wanted).max()), moving.names[number]


@pytest.mark.parametrize("name", SHAPES)
def test_a_body_that_stands_still_looks_as_it_does_without_rates(name: str) -> None:
    moving = look(body(name, np.zeros(5)))
    still = begin(Variable(moving.moving.particle), moving.patch)
    still = replace(still, what=replace(moving.what, variable=still.what.variable))
    np.testing.assert_allclose(moving.model, still.model, rtol=1e-6)
    bound = replace(moving, what=replace(moving.what, variable=replace(moving.moving, free=())))
    assert bound.cost == pytest.approx(still.cost, rel=1e-9)
    assert bound.evidence == pytest.approx(still.evidence, abs=1e-3)


def test_what_is_known_beforehand_pulls_each_number_as_it_should() -> None:
    """The pull is that of finite differences of the cost, beside one of hardly any knowledge."""
    start = body("ellipsoid", 0.3 * RATES)
    sizes = {name: (1.1 * size, 0.2) for name, size in start.lengths.items()}
    loose = MotionPrior(1e6, 1e6)
    own = look(start, MotionPrior(0.7, 0.2, sizes))
    plain = replace(own, motion=loose)
    pull = own.equations.slope - plain.equations.slope
    count = len(own.moving.names)
    curvature = np.diag(own.equations.curvature - plain.equations.curvature)
    for number in range(count + IMAGING):
        step = np.zeros(count + IMAGING)
        step[number] = 1e-3
        costs = []
        for sign in (1, -1):
            moved = own.moving.moved(sign * step[:count])
            gain = own.what.gain + sign * step[1 - IMAGING]
            what = replace(own.what, variable=moved, gain=gain)
            costs.append(replace(own, what=what).cost - replace(plain, what=what).cost)
        here = own.cost - plain.cost
        assert pull[number] == pytest.approx((costs[0] - costs[1]) / 4e-3, rel=1e-4, abs=1e-2)
        bent = (sum(costs) - 2 * here) / 2e-6
        if number < 5 or number >= 5 + len(sizes):  # sizes enter by their logarithms over sizes
            assert curvature[number] == pytest.approx(bent, rel=1e-2, abs=0.5)


def test_the_mirror_image_with_spins_of_the_other_sign_looks_the_same() -> None:
    box = body("cuboid")
    box = replace(box, particle=replace(box.particle, deformations=()))
    mirror = np.diag([1.0, 1.0, -1.0])
    turn = Rotation.from_matrix(mirror @ box.particle.rotation.as_matrix() @ mirror)
    other = replace(
        box,
        particle=replace(box.particle, rotation=turn),
        rates=box.rates * [1, 1, -1, -1, 1],
    )
    np.testing.assert_allclose(thickness(other), thickness(box), atol=1e-6)


def test_a_shift_is_a_shift_whatever_the_turn() -> None:
    moving = body("octahedron")
    step = np.zeros(len(moving.names))
    step[:2] = (0.25, 0.4)
    there = moving.moved(step)
    poses = there._poses(moving.times(Y))[1] - moving._poses(moving.times(Y))[1]
    np.testing.assert_allclose(poses, np.tile((0.4, 0.25, 0), (len(Y), 1)), atol=1e-12)
    turned = moving.moved(np.eye(len(step))[2] * 0.1).particle.rotation
    assert (turned * moving.particle.rotation.inv()).as_rotvec() == pytest.approx([0.1, 0, 0])
    assert isinstance(turned, Rotation)
