"""SIM-06: sets of corners that are the same from another side have one name, and no others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    Decahedron,
    HexagonalPrism,
    Icosahedron,
    Octahedron,
    Polyhedron,
    Sphere,
    SquarePyramid,
    Tetrahedron,
    TruncatedOctahedron,
    corner_orbit,
    corner_orbits,
    symmetries,
)

CUBE, PLATE, NEEDLE, BOX = Cuboid(9, 9, 9), Cuboid(5, 9, 9), Cuboid(5, 5, 9), Cuboid(5, 7, 9)
BY_SIZE = {
    (CUBE, False): (1, 1, 3, 3, 7, 3, 3, 1, 1),
    (CUBE, True): (1, 1, 3, 3, 6, 3, 3, 1, 1),
    (PLATE, False): (1, 1, 6, 7, 13, 7, 6, 1, 1),
    (NEEDLE, False): (1, 1, 6, 7, 13, 7, 6, 1, 1),
    (BOX, False): (1, 2, 10, 14, 22, 14, 10, 2, 1),
    (BOX, True): (1, 1, 7, 7, 14, 7, 7, 1, 1),
}


@pytest.mark.parametrize(
    ("shape", "rotations"),
    [
        (CUBE, 24),
        (PLATE, 8),
        (NEEDLE, 8),
        (BOX, 4),
        (Tetrahedron(), 12),
        (SquarePyramid(), 4),
        (Octahedron(), 24),
        (TruncatedOctahedron(), 24),
        (HexagonalPrism(), 12),
        (Decahedron(), 10),
        (Icosahedron(), 60),
    ],
)
def test_orders_of_the_groups(shape: Polyhedron, rotations: int) -> None:
    assert len(symmetries(shape)) == rotations
    assert len(symmetries(shape, mirror=True)) == 2 * rotations
    assert symmetries(shape)[0].tolist() == list(range(len(shape.vertices())))


def test_the_motions_are_a_group_and_keep_all_distances() -> None:
    for shape in (PLATE, BOX, Decahedron()):
        motions = {tuple(motion) for motion in symmetries(shape, mirror=True).tolist()}
        assert {tuple(np.array(p)[list(q)]) for p in motions for q in motions} == motions
        points = shape.vertices()
        apart = np.linalg.norm(points[:, None] - points, axis=2)
        for motion in motions:
            np.testing.assert_allclose(apart[np.ix_(motion, motion)], apart)


@pytest.mark.parametrize(("shape", "mirror"), BY_SIZE)
def test_orbits_of_the_256_sets_by_size(shape: Cuboid, mirror: bool) -> None:
    """SIM-06: 23 classes of a cube, 43 of a square prism, 76 of a box; 22 and 46 up to mirror."""
    orbits = [corner_orbits(shape, count, mirror=mirror) for count in range(9)]
    assert tuple(map(len, orbits)) == BY_SIZE[shape, mirror]
    subsets = [s for some in orbits for members in some.values() for s in members]
    assert len(subsets) == len(set(subsets)) == 256
    # Burnside: the mean number of sets that a motion leaves alone.
    cycles = [_cycles(motion) for motion in symmetries(shape, mirror)]
    assert sum(2**n for n in cycles) / len(cycles) == sum(BY_SIZE[shape, mirror])


def _cycles(motion: np.ndarray) -> int:
    seen: set[int] = set()
    count = 0
    for start in range(len(motion)):
        count += start not in seen
        while start not in seen:
            seen.add(start)
            start = int(motion[start])
    return count


def test_every_member_has_the_name_of_its_orbit() -> None:
    for count in range(9):
        for name, members in corner_orbits(PLATE, count).items():
            assert name == ("none" if not count else "-".join(map(str, members[0])))
            assert {corner_orbit(PLATE, reversed(member)) for member in members} == {name}


def test_the_pairs_of_a_cube_are_edge_face_and_body_diagonal() -> None:
    assert set(corner_orbits(CUBE, 2)) == {"0-1", "0-3", "0-7"}


def test_the_name_does_not_depend_on_which_edge_is_called_a() -> None:
    rng = np.random.default_rng(0)
    points = BOX.vertices()
    for order in itertools.permutations(range(3)):
        other = Cuboid(*np.array([5.0, 7.0, 9.0])[list(order)])
        for _ in range(20):
            corners = rng.permutation(8)[: rng.integers(1, 8)]
            # The same corners of the same body, whose axes are exchanged by a rotation.
            turn = np.eye(3)[list(order)]
            turn[0] *= np.linalg.det(turn)
            turned = points[corners] @ turn.T
            there = [int(np.linalg.norm(other.vertices() - p, axis=1).argmin()) for p in turned]
            assert corner_orbit(other, there) == corner_orbit(BOX, corners.tolist())


def test_mirror_images_differ_until_mirrors_count() -> None:
    # The two diagonals of a face of a box are mirror images of each other.
    assert corner_orbit(BOX, (0, 3)) != corner_orbit(BOX, (1, 2))
    assert corner_orbit(BOX, (0, 3), mirror=True) == corner_orbit(BOX, (1, 2), mirror=True)
    assert corner_orbit(CUBE, (0, 3)) == corner_orbit(CUBE, (1, 2))


def test_edges_that_differ_by_rounding_are_equal() -> None:
    assert len(symmetries(Cuboid(10.0, 10.0 * (1 + 1e-12), 10.0))) == 24
    assert len(symmetries(Cuboid(10.0, 10.001, 10.0))) == 8


def test_what_has_no_corners_has_one_orbit() -> None:
    assert corner_orbit(Sphere(), ()) == "none"


@pytest.mark.parametrize("corners", [(8,), (-1,), (1, 1), (0.5,), (True,), ("0",)])
def test_corners_that_are_not_there_are_refused(corners: tuple) -> None:
    with pytest.raises(InputError, match="corners of a cuboid must be different whole numbers"):
        corner_orbit(CUBE, corners)
