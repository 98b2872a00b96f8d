"""Where particles come to lie."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import binary_dilation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    Grid,
    Particle,
    Placement,
    Sample,
    Scene,
    Shape,
    Sphere,
    project,
    random_rotation,
    simulate,
)
from napari_stem3d.simulation.scenes.placement import find_place, free_position, outline

GRID = Grid((48, 60), (0.5, 0.4))
FINE = Grid((400, 500), (0.1, 0.08))
MIXED = [Sphere(5.0), Cuboid(4, 5, 6), Cone(5.0, 6.0)]


def alone(particle: Particle, grid: Grid) -> np.ndarray:
    return project(particle, grid) > 0


def fill(placement: str, count: int, seed: int) -> list[Particle]:
    rng = np.random.default_rng(seed)
    placed: list[Particle] = []
    for k in range(count):
        particle = Particle(MIXED[k % 3], rotation=random_rotation(rng))
        place = find_place(particle, placed, FINE, Placement(placement), rng)
        placed.append(particle.posed(place))
    return placed


def test_particles_stay_inside_and_apart_where_there_is_room() -> None:
    series = simulate(Sphere(5.0), frames=20, particles=4, grid=GRID)
    for sample in series:
        centres = np.array([p.position for p in sample.particles])
        assert (centres >= 2.5 - 1e-9).all()
        assert (centres <= np.array([47 * 0.5, 59 * 0.4]) - 2.5 + 1e-9).all()
        gaps = np.linalg.norm(centres[:, None] - centres, axis=2) + 100 * np.eye(4)
        assert gaps.min() >= 5.0


def test_in_a_crowd_the_least_crowded_place_is_taken() -> None:
    rng = np.random.default_rng(0)
    other = Particle(Sphere(20.0), GRID.centre)
    distances = [
        np.linalg.norm(np.subtract(free_position(4.0, [other], GRID, rng), GRID.centre))
        for _ in range(50)
    ]
    free = [np.linalg.norm(np.subtract(free_position(4.0, [], GRID, rng), GRID.centre))
            for _ in range(50)]  # fmt: skip
    assert np.mean(distances) > np.mean(free) + 2


def test_what_does_not_fit_is_centred(shape: Shape) -> None:
    grid = Grid((8, 9), (0.1, 0.2))
    assert free_position(shape.radius, [], grid, np.random.default_rng(0)) == grid.centre


def test_the_outline_holds_the_projection_and_no_more(shape: Shape) -> None:
    rotation = random_rotation(np.random.default_rng(1))
    grid = Grid((300, 320), (2.2 * shape.radius / 300, 2.2 * shape.radius / 320))
    particle = Particle(shape, grid.centre, rotation)
    y, x = outline(particle).T + np.array(grid.centre)[:, None]
    area = 0.5 * abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1)))
    covered = alone(particle, grid).sum() * grid.sampling[0] * grid.sampling[1]
    assert covered == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_touching_outlines_touch_and_none_overlap(seed: int) -> None:
    """SIM-04."""
    particles = fill("touching", 5, seed)
    masks = [alone(p, FINE) for p in particles]
    for k in range(1, 5):
        before = np.any(masks[:k], axis=0)
        assert (masks[k] & before).sum() <= 3  # the rims of round bodies, inside one pixel
        assert (binary_dilation(masks[k], iterations=3) & before).any()


@pytest.mark.parametrize("seed", range(3))
def test_overlapping_particles_overlap_one_before(seed: int) -> None:
    """SIM-04."""
    masks = [alone(p, FINE) for p in fill("overlapping", 5, seed)]
    for k in range(1, 5):
        shared = max((masks[k] & other).sum() / masks[k].sum() for other in masks[:k])
        assert shared > 0.02


@pytest.mark.parametrize("placement", ["apart", "touching", "overlapping"])
def test_particles_stay_inside_where_there_is_room(placement: str) -> None:
    for particle in fill(placement, 4, 5):
        y, x = outline(particle).T + np.array(particle.position)[:, None]
        assert y.min() >= 0 and x.min() >= 0
        assert y.max() <= 39.9 and x.max() <= 499 * 0.08


def test_overlapping_thicknesses_add_up_exactly() -> None:
    """SIM-04."""
    particles = fill("overlapping", 4, 9)
    together = project(particles, FINE)
    parts = [project(p, FINE) for p in particles]
    assert (np.sum([part > 0 for part in parts], axis=0) > 1).any()
    np.testing.assert_allclose(together, np.sum(parts, axis=0, dtype=float), rtol=1e-6, atol=1e-6)


def test_anywhere_is_everywhere_with_equal_chances() -> None:
    rng = np.random.default_rng(4)
    particle = Particle(Sphere(5.0))
    places = [find_place(particle, [], GRID, Placement.ANYWHERE, rng) for _ in range(3000)]
    y, x = np.array(places).T
    assert stats.kstest(y, stats.uniform(-0.25, 24).cdf).pvalue > 1e-3
    assert stats.kstest(x, stats.uniform(-0.2, 24).cdf).pvalue > 1e-3


def test_what_lies_partly_outside_is_cut_off_by_the_edge() -> None:
    sample = Scene([Particle(Sphere(6.0), (0.0, 10.0))], GRID).image(np.random.default_rng(0))
    assert sample.labels[0].any()
    assert not sample.boundaries[0, np.flatnonzero(sample.labels[0])[1:-1]].any()
    assert sample.truth()[0]["volume_nm3"] == pytest.approx(np.pi * 36)


def test_a_series_takes_the_placement_by_its_name() -> None:
    def covered_twice(sample: Sample) -> bool:
        masks = [alone(p, GRID) for p in sample.particles]
        return bool((np.sum(masks, axis=0) > 1).any())

    over = simulate(Sphere(6.0), particles=3, frames=5, grid=GRID, placement="overlapping")
    apart = simulate(Sphere(6.0), particles=3, frames=5, grid=GRID, placement="apart")
    assert all(map(covered_twice, over)) and not any(map(covered_twice, apart))


def test_an_unknown_placement_is_refused() -> None:
    with pytest.raises(InputError) as error:
        simulate(Sphere(), placement="piled")
    assert str(error.value) == (
        "placement must be one of apart, touching, overlapping, anywhere. Received: 'piled'"
    )
