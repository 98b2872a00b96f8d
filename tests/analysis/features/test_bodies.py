"""Corners of bodies that are known, as they are seen along the beam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.features import seen_of
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.refinement import begin
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.simulation import Cuboid, CutCorners, Octahedron, Particle, Shape

TURN = Rotation.from_euler("xyz", (20, 35, 10), degrees=True)
PIXEL = (0.4, 0.2)


def laid(shape: Shape, cuts: tuple[CutCorners, ...] = (), counts: float = 100.0) -> Look:
    """Lay a body over its own image without noise."""
    y, x = np.arange(60) * PIXEL[0], np.arange(110) * PIXEL[1]
    particle = Particle(shape, (12.0, 11.0), TURN, cuts)
    blank = Patch(np.ones((60, 110)), np.ones((60, 110)), y, x)
    bare = begin(Variable(particle), blank)
    seen = replace(bare, what=replace(bare.what, gain=counts, ground=counts))
    patch = Patch(seen.model, seen.model, y, x)
    return replace(seen, patch=patch)


def test_a_box_shows_all_its_corners_and_edges():
    box = Cuboid(8, 9, 10)
    polygon, corners = seen_of(laid(box), PIXEL)
    true = (box.vertices() @ TURN.as_matrix()[1::-1].T + (12, 11)) / PIXEL
    assert len(polygon.vertices) == corners.on_outline.sum() == 6
    np.testing.assert_array_equal(polygon.vertices, corners.places[:6])
    assert len(corners.places) == 8 and len(corners.edges) == 12
    away = np.linalg.norm(true[:, None] - corners.places, axis=-1)
    assert away.min(axis=1).max() < 1e-9
    # Each edge is as long along the beam and across it as one of the box.
    ends = (corners.places[corners.edges] * PIXEL).astype(float)
    across = np.sort(np.linalg.norm(np.diff(ends, axis=1)[:, 0], axis=-1))
    axes = np.linalg.norm(TURN.as_matrix()[:2] * (8, 9, 10), axis=0)
    np.testing.assert_allclose(across, np.sort(np.repeat(axes, 4)))
    assert (corners.edges[:, 0] < corners.edges[:, 1]).all()


def test_errors_shrink_with_the_dose():
    cuts = (CutCorners((0, 5), ((0.3, 0.4, 0.2), (0.3, 0.3, 0.3))),)
    few, many = (seen_of(laid(Cuboid(8, 9, 10), cuts, n), PIXEL).corners for n in (100.0, 1e4))
    assert len(few.places) == 6 + 2 * 3
    assert (few.sigma > 0).all()
    assert np.median(few.sigma / many.sigma) == pytest.approx(10, rel=0.5)


def test_an_octahedron_has_six_corners():
    assert len(seen_of(laid(Octahedron(10.0)), PIXEL).corners.places) == 6
