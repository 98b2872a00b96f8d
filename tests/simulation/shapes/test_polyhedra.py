from __future__ import annotations

import itertools

import numpy as np
import pytest

from napari_stem3d.simulation import Cuboid, Octahedron, Polyhedron, SquarePyramid, Tetrahedron


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (Cuboid(2.0, 3.0, 4.0), 24.0),
        (Tetrahedron(5.0), 125 / (6 * np.sqrt(2))),
        (SquarePyramid(3.0, 5.0), 15.0),
        (Octahedron(4.0), np.sqrt(2) / 3 * 64),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_volumes_are_those_of_the_textbook(shape: Polyhedron, volume: float) -> None:
    assert shape.volume == pytest.approx(volume)


@pytest.mark.parametrize("shape", [Tetrahedron(5.0), Octahedron(5.0)], ids=lambda s: s.name)
def test_regular_bodies_have_edges_of_one_length(shape: Polyhedron) -> None:
    points = shape.vertices()
    for corner, others in enumerate(shape.neighbours()):
        lengths = np.linalg.norm(points[list(others)] - points[corner], axis=1)
        np.testing.assert_allclose(lengths, 5.0)


@pytest.mark.parametrize(
    ("cls", "edges"), [(Cuboid, 3), (Tetrahedron, 3), (Octahedron, 4)], ids=lambda v: str(v)
)
def test_how_many_edges_meet_in_every_corner(cls: type[Polyhedron], edges: int) -> None:
    assert {len(others) for others in cls.neighbours()} == {edges}


def test_the_last_corner_of_a_pyramid_is_its_apex() -> None:
    assert [len(others) for others in SquarePyramid.neighbours()] == [3, 3, 3, 3, 4]
    np.testing.assert_allclose(SquarePyramid(4.0, 8.0).vertices()[4], (0, 0, 6))


def test_the_corners_of_a_cuboid_count_in_binary() -> None:
    for i, j, k in itertools.product((0, 1), repeat=3):
        corner = Cuboid(2.0, 4.0, 6.0).vertices()[4 * i + 2 * j + k]
        np.testing.assert_allclose(corner, (2 * i - 1, 4 * j - 2, 6 * k - 3))
