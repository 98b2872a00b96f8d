"""Edges and corners of bodies, counted, and drawn where they are."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.networks.contracts import SHAPES
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import Cuboid, CutCorners, Particle, random_rotation
from napari_stem3d.simulation.scenes.creases import creases
from napari_stem3d.tasks.creases import crease_maps

# Edges and corners of polyhedra; the rims of round faces are drawn as 48 straight pieces.
COUNTS = {
    "sphere": (0, 0),
    "ellipsoid": (0, 0),
    "cuboid": (12, 8),
    "tetrahedron": (6, 4),
    "square_pyramid": (8, 5),
    "cone": (48, 1),
    "cylinder": (96, 0),
    "octahedron": (12, 6),
    "hexagonal_prism": (18, 12),
    "rod": (0, 0),
    "truncated_octahedron": (36, 24),
    "decahedron": (25, 12),
    "icosahedron": (30, 12),
    "helix": (0, 0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_has_its_edges_and_corners(name: str) -> None:
    rng = np.random.default_rng(1)
    shape = get_shape(name).random(rng, 40.0)
    found = creases(Particle(shape, (3.0, 4.0), random_rotation(rng)))
    assert (len(found.edges), len(found.corners)) == COUNTS[name]


def test_a_cut_replaces_a_corner_by_three() -> None:
    cuts = CutCorners((0, 7), ((0.3, 0.4, 0.2), (0.3, 0.3, 0.3)))
    found = creases(Particle(Cuboid(10, 20, 30), deformations=(cuts,)))
    assert (len(found.edges), len(found.corners)) == (12 + 2 * 3, 6 + 2 * 3)
    assert np.abs(found.corners).max(axis=0).tolist() == [5, 10, 15]


def test_a_rim_lies_on_its_cylinder() -> None:
    cylinder = get_shape("cylinder")(diameter=12.0, height=20.0)
    edges = creases(Particle(cylinder)).edges
    np.testing.assert_allclose(np.hypot(edges[..., 0], edges[..., 1]), 6)
    np.testing.assert_allclose(np.abs(edges[..., 2]), 10)


def test_marks_lie_where_the_outline_of_a_box_is() -> None:
    edges, corners = crease_maps([Particle(Cuboid(20, 30, 10), (20.0, 25.0))], 50)
    assert edges.dtype == corners.dtype == np.float32
    y, x = np.mgrid[:50, :50]
    # Seen along an axis, the box is a rectangle of 30 rows and 20 columns.
    dy, dx = np.abs(y - 20) - 15, np.abs(x - 25) - 10
    inside = np.minimum(np.abs(dy), np.abs(dx))
    away = np.where((dy <= 0) & (dx <= 0), inside, np.hypot(np.maximum(dy, 0), np.maximum(dx, 0)))
    near = away <= 3
    np.testing.assert_allclose(edges[near], np.exp(-(away[near] ** 2) / 2), atol=1e-5)
    assert edges[~near].max() < 0.01
    assert corners[5, 15] == corners[35, 35] == 1
    assert np.count_nonzero(corners > 0.99) == 4


def test_particles_beyond_the_image_are_no_trouble() -> None:
    edges, corners = crease_maps([Particle(Cuboid(9, 9, 9), (-90.0, 500.0))], 32)
    assert not edges.any()
    assert not corners.any()
    assert not any(one.any() for one in crease_maps([], 16))
