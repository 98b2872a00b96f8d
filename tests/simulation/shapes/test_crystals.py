"""SIM-01, SIM-03: the habits of crystals have the textbook's faces, edges and volumes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from napari_stem3d.simulation import (
    Decahedron,
    HexagonalPrism,
    Icosahedron,
    Polyhedron,
    TruncatedOctahedron,
)


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (HexagonalPrism(2.0, 5.0), 1.5 * np.sqrt(3) * 4 * 5),
        (TruncatedOctahedron(3.0), 8 * np.sqrt(2) * 27),
        (Icosahedron(3.0), 5 / 12 * (3 + np.sqrt(5)) * 27),
        # Johnson's solid 13 and a prism on the same pentagon.
        (
            Decahedron(4.0, 1.5),
            (5 + np.sqrt(5)) / 12 * 64 + np.sqrt(25 + 10 * np.sqrt(5)) / 4 * 16 * 1.5,
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_volumes_are_those_of_the_textbook(shape: Polyhedron, volume: float) -> None:
    assert shape.volume == pytest.approx(volume)


@pytest.mark.parametrize(
    ("kind", "faces"),
    [
        (HexagonalPrism, {6: 2, 4: 6}),
        (TruncatedOctahedron, {4: 6, 6: 8}),
        (Icosahedron, {3: 20}),
        (Decahedron, {3: 10, 4: 5}),
    ],
)
def test_faces_have_their_numbers_of_corners(kind: type[Polyhedron], faces: dict) -> None:
    assert Counter(len(face) for face in kind.faces) == faces


@pytest.mark.parametrize("shape", [TruncatedOctahedron(5.0), Icosahedron(5.0)])
def test_regular_habits_have_edges_of_one_length(shape: Polyhedron) -> None:
    ends = shape.vertices()[np.array(shape.edges())]
    np.testing.assert_allclose(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1), 5.0)


def test_only_the_belt_of_a_decahedron_has_other_edges() -> None:
    ends = Decahedron(5.0, 2.0).vertices()[np.array(Decahedron.edges())]
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    assert Counter(lengths.round(9).tolist()) == {5.0: 20, 2.0: 5}


def test_the_edges_of_a_face_follow_each_other(polyhedron: Polyhedron) -> None:
    points, edges = polyhedron.vertices(), set(polyhedron.edges())
    for face in polyhedron.faces:
        corners = points[list(face)]
        turns = np.cross(
            np.roll(corners, -1, 0) - corners, np.roll(corners, -2, 0) - np.roll(corners, -1, 0)
        )
        assert (turns @ turns[0] > 0).all()  # convex, and in order around the face
        assert all((min(p), max(p)) in edges for p in zip(face, face[1:] + face[:1]))
