"""Training samples of the classifier: deterministic, and right about what they show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.crops import Circle
from napari_stem3d.networks.contracts import (
    CLASSES,
    CROP,
    MOST_CORNERS,
    ORBIT_CORNERS,
    OTHER,
    RADIUS,
    SHAPES,
)
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    CutCorners,
    Particle,
    Polyhedron,
    Sphere,
    random_rotation,
)
from napari_stem3d.tasks.crops import Crop, CropTask, corner_maps, edge_maps, relative_edges

CUBOID = CLASSES.index("cuboid")
CORNERS = {
    CLASSES.index(name): len(get_shape(name)().vertices())
    for name in SHAPES
    if issubclass(get_shape(name), Polyhedron)
}


@pytest.fixture(scope="module")
def crops() -> list[Crop]:
    task = CropTask(7)
    return [task[i] for i in range(500)]


def test_a_sample_is_the_same_whenever_it_is_asked_for(crops: list[Crop]) -> None:
    task = CropTask(7)
    for i in (400, 3, 77):
        for again, first in zip(task[i], crops[i]):
            np.testing.assert_array_equal(again, first)
    assert not np.array_equal(CropTask(8)[3].image, crops[3].image)


def test_shapes_and_types(crops: list[Crop]) -> None:
    for crop in crops:
        assert crop.image.shape == (CROP, CROP, 2)
        assert crop.corner_maps.shape == (CROP, CROP, 2)
        assert crop.edge_maps.shape == (CROP, CROP, 3)
        assert 0 <= crop.edge_maps.min() <= crop.edge_maps.max() <= 1
        assert crop.image.dtype == crop.corner_maps.dtype == np.float32
        assert np.isfinite(crop.image).all()
        assert crop.image[..., 0].min() >= -1
        assert crop.image[..., 0].max() <= 4
        assert 0 <= crop.image[..., 1].min() < crop.image[..., 1].max() <= 1
        assert 0 <= crop.corner_maps.min() <= crop.corner_maps.max() <= 1
        assert 0 <= crop.shape < len(CLASSES)
        assert 0 <= crop.corners <= MOST_CORNERS


def test_what_has_no_corners_has_no_marks(crops: list[Crop]) -> None:
    for crop in crops:
        if crop.shape in CORNERS:
            assert crop.corners <= CORNERS[crop.shape]
        else:
            assert crop.corners == 0
            assert not crop.corner_maps.any()


def test_a_map_of_deformed_corners_is_empty_for_the_intact(crops: list[Crop]) -> None:
    for crop in crops:
        assert crop.corner_maps[..., 1].any() == (crop.corners > 0)
        if crop.shape in CORNERS:
            left = CORNERS[crop.shape] - crop.corners
            assert crop.corner_maps[..., 0].any() == (left > 0)


def test_only_cuboids_have_orbits_and_edges(crops: list[Crop]) -> None:
    for crop in crops:
        assert crop.orbit.any() == crop.edges.any() == (crop.shape == CUBOID)
        assert crop.edge_maps.any() == (crop.shape == CUBOID)
        # Whatever the edges are called, the number of corners stays.
        assert {ORBIT_CORNERS[k] for k in np.flatnonzero(crop.orbit)} <= {crop.corners}


def test_the_frequencies_of_the_classes(crops: list[Crop]) -> None:
    shapes = np.bincount([c.shape for c in crops], minlength=len(CLASSES))
    clear, strange = 0.6, 0.4 * 0.15
    small, large, round_ = 0.4 * 0.85 * 0.25, 0.4 * 0.85 * 0.75, 0.35
    cuboids = clear + small * (1 - round_) / len(SHAPES) + large * 0.3
    spheres = small * round_
    others = (1 - strange - cuboids - spheres) / (len(SHAPES) - 1)
    expected = np.full(len(CLASSES), others)
    expected[CUBOID], expected[CLASSES.index(OTHER)] = cuboids, strange
    expected[CLASSES.index("sphere")] += spheres
    assert stats.chisquare(shapes, expected * len(crops)).pvalue > 1e-3
    numbers = np.bincount([c.corners for c in crops if c.shape == CUBOID], minlength=9)
    drawn = np.array([1.4, 1, 1.6, 1, 1, 1, 1, 1, 1]) / 10
    assert stats.chisquare(numbers, drawn * numbers.sum()).pvalue > 1e-3


def local_maxima(image: np.ndarray) -> list[tuple[int, int]]:
    padded = np.pad(image, 1)
    around = [
        padded[1 + i : padded.shape[0] - 1 + i, 1 + j : padded.shape[1] - 1 + j]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (i, j) != (0, 0)
    ]
    peaks = (image > 0.5) & (image > np.max(around, axis=0))
    return [(int(y), int(x)) for y, x in zip(*np.nonzero(peaks))]


def test_there_are_as_many_marks_as_corners_and_they_lie_on_them() -> None:
    # Seen along a long, tilted axis, all eight corners of the cuboid lie apart.
    cut = CutCorners((1, 4, 6), ((0.3, 0.3, 0.3),) * 3)
    rotation = Rotation.from_euler("xyz", (25, 33, 12), degrees=True)
    particle = Particle(Cuboid(20.0, 24.0, 28.0), (50.0, 40.0), rotation, (cut,))
    circle = Circle(51.0, 41.0, 22.0)
    maps = corner_maps(particle, circle)
    places = circle.to_crop(rotation.apply(particle.shape.vertices())[:, 1::-1] + particle.position)
    assert places.min() > 0
    assert places.max() < CROP - 1
    for channel, corners in ((0, {0, 2, 3, 5, 7}), (1, {1, 4, 6})):
        peaks = local_maxima(maps[..., channel])
        assert len(peaks) == len(corners)
        distances = np.linalg.norm(np.array(peaks)[:, None] - places[sorted(corners)], axis=2)
        assert distances.min(axis=1).max() < 0.75
        assert distances.min(axis=0).max() < 0.75


@pytest.mark.parametrize("seed", range(10))
def test_a_mark_is_highest_on_its_corner_and_vanishes_away_from_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = Cuboid(20.0, 24.0, 28.0)
    particle = Particle(
        shape, (30.0, 30.0), random_rotation(rng), (CutCorners.random(shape, 4, rng),)
    )
    circle = Circle(30.0, 30.0, shape.radius * 1.02)
    maps = corner_maps(particle, circle)
    corners = particle.rotation.apply(shape.vertices())[:, 1::-1] + particle.position
    raster = np.indices((CROP, CROP)).transpose(1, 2, 0)
    distances = np.linalg.norm(raster[:, :, None] - circle.to_crop(corners), axis=3)
    deformed = np.isin(np.arange(8), particle.deformed_corners)
    for channel, own in ((0, ~deformed), (1, deformed)):
        nearest = distances[..., own].min(axis=-1)
        np.testing.assert_allclose(maps[..., channel], np.exp(-(nearest**2) / 4.5), atol=1e-6)


def test_round_particles_have_empty_maps() -> None:
    for shape in (Sphere(8.0), Cone(8.0, 8.0)):
        assert not corner_maps(Particle(shape, (20.0, 20.0)), Circle(20.0, 20.0, 5.0)).any()


def test_edges_are_told_ascending_and_relative_to_the_circle() -> None:
    circle = Circle(0.0, 0.0, 10.0)
    particle = Particle(Cuboid(12.0, 8.0, 10.0), (0.0, 0.0))
    np.testing.assert_allclose(relative_edges(particle, circle), [0.8, 1.0, 1.2])
    assert not relative_edges(Particle(Sphere(8.0), (0.0, 0.0)), circle).any()


def test_the_particle_fills_the_circle_of_its_crop(crops: list[Crop]) -> None:
    # The circle is drawn about the mask, whose outline may be rough.
    y, x = np.indices((CROP, CROP)) - (CROP - 1) / 2
    reach = [np.hypot(y, x)[c.image[..., 1] > 0.5].max() for c in crops]
    assert np.median(reach) == pytest.approx(RADIUS, abs=1.0)


def test_a_needle_between_the_pixels_still_has_a_crop() -> None:
    """Thousands of samples are drawn before one is so thin; the network must not stumble then."""
    task = CropTask(20_001)
    for index in (109_018, 109_326):
        assert np.isfinite(task[index].image).all()


@pytest.mark.parametrize("order", [(8.0, 10.0, 12.0), (12.0, 8.0, 10.0), (10.0, 12.0, 8.0)])
def test_each_edge_is_marked_in_the_map_of_its_rank(order: tuple[float, float, float]) -> None:
    rotation = Rotation.from_euler("xyz", (25, 33, 12), degrees=True)
    particle = Particle(Cuboid(*order), (20.0, 20.0), rotation)
    circle = Circle(20.0, 20.0, 9.0)
    maps = edge_maps(particle, circle)
    shape = particle.shape
    assert isinstance(shape, Cuboid)
    corners = rotation.apply(shape.vertices())[:, 1::-1] + particle.position
    for one, other in shape.edges():
        length = np.linalg.norm(np.subtract(*shape.vertices()[[one, other]]))
        rank = sorted(order).index(round(length, 6))
        y, x = np.rint(circle.to_crop(corners[[one, other]].mean(axis=0)[None]))[0].astype(int)
        assert maps[y, x, rank] > 0.9


def test_edges_of_one_length_share_their_marks() -> None:
    rotation = Rotation.from_euler("xyz", (25, 33, 12), degrees=True)
    maps = edge_maps(Particle(Cuboid(9.0, 9.0, 9.0), (20.0, 20.0), rotation), Circle(20, 20, 9.0))
    np.testing.assert_array_equal(maps[..., 0], maps[..., 1])
    assert maps.max() == pytest.approx(1 / 3, abs=0.01)
    maps = edge_maps(Particle(Cuboid(9.0, 9.0, 12.0), (20.0, 20.0), rotation), Circle(20, 20, 9.0))
    assert maps.max(axis=(0, 1)) == pytest.approx([0.5, 0.5, 1.0], abs=0.01)
    assert not edge_maps(Particle(Sphere(8.0), (20.0, 20.0)), Circle(20.0, 20.0, 5.0)).any()
