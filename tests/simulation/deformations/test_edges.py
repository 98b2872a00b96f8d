"""SIM-07: bevelled edges."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import BevelledEdges, Cuboid, Icosahedron, Particle, Polyhedron


@pytest.mark.parametrize("width", [0.1, 1.0, 4.0])
def test_a_bevel_takes_its_triangle_off_all_along_the_edge(width: float) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    for edge, (i, j) in enumerate(shape.edges()):
        along = np.linalg.norm(shape.vertices()[i] - shape.vertices()[j])
        left = Particle(shape, deformations=(BevelledEdges(width, (edge,)),)).volume
        assert shape.volume - left == pytest.approx(width**2 / 2 * along)


def test_a_bevel_lies_alike_to_both_faces(polyhedron: Polyhedron) -> None:
    normals, offsets = polyhedron.half_spaces()
    width = 0.3
    for edge, ends in enumerate(polyhedron.edges()):
        ((_, piece),) = BevelledEdges(width, (edge,)).apply(polyhedron, polyhedron.body).pieces
        bevel, distance = piece.normals[-1], piece.offsets[-1]
        faces = [k for k, face in enumerate(polyhedron.faces) if set(ends) <= set(face)]
        assert len(faces) == 2
        assert bevel @ normals[faces[0]] == pytest.approx(bevel @ normals[faces[1]])
        middle = polyhedron.vertices()[list(ends)].mean(axis=0)
        # Where bevel and face meet, the edge is a width away.
        for face in faces:
            across = np.cross(bevel, normals[face])
            system = np.array([bevel, normals[face], across])
            point = np.linalg.solve(system, [distance, offsets[face], across @ middle])
            assert np.linalg.norm(point - middle) == pytest.approx(width)


def test_all_edges_of_an_icosahedron_can_be_bevelled_at_once() -> None:
    shape = Icosahedron(6.0)
    bevelled = Particle(shape, deformations=(BevelledEdges(0.5, tuple(range(30))),))
    triangle = 0.5**2 * np.sin(np.arccos(-np.sqrt(5) / 3)) / 2  # between neighbouring faces
    lost = shape.volume - bevelled.volume
    assert 0.85 * 30 * 6 * triangle < lost < 30 * 6 * triangle  # they meet at the corners


def test_a_bevel_beyond_the_middle_of_a_face_is_refused() -> None:
    with pytest.raises(InputError, match=r"width of a bevel at edge 0 .* at most 4 nm, half the"):
        _ = Particle(Cuboid(20.0, 8.0, 10.0), deformations=(BevelledEdges(4.1, (0,)),)).body
