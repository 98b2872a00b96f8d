"""Views of particles, and how they vote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from napari_stem3d.analysis.crops import Circle
from napari_stem3d.analysis.voting import VIEWS, Views, particle_views, poll
from napari_stem3d.networks.contracts import CLASSES, ORBITS
from napari_stem3d.simulation import Cuboid, Dataset, Grid, Particle, Scene, Sphere
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.crops import corner_maps, edge_maps
from napari_stem3d.tasks.particles import allowed_orbits


def test_crops_do_not_depend_on_how_much_lies_around() -> None:
    sample = Scene(
        (Particle(Cuboid(6, 7, 8), (8.0, 8.0)), Particle(Sphere(9), (20.0, 8.0))),
        Grid((144, 160), (0.2, 0.2)),
    ).image(np.random.default_rng(3))
    part = np.s_[40:144, 0:100]
    whole = list(particle_views(sample.image, sample.labels))[1]
    own = np.where(sample.labels == 2, 1, 0).astype(np.int32)
    (cut,) = particle_views(sample.image[part], own[part])
    np.testing.assert_allclose(cut.crops, whole.crops, atol=2e-4)


class Draughtsman:
    """A classifier that marks all corners of a cuboid rightly, and knows nothing of pairs."""

    def __init__(self, particle: Particle, views: Views) -> None:
        self.particle, self.views = particle, views

    def predict_on_batch(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        told = {
            "shape": np.eye(len(CLASSES))[[CLASSES.index("cuboid")] * VIEWS],
            "corners": np.eye(9)[[2] * VIEWS],
            "orbit": np.full((VIEWS, len(ORBITS)), 1 / len(ORBITS)),
            "corner_maps": self._drawn(corner_maps),
            "edge_maps": self._drawn(edge_maps),
        }
        return {name: np.array(values, np.float32) for name, values in told.items()}

    def _drawn(self, draw: Callable[[Particle, Circle], np.ndarray]) -> list[np.ndarray]:
        maps = []
        for k in range(VIEWS):
            turned = np.rot90(draw(self.particle, self.views.circles[k % 4]), k // 2)
            maps.append(turned[:, ::-1] if k % 2 else turned)
        return maps


def test_marks_of_all_views_are_laid_over_each_other_before_a_pair_is_read() -> None:
    boxes, right = Dataset(Corners128("pair-box"), 12, seed=3), 0
    for index in range(12):
        sample = boxes[index]
        (particle,) = boxes.scene(index).particles
        (views,) = particle_views(sample.image, (sample.thickness > 0).astype(np.int32))
        (told,) = poll(Draughtsman(in_pixels(particle), views), [views])
        assert set(told) == {"shape", "corners", "orbit"}
        right += allowed_orbits(particle)[told["orbit"].argmax()] > 0
    assert right >= 10


def in_pixels(particle: Particle) -> Particle:
    """The same cuboid in units of pixels of 0.2 nm."""
    box = particle.shape
    y, x = particle.position
    return replace(particle, shape=Cuboid(5 * box.a, 5 * box.b, 5 * box.c), position=(5 * y, 5 * x))
