from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.simulation import Cone, Cylinder, Ellipsoid, Shape, Sphere


def inside(shape: Shape, points: np.ndarray) -> np.ndarray:
    ones = np.column_stack([points, np.ones(len(points))])
    within = np.einsum("ni,ij,nj->n", ones, shape.quadric(), ones) <= 0
    if (planes := shape.half_spaces()) is not None:
        within &= (points @ planes[0].T <= planes[1]).all(axis=1)
    return within


@pytest.mark.parametrize(
    ("shape", "volume", "radius"),
    [
        (Sphere(6.0), 36 * np.pi, 3.0),
        (Ellipsoid(6.0, 4.0, 2.0), 8 * np.pi, 3.0),
        (Cylinder(6.0, 8.0), 72 * np.pi, 5.0),
        (Cone(6.0, 8.0), 24 * np.pi, 6.0),
        (Cone(20.0, 1.0), 100 / 3 * np.pi, np.hypot(10.0, 0.25)),
    ],
)
def test_volume_and_radius_are_those_of_the_textbook(shape, volume, radius) -> None:
    assert shape.volume == pytest.approx(volume)
    assert shape.radius == pytest.approx(radius)


def test_the_origin_is_the_centre_of_mass(curved: Shape) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-curved.radius, curved.radius, (200_000, 3))
    within = points[inside(curved, points)]
    assert np.linalg.norm(within.mean(axis=0)) < 0.01 * curved.radius
    share = len(within) / len(points) * (2 * curved.radius) ** 3
    assert share == pytest.approx(curved.volume, rel=0.02)


def test_the_second_nappe_of_a_cone_is_not_part_of_it() -> None:
    cone = Cone(6.0, 8.0)
    assert inside(cone, np.array([[0.0, 0.0, 5.9]])).all()
    assert not inside(cone, np.array([[0.0, 0.0, 6.1], [0.0, 0.0, 8.0]])).any()
