from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from napari_stem3d.simulation import Body, Cuboid, Piece, Polyhedron
from napari_stem3d.simulation.body import plane_vertices


def test_planes_enclose_the_corners_they_were_made_from(polyhedron: Polyhedron) -> None:
    found = plane_vertices(*polyhedron.half_spaces())
    distances = np.linalg.norm(found[:, None] - polyhedron.vertices(), axis=2)
    assert distances.min(axis=1).max() < 1e-9  # nothing that is no corner
    assert distances.min(axis=0).max() < 1e-9  # and all corners


def test_the_volume_of_planes_is_that_of_their_hull(polyhedron: Polyhedron) -> None:
    assert polyhedron.body.volume == pytest.approx(ConvexHull(polyhedron.vertices()).volume)


def test_a_cut_leaves_the_first_body_alone() -> None:
    body = Cuboid(2.0, 4.0, 6.0).body
    half = body.cut(Piece(np.array([[0.0, 0.0, 1.0]]), np.array([0.0])))
    assert half.volume == pytest.approx(24.0)
    assert body.volume == pytest.approx(48.0)


def test_the_volume_of_a_mesh_may_lie_anywhere() -> None:
    vertices = np.array([[0, 0, 0], [3, 0, 0], [0, 2, 0], [0, 0, 1]], float)
    vertices += (5, -7, 9)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    body = Body(((1.0, Piece(mesh=(vertices, faces))),), radius=20.0)
    assert body.volume == pytest.approx(1.0)
