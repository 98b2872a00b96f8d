"""Thickness and its derivatives, beside the simulator's projections and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.chords import chords, slopes
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import CutCorners, Grid, Particle, project, random_rotation

SHAPES = (
    "cuboid",
    "tetrahedron",
    "square_pyramid",
    "octahedron",
    "decahedron",
    "ellipsoid",
    "cylinder",
    "cone",
    "rod",
)
GRID = Grid((96, 112), (0.25, 0.2))
Y, X = (np.arange(n) * d for n, d in zip(GRID.gpts, GRID.sampling))
STEP = 1e-5


def variable(name: str) -> Variable:
    rng = np.random.default_rng(SHAPES.index(name))
    shape = get_shape(name).random(rng, 14.0)
    cut = name in ("cuboid", "tetrahedron")
    cuts = (CutCorners.random(shape, 3, rng, (0.2, 0.45)),) if cut else ()
    return Variable(Particle(shape, (11.8, 11.3), random_rotation(rng), cuts))


def thickness(body: Variable) -> NDArray[np.float64]:
    parts = (s.sign * chords(s.planes, s.quadrics, Y, X).thickness for s in body.surfaces())
    return np.sum(list(parts), axis=0)


@pytest.mark.parametrize("name", SHAPES)
def test_thickness_is_that_of_the_simulator(name: str) -> None:
    body = variable(name)
    wanted = project(body.particle, GRID)
    np.testing.assert_allclose(thickness(body), wanted, atol=2e-4 * wanted.max())


@pytest.mark.parametrize("name", SHAPES)
def test_slopes_agree_with_finite_differences(name: str) -> None:
    body = variable(name)
    found = np.sum(
        [
            s.sign * slopes(s.planes, s.quadrics, by.planes, by.quadrics, Y, X)
            for s, by in zip(body.surfaces(), body.slopes())
        ],
        axis=0,
    )
    for number, own in enumerate(found):
        step = np.zeros(len(found))
        step[number] = STEP
        ends = thickness(body.moved(step)), thickness(body.moved(-step))
        wanted = (ends[0] - ends[1]) / (2 * STEP)
        # Pixels that an edge of the body crosses within the step have no derivative.
        off = np.abs(own - wanted)
        assert np.quantile(off, 0.98) < 1e-4 * max(1.0, np.abs(wanted).max()), body.names[number]


def test_what_is_moved_and_moved_back_is_where_it_was() -> None:
    body = variable("cuboid")
    rng = np.random.default_rng(0)
    step = 0.05 * rng.normal(size=len(body.names))
    step[2:5] = (0, 0, 0.3)
    there = body.moved(step)
    np.testing.assert_allclose(
        there.fractions, (body.fractions * np.exp(step[-9:])).clip(0.01, 0.5), rtol=1e-12
    )
    np.testing.assert_allclose(thickness(there.moved(-step)), thickness(body), atol=1e-6)


def test_a_cut_less_is_a_corner_more() -> None:
    body = variable("cuboid")
    assert body.cuts is not None
    for corner in body.cuts.corners:
        fewer = body.without(corner)
        assert corner not in fewer.particle.deformed_corners
        assert fewer.particle.volume > body.particle.volume
