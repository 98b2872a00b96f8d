"""Random particles: their sizes, their frequencies, and the names of their corners."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from napari_stem3d.networks.contracts import ORBITS, PAIRS, SHAPES
from napari_stem3d.simulation import Cuboid, CutCorners, Particle, Sphere
from napari_stem3d.simulation.symmetry import corner_orbit
from napari_stem3d.tasks.particles import (
    Fragment,
    allowed_orbits,
    beside,
    random_particle,
    random_shape,
)
from napari_stem3d.testing import check_shape


def with_corners(shape: Cuboid, *corners: int) -> Particle:
    cuts = (CutCorners(corners, ((0.3, 0.3, 0.3),) * len(corners)),)
    return Particle(shape, (0.0, 0.0), deformations=cuts if corners else ())


def test_random_shapes_have_the_radius_asked_for() -> None:
    rng = np.random.default_rng(0)
    shapes = [random_shape(rng, 17.0, 0.3) for _ in range(600)]
    np.testing.assert_allclose([s.radius for s in shapes], 17.0)
    names = [s.name for s in shapes]
    assert names.count("cuboid") / 600 == pytest.approx(0.3, abs=0.06)
    others = [names.count(name) for name in SHAPES if name != "cuboid"]
    assert stats.chisquare(others).pvalue > 1e-3


def test_cubes_prisms_and_boxes_all_come() -> None:
    rng = np.random.default_rng(1)
    cuboids = [random_shape(rng, 10.0, 1.0) for _ in range(400)]
    equal = [len({round(v, 6) for v in (c.a, c.b, c.c)}) for c in cuboids]  # type: ignore[attr-defined]
    shares = np.bincount(equal, minlength=4)[1:] / 400
    np.testing.assert_allclose(shares, [0.25, 0.1, 0.65], atol=0.08)


def test_a_fragment_is_a_proper_shape() -> None:
    check_shape(Fragment)


def test_two_particles_lie_as_near_as_asked_for() -> None:
    rng = np.random.default_rng(2)
    particle = random_particle(rng, 20.0, 0.5)
    for _ in range(50):
        other = beside(rng, particle, 0.3, 0.8)
        distance = np.linalg.norm(np.subtract(other.position, particle.position))
        assert 0.3 <= distance / (20.0 + other.shape.radius) <= 0.8


def test_a_box_with_different_edges_allows_one_name_that_of_its_orbit() -> None:
    shape = Cuboid(12.0, 8.0, 10.0)
    for count in range(9):
        for corners in itertools.combinations(range(8), count):
            marks = allowed_orbits(with_corners(shape, *corners))
            assert [ORBITS[k] for k in np.flatnonzero(marks)] == [
                corner_orbit(shape, corners, mirror=True)
            ]


@pytest.mark.parametrize(
    "corners, names",
    [((0, 1), {"a", "b", "c"}), ((0, 3), {"ab", "ac", "bc"}), ((0, 7), {"abc"})],
)
def test_a_cube_allows_every_edge(corners: tuple[int, int], names: set[str]) -> None:
    marks = allowed_orbits(with_corners(Cuboid(9.0, 9.0, 9.0), *corners))
    assert {PAIRS[ORBITS[k]] for k in np.flatnonzero(marks)} == names


def test_nearly_equal_edges_may_be_called_either_way() -> None:
    marks = allowed_orbits(with_corners(Cuboid(8.0, 8.1, 12.0), 0, 4))
    assert {PAIRS[ORBITS[k]] for k in np.flatnonzero(marks)} == {"a", "b"}


def test_what_is_no_cuboid_has_no_orbit() -> None:
    assert not allowed_orbits(Particle(Sphere(8.0), (0.0, 0.0))).any()
