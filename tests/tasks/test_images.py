"""Where deformed corners lie in an image, and which places count as hits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import Delaunay
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import Cuboid, CutCorners, Grid, Particle, project
from napari_stem3d.tasks.images import (
    SAMPLING,
    TOLERANCE,
    distance_to,
    hits,
    labelled_images,
    missing_pieces,
)


def test_what_is_missing_lies_where_the_image_differs() -> None:
    pose = Rotation.from_euler("zyx", (20, 35, 25), degrees=True)
    grid = Grid((128, 128), (SAMPLING, SAMPLING))
    shape = Cuboid(8, 9, 10)
    whole = Particle(shape, grid.centre, pose)
    cut = Particle(shape, grid.centre, pose, (CutCorners((1, 6), ((0.3, 0.4, 0.5),) * 2),))
    pieces = missing_pieces(cut) / SAMPLING
    assert pieces.shape == (2, 4, 2)
    assert missing_pieces(whole).shape == (0, 4, 2)
    changed = np.argwhere(project(whole, grid) - project(cut, grid) > 0.3)
    nearest = np.min([distance_to(changed.astype(float), piece) for piece in pieces], axis=0)
    assert len(changed) > 100
    assert nearest.max() < 1  # no pixel that differs is farther from the silhouettes


def test_the_distance_is_that_from_the_hull() -> None:
    rng = np.random.default_rng(1)
    piece, places = rng.uniform(0, 10, (4, 2)), rng.uniform(-5, 15, (400, 2))
    inside = Delaunay(piece).find_simplex(places) >= 0
    distance = distance_to(places, piece)
    np.testing.assert_array_equal(distance == 0, inside)
    weights = rng.dirichlet(np.full(4, 0.3), 20_000)
    brute = np.linalg.norm(places[:, None] - (weights @ piece), axis=2).min(axis=1)
    assert np.all(distance <= brute + 1e-9)
    np.testing.assert_allclose(distance[~inside], brute[~inside], atol=0.3)


def test_hits_are_on_any_piece_or_close_beside_it() -> None:
    pieces = np.array([[[0, 0], [4, 0], [0, 4], [4, 4]], [[50, 50], [54, 50], [50, 54], [54, 54]]])
    places = np.array([[2, 2], [4 + TOLERANCE, 2], [4 + 2 * TOLERANCE, 2], [52, 52], [30, 30]])
    assert hits(places, pieces.astype(float)).tolist() == [True, True, False, True, False]


@pytest.mark.tensorflow
def test_labelled_images_are_those_of_the_series_wherever_they_begin() -> None:
    images, later = labelled_images(6, 3), labelled_images(2, 3, first=4)
    assert images.channels.shape[:3] == (6, 64, 64)
    np.testing.assert_allclose(later.channels, images.channels[4:], atol=1e-4)
    np.testing.assert_array_equal(later.numbers, images.numbers[4:])
    assert [len(pieces) for pieces in images.pieces] == images.numbers.tolist()
