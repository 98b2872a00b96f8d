"""SIM-06: cut corners, what is cut off, which corners can be, and what is refused."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Grid,
    Octahedron,
    Particle,
    Polyhedron,
    Shape,
    project,
    random_rotation,
)

fraction = st.floats(0.01, 0.5)
quiet = settings(max_examples=40, deadline=None, derandomize=True)


@quiet
@given(
    edges=st.tuples(*[st.floats(0.5, 200.0)] * 3),
    corner=st.integers(0, 7),
    cut=st.tuples(fraction, fraction, fraction),
)
def test_a_cut_takes_off_exactly_its_tetrahedron(edges, corner, cut) -> None:
    particle = Particle(Cuboid(*edges), deformations=(CutCorners((corner,), (cut,)),))
    removed = math.prod(cut) * math.prod(edges) / 6
    assert math.prod(edges) - particle.volume == pytest.approx(removed, rel=1e-6, abs=1e-9)


def test_the_fractions_belong_to_the_edges_in_the_order_of_the_neighbours() -> None:
    shape, cut = Cuboid(10.0, 20.0, 30.0), (0.1, 0.3, 0.5)
    body = Particle(shape, deformations=(CutCorners((5,), (cut,)),)).body
    for neighbour, f in zip(Cuboid.neighbours()[5], cut):
        corners = shape.vertices()
        point = corners[5] + f * (corners[neighbour] - corners[5])
        plane = body.pieces[0][1]
        assert plane.normals[-1] @ point == pytest.approx(plane.offsets[-1])


def test_what_is_cut_off_is_missing_in_the_image() -> None:
    rng = np.random.default_rng(0)
    grid, shape = Grid((200, 220), (0.1, 0.09)), Cuboid(9.0, 10.0, 11.0)
    cut = CutCorners((3,), ((0.5, 0.4, 0.45),))
    for _ in range(5):
        rotation = random_rotation(rng)
        whole, less = (
            project(Particle(shape, grid.centre, rotation, d), grid) for d in ((), (cut,))
        )
        assert (less <= whole + 1e-4).all()
        missing = (whole - less).sum(dtype=float) * 0.1 * 0.09
        assert missing == pytest.approx(0.5 * 0.4 * 0.45 * 990 / 6, rel=0.01)


def test_all_256_subsets_of_a_cuboids_corners_can_be_cut() -> None:
    cut = (0.4, 0.3, 0.5)
    for count in range(9):
        for corners in itertools.combinations(range(8), count):
            particle = Particle(Cuboid(), deformations=(CutCorners(corners, (cut,) * count),))
            assert particle.deformed_corners == corners
            assert particle.volume == pytest.approx(1000 * (1 - count * math.prod(cut) / 6))


def test_random_cuts_reach_all_256_subsets_with_equal_chances() -> None:
    rng = np.random.default_rng(1)
    for count in range(9):
        subsets = list(itertools.combinations(range(8), count))
        draws = [CutCorners.random(Cuboid(), count, rng).corners for _ in range(1500)]
        found = [draws.count(subset) for subset in subsets]
        assert min(found) > 0
        assert sum(found) == 1500
        assert len(subsets) == 1 or stats.chisquare(found).pvalue > 1e-3


def test_random_fractions_are_uniform_in_their_span() -> None:
    rng = np.random.default_rng(2)
    draws = [CutCorners.random(Cuboid(), 8, rng, (0.1, 0.25)).fractions for _ in range(300)]
    assert stats.kstest(np.ravel(draws), stats.uniform(0.1, 0.15).cdf).pvalue > 1e-3


def test_the_deepest_cuts_of_all_corners_leave_a_cuboctahedron() -> None:
    deepest = CutCorners(tuple(range(8)), ((0.5,) * 3,) * 8)
    assert Particle(Cuboid(), deformations=(deepest,)).volume == pytest.approx(5000 / 6)


def test_no_cut_reaches_beyond_the_middle_of_an_edge(polyhedron: Polyhedron) -> None:
    rng = np.random.default_rng(3)
    points, neighbours = polyhedron.vertices(), polyhedron.neighbours()
    for _ in range(200):
        cuts = CutCorners.random(polyhedron, len(points), rng)
        piece = cuts.apply(polyhedron, polyhedron.body).pieces[0][1]
        planes = slice(-len(points), None)
        for k, (n, d) in enumerate(zip(piece.normals[planes], piece.offsets[planes])):
            assert n @ points[k] > d  # the corner itself is gone
            middles = (points[k] + points[list(neighbours[k])]) / 2
            assert (middles @ n <= d + 1e-9).all()


def test_where_four_edges_meet_equal_fractions_take_off_a_small_pyramid() -> None:
    particle = Particle(Octahedron(8.0), deformations=(CutCorners((2,), ((0.3,) * 4,)),))
    whole = Octahedron(8.0).volume
    assert whole - particle.volume == pytest.approx(0.3**3 * whole / 2)


def test_no_corners_no_change() -> None:
    shape = Cuboid()
    assert CutCorners((), ()).apply(shape, shape.body) is shape.body


def test_deformations_follow_each_other() -> None:
    cut = ((0.5, 0.5, 0.5),)
    both = Particle(Cuboid(), deformations=(CutCorners((0,), cut), CutCorners((7,), cut)))
    assert both.deformed_corners == (0, 7)
    assert both.volume == pytest.approx(1000 * (1 - 2 / 48))


@pytest.mark.parametrize(
    ("corners", "fractions"),
    [
        ((1, 1), ((0.3,) * 3,) * 2),
        ((1, 2), ((0.3,) * 3,)),
        ((1,), ((0.0, 0.3, 0.3),)),
        ((1,), ((-0.1, 0.3, 0.3),)),
        ((1,), ((0.51, 0.3, 0.3),)),
        ((1,), ((math.nan, 0.3, 0.3),)),
    ],
)
def test_cuts_that_make_no_sense_are_refused(corners, fractions) -> None:
    with pytest.raises(InputError, match=r"Received: \("):
        CutCorners(corners, fractions)


@pytest.mark.parametrize("cut", [CutCorners((8,), ((0.3,) * 3,)), CutCorners((-1,), ((0.3,) * 3,)),
                                 CutCorners((0,), ((0.3,) * 4,))])  # fmt: skip
def test_cuts_that_do_not_fit_the_shape_are_refused(cut: CutCorners) -> None:
    with pytest.raises(InputError, match="A cuboid has corners 0 to 7, each cut with one fraction"):
        _ = Particle(Cuboid(), deformations=(cut,)).body


@pytest.mark.parametrize("count", [-1, 9, 100])
def test_a_cuboid_has_eight_corners_to_deform(count: int) -> None:
    with pytest.raises(InputError, match=f"A cuboid has 8 corners to deform. Received: {count}"):
        CutCorners.random(Cuboid(), count, np.random.default_rng(0))


def test_what_is_round_has_no_corners(curved: Shape) -> None:
    with pytest.raises(InputError, match=f"Only a polyhedron .*: the shape '{curved.name}'"):
        CutCorners.random(curved, 1, np.random.default_rng(0))
