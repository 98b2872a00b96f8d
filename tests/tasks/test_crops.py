"""Training samples of the classifier: deterministic, and right about what they show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.crops import Circle
from napari_stem3d.networks.contracts import CORNER_MAP, CROP, MOST_CORNERS, RADIUS, SHAPES
from napari_stem3d.simulation import Cone, Cuboid, CutCorners, Particle, Sphere, random_rotation
from napari_stem3d.tasks.crops import Crop, CropTask, corner_maps, random_shape

ROUND = [SHAPES.index(name) for name in ("sphere", "ellipsoid", "cone", "cylinder")]
CORNERS = {"cuboid": 8, "tetrahedron": 4, "square_pyramid": 5, "octahedron": 6}


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
        assert crop.corner_maps.shape == (CORNER_MAP, CORNER_MAP, 2)
        assert crop.image.dtype == crop.corner_maps.dtype == np.float32
        assert np.isfinite(crop.image).all()
        assert crop.image[..., 0].min() >= -1
        assert crop.image[..., 0].max() <= 4
        assert 0 <= crop.image[..., 1].min() < crop.image[..., 1].max() <= 1
        assert 0 <= crop.corner_maps.min() <= crop.corner_maps.max() <= 1
        assert 0 <= crop.shape < len(SHAPES)
        assert 0 <= crop.corners <= MOST_CORNERS


def test_what_is_round_has_no_corners(crops: list[Crop]) -> None:
    for crop in crops:
        if crop.shape in ROUND:
            assert crop.corners == 0
            assert not crop.corner_maps.any()
        else:
            assert crop.corners <= CORNERS[SHAPES[crop.shape]]


def test_a_map_of_deformed_corners_is_empty_for_the_intact(crops: list[Crop]) -> None:
    for crop in crops:
        assert crop.corner_maps[..., 1].any() == (crop.corners > 0)
        if crop.shape not in ROUND:
            left = CORNERS[SHAPES[crop.shape]] - crop.corners
            assert crop.corner_maps[..., 0].any() == (left > 0)


def test_the_frequencies_of_the_classes(crops: list[Crop]) -> None:
    shapes = np.bincount([c.shape for c in crops], minlength=len(SHAPES))
    cuboids = 0.15 / 8 + 0.85 * 0.6
    expected = np.full(len(SHAPES), (1 - cuboids) / 7)
    expected[SHAPES.index("cuboid")] = cuboids
    assert stats.chisquare(shapes, expected * len(crops)).pvalue > 1e-3
    numbers = np.bincount([c.corners for c in crops if SHAPES[c.shape] == "cuboid"], minlength=9)
    assert stats.chisquare(numbers, np.array([0.2] + [0.1] * 8) * numbers.sum()).pvalue > 1e-3


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
    pixels = (places + 0.5) / (CROP / CORNER_MAP) - 0.5
    assert pixels.min() > 0
    assert pixels.max() < CORNER_MAP - 1
    for channel, corners in ((0, {0, 2, 3, 5, 7}), (1, {1, 4, 6})):
        peaks = local_maxima(maps[..., channel])
        assert len(peaks) == len(corners)
        distances = np.linalg.norm(np.array(peaks)[:, None] - pixels[sorted(corners)], axis=2)
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
    pixels = (circle.to_crop(corners) + 0.5) / 2 - 0.5
    distances = np.linalg.norm(np.indices((32, 32)).transpose(1, 2, 0)[:, :, None] - pixels, axis=3)
    deformed = np.isin(np.arange(8), particle.deformed_corners)
    for channel, own in ((0, ~deformed), (1, deformed)):
        nearest = distances[..., own].min(axis=-1)
        np.testing.assert_allclose(maps[..., channel], np.exp(-(nearest**2) / 2), atol=1e-6)


def test_round_particles_have_empty_maps() -> None:
    for shape in (Sphere(8.0), Cone(8.0, 8.0)):
        assert not corner_maps(Particle(shape, (20.0, 20.0)), Circle(20.0, 20.0, 5.0)).any()


def test_random_shapes_have_the_radius_asked_for() -> None:
    rng = np.random.default_rng(0)
    shapes = [random_shape(rng, 17.0, 0.3) for _ in range(600)]
    np.testing.assert_allclose([s.radius for s in shapes], 17.0)
    names = [s.name for s in shapes]
    assert names.count("cuboid") / 600 == pytest.approx(0.3, abs=0.06)
    others = [names.count(name) for name in SHAPES if name != "cuboid"]
    assert stats.chisquare(others).pvalue > 1e-3


def test_the_particle_fills_the_circle_of_its_crop(crops: list[Crop]) -> None:
    # The circle is drawn about the mask, whose outline may be rough.
    y, x = np.indices((CROP, CROP)) - (CROP - 1) / 2
    reach = [np.hypot(y, x)[c.image[..., 1] > 0.5].max() for c in crops]
    assert np.median(reach) == pytest.approx(RADIUS, abs=1.0)
