"""SIM-07: a missing slab."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    Cylinder,
    Grid,
    MissingSlab,
    Particle,
    Sphere,
    TruncatedCorners,
    project,
)


@pytest.mark.parametrize(("axis", "face"), [("x", 90.0), ("y", 80.0), ("z", 72.0)])
@pytest.mark.parametrize("position", [0.0, -1.7, 2.0])
def test_a_slab_inside_takes_its_thickness_off(axis: str, face: float, position: float) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    less = Particle(shape, deformations=(MissingSlab(1.5, position, axis),))
    assert shape.volume - less.volume == pytest.approx(1.5 * face)


def test_a_slab_off_the_end_shortens_the_body() -> None:
    grid = Grid((70, 60), (0.2, 0.22))
    shortened = Particle(Cylinder(8.0, 10.0), grid.centre, deformations=(MissingSlab(4.0, 5.0),))
    assert shortened.volume == pytest.approx(np.pi * 16 * 8, rel=1e-4)
    np.testing.assert_allclose(
        project(shortened, grid), project(Particle(Cylinder(8.0, 8.0), grid.centre), grid),
        atol=1e-4,
    )  # fmt: skip


def test_the_zone_that_is_missing_of_a_sphere() -> None:
    """Archimedes: a zone of a sphere between a and b holds π (R² (b - a) - (b³ - a³) / 3)."""
    less = Particle(Sphere(10.0), deformations=(MissingSlab(2.0, 1.5, "y"),))
    zone = np.pi * (25 * 2 - (2.5**3 - 0.5**3) / 3)
    assert Sphere(10.0).volume - less.volume == pytest.approx(zone, rel=1e-3)


def test_the_gap_is_empty_and_its_sides_are_whole() -> None:
    grid = Grid((81, 81), (0.2, 0.2))
    gap = Particle(Cuboid(8.1, 9, 10), grid.centre, deformations=(MissingSlab(2.1, 1.0, "x"),))
    row = project(gap, grid)[40]
    x = np.arange(81) * 0.2 - grid.centre[1]
    matter = (np.abs(x) < 4.05) & (np.abs(x - 1.0) > 1.05)
    np.testing.assert_allclose(row, np.where(matter, 10.0, 0.0), atol=1e-4)


def test_slabs_cross_each_other_and_other_cuts() -> None:
    shape = Cuboid(10, 10, 10)
    wrong = (MissingSlab(2.0, 0.0, "x"), MissingSlab(3.0, 1.0, "y"), TruncatedCorners(2.0, (0,)))
    volume = Particle(shape, deformations=wrong).volume
    assert volume == pytest.approx((10 - 2) * (10 - 3) * 10 - 8 / 6)
    assert Particle(shape, deformations=wrong[::-1]).volume == pytest.approx(volume)


@pytest.mark.parametrize("shape", [Cuboid(4, 4, 4), Sphere(4.0)], ids=lambda s: s.name)
def test_a_slab_that_leaves_nothing_is_refused(shape) -> None:
    with pytest.raises(InputError, match=f"leaves nothing of a {shape.name}"):
        MissingSlab(5.0, 0.5).apply(shape, shape.body)
    assert Particle(shape, deformations=(MissingSlab(5.0, 0.6),)).volume > 0


def test_an_axis_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"MissingSlab\.axis must be one of x, y, z"):
        MissingSlab(axis="w")
