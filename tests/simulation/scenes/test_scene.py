"""Images of scenes at rest, in motion, in slabs and of several materials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Cuboid,
    CutCorners,
    Ellipsoid,
    Grid,
    Microscope,
    Particle,
    Sample,
    Scene,
    Sphere,
    Trajectory,
    brownian,
    project,
    random_rotation,
    spin,
)
from napari_stem3d.simulation.compute._random import draw_keys
from napari_stem3d.simulation.scenes.scene import record_scenes

GRID = Grid((60, 72), (0.4, 0.3))
IDEAL = PRESETS["ideal"]
SIZE = 2 * Cuboid(6, 8, 9).radius  # nm: what thicknesses are compared with


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(6)


@pytest.fixture
def particle(rng: np.random.Generator) -> Particle:
    cut = CutCorners.random(Cuboid(6, 8, 9), 3, rng)
    return Particle(Cuboid(6, 8, 9), GRID.centre, random_rotation(rng), (cut,))


def moving(particle: Particle, path: Trajectory) -> Particle:
    return particle.posed(particle.position, motion=path)


def picture(particles: list[Particle], microscope: Microscope = IDEAL, start: float = 0) -> Sample:
    return Scene(particles, GRID, microscope).image(np.random.default_rng(0), start)


FRAME = Scene([], GRID, IDEAL).frame_time


@pytest.mark.parametrize("start", [0.0, 2.5 * FRAME])
@pytest.mark.parametrize("kind", ["spin", "brownian"])
def test_each_row_shows_the_pose_of_its_time(
    particle: Particle, rng: np.random.Generator, kind: str, start: float
) -> None:
    """SIM-13, SIM-14: row j is row j of the image of the particle standing still at its time."""
    path = (
        spin(particle, "x", 400.0, 4 * FRAME, (30.0, -20.0))
        if kind == "spin"
        else brownian(particle, rng, 2.0, 5.0, 4 * FRAME, FRAME / 60)
    )
    sample = picture([moving(particle, path)], start=start)
    assert sample.thickness.any() and sample.times[0] > start
    for row, time in enumerate(sample.times):
        still = moving(particle, path).at(time)
        assert still.motion is None
        expected = project(still, GRID)[row]
        np.testing.assert_allclose(sample.thickness[row], expected, rtol=0, atol=1e-6 * SIZE)
        np.testing.assert_array_equal(sample.labels[row] > 0, sample.thickness[row] > 0)


def test_the_image_moves_with_the_thickness(particle: Particle) -> None:
    """SIM-13: without noise the image is the thickness, of moving particles too."""
    sample = picture([moving(particle, spin(particle, "y", 300.0, FRAME))])
    mu = IDEAL.contrast.per_nm(IDEAL.beam) * IDEAL.electrons_per_pixel * IDEAL.detector.efficiency
    np.testing.assert_allclose(sample.image, mu * sample.thickness, rtol=1e-6)
    assert np.abs(sample.thickness - project(particle, GRID)).max() > 0.5


def test_without_speed_the_image_is_the_static_one(particle: Particle) -> None:
    """SIM-13: ω → 0."""
    static = picture([particle])
    still = picture([moving(particle, spin(particle, "y", 0.0, FRAME))])
    np.testing.assert_allclose(still.thickness, static.thickness, atol=1e-5)
    slow = picture([moving(particle, spin(particle, "y", 1e-6, FRAME))])
    np.testing.assert_allclose(slow.thickness, static.thickness, atol=1e-5)


def test_a_constant_velocity_shears_along_the_rows() -> None:
    """SIM-14, P-8: the centre of each row moves on by velocity times line time."""
    line = IDEAL.scan.line_time(GRID)
    ball = Particle(Sphere(16.0), GRID.centre)
    speed = 0.05 / line  # nm/s: a sixth of a pixel per line
    sample = picture([moving(ball, spin(ball, "z", 0.0, FRAME, (0.0, speed)))])
    x = np.arange(72) * GRID.sampling[1]
    rows = np.flatnonzero(sample.thickness.sum(axis=1) > 60)
    centres = (sample.thickness[rows] @ x) / sample.thickness[rows].sum(axis=1)
    slope, offset = np.polyfit(rows, centres, 1)
    assert slope == pytest.approx(speed * line, rel=3e-3)
    assert offset == pytest.approx(GRID.centre[1] + speed * sample.times[0], abs=0.01)


def test_a_velocity_along_the_scan_stretches() -> None:
    """SIM-14: a body that runs ahead of the lines is seen longer by 1 / (1 - v T / dy)."""
    line = IDEAL.scan.line_time(GRID)
    speed = 0.3 * GRID.sampling[0] / line
    box = Particle(Cuboid(6.0, 6.0, 6.0), (4.0, GRID.centre[1]))
    for velocity, factor in ((speed, 1 / 0.7), (-speed, 1 / 1.3)):
        sample = picture([moving(box, spin(box, "z", 0.0, FRAME, (velocity, 0.0)))])
        height = np.count_nonzero(sample.thickness.any(axis=1)) * GRID.sampling[0]
        assert height == pytest.approx(6 * factor, abs=GRID.sampling[0])


def test_a_translation_shears_as_the_projection_of_a_sheared_body(particle: Particle) -> None:
    """SIM-14: the moving image is the static one, sampled along slanted columns."""
    speed = 400.0
    sample = picture([moving(particle, spin(particle, "z", 0.0, FRAME, (0.0, speed)))])
    for row, time in enumerate(sample.times):
        shifted = particle.posed((GRID.centre[0], GRID.centre[1] + speed * time))
        np.testing.assert_allclose(sample.thickness[row], project(shifted, GRID)[row], atol=1e-5)


def test_the_truth_of_what_moves_is_that_of_the_middle_of_the_frame(particle: Particle) -> None:
    """SIM-13."""
    sample = picture([moving(particle, spin(particle, "x", 90.0, 1.0, (3.0, -2.0)))])
    (row,) = sample.truth()
    middle = float(sample.times.mean())
    assert (row["vy_nm_s"], row["vx_nm_s"]) == pytest.approx((3, -2))
    assert row["spin_deg_s"] == pytest.approx(90)
    assert row["y_nm"] == pytest.approx(GRID.centre[0] + 3 * middle)
    turn = Rotation.from_quat(np.array(row["orientation_xyzw"].split(), float))
    expected = Rotation.from_euler("x", 90 * middle, degrees=True) * particle.rotation
    assert (turn * expected.inv()).magnitude() < 1e-12


def test_the_recorded_quaternions_reproduce_an_image_bit_for_bit(rng: np.random.Generator) -> None:
    """SIM-12."""
    for k in range(40):
        sample = picture([Particle(Cuboid(6, 8, 9), (9.0 + 0.1 * k, 8.0), random_rotation(rng))])
        (row,) = sample.truth()
        turn = Rotation.from_quat([float(q) for q in row["orientation_xyzw"].split()])
        again = picture([Particle(Cuboid(6, 8, 9), (row["y_nm"], row["x_nm"]), turn)])
        np.testing.assert_array_equal(again.image, sample.image)
        np.testing.assert_array_equal(again.thickness, sample.thickness)


def test_boundaries_are_the_rims_of_particles() -> None:
    """ML-06: beside another particle or none."""
    particles = [Particle(Sphere(8.0), (10.0, 9.0)), Particle(Cuboid(6, 6, 6), (13.0, 13.0))]
    sample = picture([*particles, Particle(Sphere(6.0), (0.0, 20.0))])
    expected = np.zeros(GRID.gpts, bool)
    for label in (1, 2, 3):
        own = sample.labels == label
        expected |= own & ~binary_erosion(own, border_value=True)
    assert sample.boundaries.dtype == bool
    np.testing.assert_array_equal(sample.boundaries, expected)


def test_another_material_is_brighter_by_its_cross_section() -> None:
    """SIM-09: the ratio of what a nm scatters."""
    here, there = (GRID.centre[0], 6.0), (GRID.centre[0], 15.0)
    sample = picture([Particle(Sphere(6.0), here), Particle(Sphere(6.0), there, material="Ag")])
    contrast, beam = IDEAL.contrast, IDEAL.beam
    gold, silver = (sample.image[sample.labels == k].sum() for k in (1, 2))
    thick = [sample.thickness[sample.labels == k].sum() for k in (1, 2)]
    expected = contrast.per_nm(beam, "Ag") / contrast.per_nm(beam)
    assert 0.1 < expected < 0.9
    assert (silver / thick[1]) / (gold / thick[0]) == pytest.approx(expected, rel=1e-5)
    assert [row["material"] for row in sample.truth()] == ["", "Ag"]


def test_diffraction_contrast_is_one_factor_per_particle() -> None:
    """The factors are log-normal, of mean 1 and the rms asked for; the truth stays in nm."""
    rough = replace(IDEAL, contrast=replace(IDEAL.contrast, diffraction=15.0))
    grid = Grid((24, 24), (0.5, 0.5))
    ball = Particle(Sphere(8.0), grid.centre)
    plain = Scene([ball], grid, IDEAL).image(np.random.default_rng(0))
    factors = []
    for seed in range(400):
        sample = Scene([ball], grid, rough).image(np.random.default_rng(seed))
        ratio = sample.image[plain.image > 0] / plain.image[plain.image > 0]
        assert np.ptp(ratio) < 1e-5
        np.testing.assert_array_equal(sample.thickness, plain.thickness)
        factors.append(ratio.mean())
    assert np.mean(factors) == pytest.approx(1, abs=0.02)
    assert np.std(factors) == pytest.approx(0.15, rel=0.12)
    pair = Scene([ball, ball.posed((3.0, 3.0))], grid, rough)
    weights = pair._weights(draw_keys(np.random.default_rng(1), 1))
    assert weights[0] != weights[1]


def test_slabs_add_up_and_blur_by_their_depth() -> None:
    """Section 5.3: matter out of focus is blurred more; without blur slabs change nothing."""
    pillar = Particle(Ellipsoid(6.0, 6.0, 40.0), GRID.centre)
    sharp = replace(IDEAL, probe=replace(IDEAL.probe, slabs=5, diffraction=False))
    cone = replace(IDEAL.beam, convergence=0.1)
    sharp = replace(sharp, beam=cone)
    whole = replace(sharp, probe=replace(sharp.probe, slabs=1))
    np.testing.assert_allclose(
        picture([pillar], sharp).image, picture([pillar], whole).image, rtol=1e-4, atol=1e-3
    )

    def width(z: float) -> float:
        disc = Particle(Cuboid(0.6, 0.6, 0.6), GRID.centre, z=z)
        wide = replace(IDEAL, probe=replace(IDEAL.probe, slabs=3))
        image = picture([disc], wide).image
        x = np.arange(72) * GRID.sampling[1] - GRID.centre[1]
        return float(np.sqrt((image.sum(axis=0) @ x**2) / image.sum()))

    at_focus, above, below = width(0.0), width(60.0), width(-60.0)
    expected = IDEAL.probe.width(IDEAL.beam, 60.0)
    assert above == pytest.approx(below, rel=1e-3)
    assert np.sqrt(above**2 - at_focus**2) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("preset", ["default", "ideal"])
def test_many_scenes_at_a_time_give_the_same_numbers(
    preset: str, particle: Particle, rng: np.random.Generator
) -> None:
    """P-10: images do not depend on what they are recorded with."""
    microscope = PRESETS[preset]
    slabs = replace(microscope, probe=replace(microscope.probe, slabs=3))
    spinning = moving(particle, spin(particle, "x", 90.0, 1.0))
    silver = replace(particle, material="Ag")
    for scenes in (
        [Scene([particle, Particle(Sphere(4.0), (3.0, 5.0))], GRID, microscope)] * 3,
        [Scene([particle], GRID, microscope), Scene([spinning], GRID, microscope),
         Scene([], GRID, microscope)],
        [Scene([particle], GRID, microscope), Scene([silver], GRID, microscope)],
        [Scene([particle], GRID, slabs), Scene([spinning, silver], GRID, microscope)],
    ):  # fmt: skip
        starts = [0.3 * k for k in range(len(scenes))]
        keys = np.concatenate([draw_keys(np.random.default_rng(k), 1) for k in range(len(scenes))])
        together = record_scenes(scenes, keys, starts)
        for k, scene in enumerate(scenes):
            alone = scene.image(np.random.default_rng(k), starts[k])
            np.testing.assert_array_equal(together[k], alone.image)


def test_images_of_different_sizes_do_not_stack() -> None:
    scenes = [Scene([], Grid((4, 5))), Scene([], Grid((5, 4)))]
    keys = draw_keys(np.random.default_rng(0), 2)
    with pytest.raises(InputError, match=r"The images of a stack must have one shape. Received"):
        record_scenes(scenes, keys, [0.0, 0.0])


@pytest.mark.parametrize("direction", [0.0, 90.0, 200.0])
def test_a_drifting_specimen_looks_like_particles_that_all_move(direction: float) -> None:
    """P-8, SIM-14: drift takes the specimen where it is directed, as a velocity does."""
    grid, ideal = Grid((96, 96), (0.2, 0.2)), PRESETS["ideal"]
    scan = replace(ideal.scan, drift=600.0, drift_direction=direction)
    rng, particle = np.random.default_rng(0), Particle(Sphere(9.0), grid.centre)
    drifting = Scene([particle], grid, replace(ideal, scan=scan)).image(rng).image
    vy, vx = (10 * f(np.radians(direction)) for f in (np.sin, np.cos))
    path = spin(particle, "z", 0.0, 1.0, (vy, vx))
    moving = Scene([particle.posed(particle.position, motion=path)], grid, ideal).image(rng).image
    still = Scene([particle], grid, ideal).image(rng).image
    # Drift goes on within a row, by 0.02 nm: far less than from the first row to the last.
    assert np.abs(drifting - moving).mean() < 0.05 * np.abs(still - moving).mean()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([3],), "particles must be a sequence of them. Received: [3]"),
        ((Particle(Sphere()),), "particles must be a sequence of them. Received: Particle"),
        (([], (64, 64)), "grid must be a Grid. Received: (64, 64)"),
        (([], GRID, "low dose"), "microscope must be a Microscope. Received: 'low dose'"),
    ],
)
def test_what_is_no_scene_is_refused(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        Scene(*arguments)
    assert str(error.value).startswith(sentence)
