"""Vertices, corners, edges and distances of simulated polyhedra, against the bodies themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial import ConvexHull
from scipy.stats import binomtest

from napari_stem3d.analysis.features import (
    Corners,
    Features,
    corners_of,
    distances_between,
    find_corners,
    find_features,
)
from napari_stem3d.simulation import PRESETS, Cuboid, Dataset, Grid, Particle, Probe, Scene
from napari_stem3d.simulation.scenes.creases import creases
from napari_stem3d.tasks.corners128 import SAMPLING, Corners128

COUNT, SEED = 30, 4_100


class Case(NamedTuple):
    """An intact cuboid without noise: what is found of it, and what is true [pixels]."""

    seen: Features
    corners: Corners
    truth: np.ndarray
    edges: np.ndarray


def truth_of(particle: Particle, sampling: float) -> tuple[np.ndarray, np.ndarray]:
    found, turn = creases(particle), particle.rotation.as_matrix()[1::-1].T
    return tuple((part @ turn + particle.position) / sampling for part in found[::-1])


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    scenes = Dataset(Corners128("deformed", "clean"), 10 * COUNT, SEED)
    found: list[Case] = []
    for index in range(len(scenes)):
        scene = scenes.scene(index)
        if scene.particles[0].deformed_corners:
            continue
        sample = scenes[index]
        labels = (sample.labels > 0).astype(np.int32)
        (seen,) = find_features(sample.image, labels)
        corners = corners_of(sample.image, labels, seen)
        found.append(Case(seen, corners, *truth_of(scene.particles[0], SAMPLING)))
        if len(found) == COUNT:
            break
    return found


def inner(truth: np.ndarray) -> np.ndarray:
    """Whether corners lie more than a pixel inside the silhouette."""
    sides = ConvexHull(truth).equations
    return (truth @ sides[:, :2].T + sides[:, 2]).max(axis=1) < -1


def matched(found: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    away = np.linalg.norm(found[:, None] - truth, axis=-1)
    first, second = linear_sum_assignment(np.minimum(away, 10))
    return first, second, away[first, second]


def test_nine_of_ten_silhouettes_have_their_vertices_within_one(cases):
    """ML-14: vertices of the silhouette polygon within one of the truth, without noise."""
    off = [len(c.seen.polygon.vertices) - len(ConvexHull(c.truth).vertices) for c in cases]
    right = np.abs(off) <= 1
    # 30 objects do not tell 90 % from 85 %; `python -m benchmarks features` counts hundreds.
    assert binomtest(int(right.sum()), len(right), 0.9, alternative="less").pvalue > 0.05
    assert abs(np.mean(off)) < 0.5
    plain = np.array([sags(c.truth).min() > 1 for c in cases])
    assert right[plain].mean() >= 0.9


def sags(truth: np.ndarray) -> np.ndarray:
    """How far each vertex of a silhouette lies from the line between its neighbours."""
    ring = truth[ConvexHull(truth).vertices]
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    way, off = after - before, ring - before
    return np.abs(way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0]) / np.linalg.norm(way, axis=1)


def test_inner_corners_lie_within_two_pixels(cases):
    """ML-14: inner corners are found, and localised to two pixels."""
    true = found = 0
    errors: list[float] = []
    for case in cases:
        within = case.truth[inner(case.truth)]
        true += len(within)
        places = case.corners.places[~case.corners.on_outline]
        if len(within) and len(places):
            off = matched(places, within)[2]
            errors += off[off < 4].tolist()
            found += np.sum(off <= 2)
    assert found >= 0.7 * true
    assert np.median(errors) < 0.5
    assert np.mean(np.array(errors) <= 2) >= 0.9


def test_inner_edges_join_the_right_corners(cases):
    """ML-14: most edges that are told are edges of the body."""
    right = told = 0
    for case in cases:
        first, second, off = matched(case.corners.places, case.truth)
        name = dict(zip(first[off < 4], second[off < 4]))
        ends = np.linalg.norm(case.edges[:, :, None] - case.truth, axis=-1).argmin(axis=-1)
        true = {tuple(sorted(pair)) for pair in ends.tolist()}
        told += len(case.corners.edges)
        right += sum(
            tuple(sorted((name.get(i, -1), name.get(j, -2)))) in true
            for i, j in case.corners.edges.tolist()
        )
    assert right >= 0.65 * told


def test_distances_between_corners_are_right_to_a_pixel(cases):
    """ML-16: distances of corners from each other, without noise, to one pixel."""
    errors = []
    for case in cases:
        first, second, off = matched(case.corners.places, case.truth)
        first, second = first[off < 4], second[off < 4]
        told = distances_between(case.corners)
        true = np.linalg.norm(case.truth[second][:, None] - case.truth[second], axis=-1)
        above = np.triu_indices(len(first), 1)
        errors += np.abs(told.values[np.ix_(first, first)] - true)[above].tolist()
    assert np.median(errors) < 0.5
    assert np.mean(np.array(errors) <= 1) >= 0.75


def test_pixels_that_are_not_square_give_the_same_distances():
    """ML-16: in nm, whatever the pixels are."""
    particle = Particle(Cuboid(9, 11, 13), (13.0, 14.0), (0.2, 0.45, 0.1, 0.86))
    microscope = replace(PRESETS["ideal"], probe=Probe(0.2, diffraction=False))
    matrices = []
    for sampling in ((0.2, 0.2), (0.2, 0.28)):
        grid = Grid((140, round(28 / sampling[1])), sampling)
        sample = Scene((particle,), grid, microscope).image(np.random.default_rng(0))
        labels = sample.labels.astype(np.int32)
        (seen,) = find_features(sample.image, labels)
        vertices = Corners(*seen.polygon, np.ones(len(seen.polygon.vertices), bool), None)
        matrices.append(distances_between(vertices, sampling).values)
    assert matrices[0].shape == matrices[1].shape == (6, 6)
    np.testing.assert_allclose(np.sort(matrices[0], None), np.sort(matrices[1], None), atol=0.4)


def test_neighbours_and_edges_of_the_image_do_no_harm():
    image = np.zeros((60, 90))
    image[10:30, 0:20], image[10:30, 20:45] = 1.0, 2.0
    labels = (image > 0) + (image > 1).astype(np.int32)
    found = list(find_features(image, labels))
    assert [one.label for one in found] == [1, 2]
    for one in found:
        assert len(one.polygon.vertices) == 4
        corners = corners_of(image, labels, one)
        assert corners.edges.shape == (4, 2)


def test_a_constant_image_gives_outlines_all_the_same():
    labels = np.zeros((60, 60), np.int32)
    labels[20:40, 15:45] = 7
    (one,) = find_features(np.ones((60, 60)), labels)
    assert one.label == 7
    assert len(one.polygon.vertices) == 4


def test_no_vertices_and_no_planes_are_no_corners():
    (one,) = find_features(np.zeros((20, 20)), np.pad(np.ones((2, 2), int), 9))
    corners = find_corners(one.polygon, None)
    assert len(corners.places) == len(corners.edges) == 0
    assert distances_between(corners).values.shape == (0, 0)
