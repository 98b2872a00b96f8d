"""How two deformed corners lie to each other, read off the marks that training draws."""

from __future__ import annotations

import numpy as np

from napari_stem3d.analysis.arrangements import read_pairs
from napari_stem3d.analysis.crops import enclosing_circle
from napari_stem3d.networks.contracts import ORBIT_CORNERS, ORBITS, PAIRS
from napari_stem3d.simulation import Dataset, project
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.crops import corner_maps, edge_maps
from napari_stem3d.tasks.particles import allowed_orbits

UNDECIDED = np.full(len(ORBITS), 1 / len(ORBITS))
PAIR_ORBITS = [ORBITS.index(name) for name in PAIRS]


def test_of_sixty_boxes_most_pairs_are_read_rightly() -> None:
    boxes, right = Dataset(Corners128("pair-box"), 60, seed=8), 0
    for index in range(60):
        scene = boxes.scene(index)
        (particle,) = scene.particles
        circle = enclosing_circle(project(particle, scene.grid) > 0)
        step = scene.grid.sampling[0]
        circle = type(circle)(circle.y * step, circle.x * step, circle.radius * step)
        told = read_pairs(corner_maps(particle, circle), edge_maps(particle, circle), UNDECIDED)
        right += allowed_orbits(particle)[PAIR_ORBITS][told[PAIR_ORBITS].argmax()] > 0
    assert right >= 54


def test_other_numbers_of_corners_keep_their_probabilities() -> None:
    scene = Dataset(Corners128("pair-box"), 1, seed=1).scene(0)
    (particle,) = scene.particles
    circle = enclosing_circle(project(particle, scene.grid) > 0)
    maps = corner_maps(particle, circle), edge_maps(particle, circle)
    told = np.random.default_rng(0).dirichlet(np.ones(len(ORBITS)))
    read = read_pairs(*maps, told)
    others = np.array(ORBIT_CORNERS) != 2
    np.testing.assert_allclose(read[others], told[others], rtol=1e-6)
    np.testing.assert_allclose(read.sum(), 1, rtol=1e-6)


def test_without_marks_the_network_is_believed() -> None:
    told = np.random.default_rng(0).dirichlet(np.ones(len(ORBITS)))
    read = read_pairs(np.zeros((64, 64, 2)), np.zeros((64, 64, 3)), told)
    np.testing.assert_allclose(read, told, rtol=1e-6)
