"""Families: two objects that are not the same, in images that are all different."""

from __future__ import annotations

import dataclasses

import numpy as np

from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.simulation import Cuboid, CutCorners, Particle
from napari_stem3d.tasks import families
from napari_stem3d.tasks.families import FamilyTask


def test_a_family_is_the_same_whenever_it_is_asked_for() -> None:
    first, again = FamilyTask(3, views=2)[5], FamilyTask(3, views=2)[5]
    for (image, mask), (other, same) in zip(first.images, again.images):
        np.testing.assert_array_equal(image, other)
        np.testing.assert_array_equal(mask, same)
    np.testing.assert_array_equal(first.orbit, again.orbit)


def test_every_image_shows_a_particle_and_no_two_are_alike() -> None:
    for index in range(4):
        family = FamilyTask(1, views=3)[index]
        assert len(family.images) == 6
        assert all(mask.sum() >= 4 and np.isfinite(image).all() for image, mask in family.images)
        assert len({image.tobytes() for image, _ in family.images}) == 6
        assert all(0 <= k < len(CLASSES) for k in family.shape)
        # Cuboids alone have orbits.
        cuboids = family.shape == CLASSES.index("cuboid")
        np.testing.assert_array_equal(family.orbit.any(axis=1), cuboids)


def test_relatives_are_other_objects() -> None:
    rng = np.random.default_rng(0)
    cuts = CutCorners.random(Cuboid(10.0, 12.0, 20.0), 3, rng)
    cuboid = Particle(Cuboid(10.0, 12.0, 20.0), deformations=(cuts,))
    kinds = set()
    for _ in range(60):
        other = families._relative(rng, cuboid)
        if other.shape == cuboid.shape:
            assert len(other.deformed_corners) != 3
            kinds.add("corners")
        elif other.deformations == cuboid.deformations:
            ratios = np.log(dataclasses.astuple(other.shape)) - np.log([10, 12, 20])
            assert np.abs(ratios).max() >= 0.15
            kinds.add("edges")
        else:
            kinds.add("unrelated")
    assert kinds == {"corners", "edges", "unrelated"}
