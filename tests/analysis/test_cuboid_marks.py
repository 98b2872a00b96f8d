"""Poses of cuboids, found in the marks that training draws for them."""

from __future__ import annotations

import numpy as np

from napari_stem3d.analysis.crops import Circle, enclosing_circle
from napari_stem3d.analysis.cuboid_marks import Pose, find_pose
from napari_stem3d.simulation import Cuboid, Grid, Particle, project, random_rotation
from napari_stem3d.tasks.crops import corner_maps, edge_maps

GRID = Grid((128, 128), (1.0, 1.0))


def random_box(seed: int) -> tuple[Particle, Circle]:
    rng = np.random.default_rng(seed)
    box = Cuboid(*rng.uniform(31, 66, 3).tolist())
    particle = Particle(box, (64.0, 64.0), random_rotation(rng))
    return particle, enclosing_circle(project(particle, GRID) > 0)


def true_pose(particle: Particle, circle: Circle) -> Pose:
    corners = particle.rotation.apply(particle.shape.vertices())[:, 1::-1] + particle.position
    places = circle.to_crop(corners)
    return Pose(places.mean(axis=0), (places[[4, 2, 1]] - places[0]) / 2)


def marks(particle: Particle, circle: Circle) -> tuple[np.ndarray, np.ndarray]:
    return (
        corner_maps(particle, circle).sum(axis=-1).clip(0, 1),
        edge_maps(particle, circle).sum(axis=-1).clip(0, 1),
    )


def test_lengths_follow_from_the_projection() -> None:
    for seed in range(20):
        particle, circle = random_box(seed)
        box = particle.shape
        lengths = np.array([box.a, box.b, box.c]) / 2 / circle.step
        np.testing.assert_allclose(true_pose(particle, circle).lengths, lengths, rtol=1e-4)


def test_the_length_of_an_edge_along_the_beam_is_not_known() -> None:
    upright = Pose(np.array([32.0, 32.0]), np.array([[0.0, 0.1], [0.0, 18.0], [15.0, 0.0]]))
    assert upright.doubts(0.3)[0] > 1
    on_a_corner = Pose(np.array([32.0, 32.0]), np.array([[12, 0], [-6, 10.4], [-6, -10.4]]))
    assert on_a_corner.doubts(0.3).max() < 0.1


def test_of_forty_boxes_thirty_eight_are_found_to_half_a_pixel() -> None:
    off = []
    for seed in range(40):
        particle, circle = random_box(seed)
        pose = find_pose(*marks(particle, circle))
        assert pose is not None
        true = true_pose(particle, circle).corners
        off.append(np.linalg.norm(pose.corners[:, None] - true, axis=-1).min(axis=1).max())
    assert sum(o < 0.5 for o in off) >= 38


def test_where_nothing_is_marked_there_is_no_pose() -> None:
    empty = np.zeros((64, 64))
    assert find_pose(empty, empty) is None


def test_three_marks_are_too_few() -> None:
    corners = np.zeros((64, 64))
    corners[(20, 30, 40), (20, 50, 20)] = 1
    assert find_pose(corners, np.zeros((64, 64))) is None
