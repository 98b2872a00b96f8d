"""The reference conditions, number by number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.simulation import Dataset, Grid, Scene, project
from napari_stem3d.tasks.corners128 import SHAPES, Corners128

SIDE = 128 * 0.2  # nm
THICK = 64 * 0.2  # nm


def scenes(task: str, dose: str = "standard", count: int = 600) -> list[Scene]:
    draw = Corners128(task, dose)
    return [draw(np.random.default_rng([5, i])) for i in range(count)]


@pytest.fixture(scope="module")
def corners() -> list[Scene]:
    return scenes("corners")


def uniform(values: object, low: float, high: float) -> bool:
    return stats.kstest(np.ravel(values), stats.uniform(low, high - low).cdf).pvalue > 1e-3


def test_the_grid_is_128_pixels_of_a_fifth_of_a_nanometre(corners: list[Scene]) -> None:
    assert {scene.grid for scene in corners} == {Grid((128, 128), (0.2, 0.2))}


def test_half_edges_are_0_12_to_0_26_of_the_side(corners: list[Scene]) -> None:
    edges = np.array([(s.a, s.b, s.c) for s in (scene.particles[0].shape for scene in corners)])
    for half in edges.T / 2 / SIDE:
        assert uniform(half, 0.12, 0.26)
    assert np.abs(np.corrcoef(edges.T) - np.eye(3)).max() < 0.15


def test_cuts_are_a_quarter_to_half_of_the_edges(corners: list[Scene]) -> None:
    fractions = [d.fractions for scene in corners for d in scene.particles[0].deformations]
    assert uniform(np.concatenate([np.ravel(f) for f in fractions]), 0.25, 0.5)


def test_orientations_are_uniform(corners: list[Scene]) -> None:
    for axis in np.eye(3):
        assert uniform([s.particles[0].rotation.apply(axis)[2] for s in corners], -1, 1)


def test_the_body_lies_inside_and_anywhere_there_is_room(corners: list[Scene]) -> None:
    wide = Grid((256, 256), (0.2, 0.2))
    offsets = []
    for scene in corners[:100]:
        (particle,) = scene.particles
        assert project(particle, scene.grid).sum() == pytest.approx(
            project(
                type(particle)(
                    particle.shape,
                    (particle.position[0] + SIDE / 2, particle.position[1] + SIDE / 2),
                    particle.rotation,
                    particle.deformations,
                ),
                wide,
            ).sum(),
            rel=1e-4,
        )
    for scene in corners:
        (particle,) = scene.particles
        reach = np.abs(particle.rotation.apply(particle.shape.vertices())).max(axis=0)[1::-1]
        room = np.array(scene.grid.centre) - reach
        offsets.append((np.array(particle.position) - scene.grid.centre) / room)
    assert uniform(np.array(offsets)[:, 0], -1, 1)
    assert uniform(np.array(offsets)[:, 1], -1, 1)


def expected_counts(scene: Scene, thickness: float) -> float:
    m = scene.microscope
    assert not m.contrast.saturating
    fraction = float(m.contrast.fraction(np.float32([thickness]), m.beam)[0])
    return fraction * m.electrons_per_pixel * m.detector.efficiency


@pytest.mark.parametrize(
    ("dose", "counts"), [("standard", 1000), ("low", 100), ("very-low", 10), ("clean", 1000)]
)
def test_the_dose_is_what_a_body_of_64_pixels_scatters(dose: str, counts: float) -> None:
    for scene in scenes("corners", dose, 20):
        assert expected_counts(scene, THICK) == pytest.approx(counts, rel=1e-5)
        assert scene.microscope.detector.shot_noise == (dose != "clean")


def test_the_carbon_gives_5_to_30_percent_of_that(corners: list[Scene]) -> None:
    ratios = []
    for scene in corners:
        m = scene.microscope
        empty = replace(m, detector=replace(m.detector, shot_noise=False))
        film = empty.image(np.zeros((16, 16)), Grid((16, 16), (0.2, 0.2)), np.random.default_rng(0))
        assert np.ptp(film) <= 1e-5 * film.max()
        counts = float(film[0, 0])
        ratios.append(counts / expected_counts(scene, THICK))
    assert uniform(ratios, 0.05, 0.3)


def test_probe_and_jitter(corners: list[Scene]) -> None:
    assert uniform([s.microscope.probe.sigma / 0.2 for s in corners], 0.5, 1.5)
    assert uniform([s.microscope.scan.jitter / 0.2 for s in corners], 0.0, 0.3)
    assert {s.microscope.scan.jitter_memory for s in corners} == {0.9}
    assert {s.microscope.scan.jitter for s in scenes("corners", "clean", 20)} == {0.0}


def test_the_pixels_hold_these_counts() -> None:
    for sample in Dataset(Corners128("shape", "standard"), 5, seed=1):
        background = np.median(sample.image[sample.thickness == 0])
        assert 45 < background < 310
        inner = sample.thickness > 0.9 * sample.thickness.max()
        signal = (sample.image[inner] - background).mean() / sample.thickness[inner].mean()
        assert signal * THICK == pytest.approx(1000, rel=0.1)


def test_0_to_8_corners_are_deformed_with_equal_chances(corners: list[Scene]) -> None:
    numbers = [len(s.particles[0].deformed_corners) for s in corners]
    assert {s.particles[0].shape.name for s in corners} == {"cuboid"}
    assert stats.chisquare(np.bincount(numbers, minlength=9)).pvalue > 1e-3


def test_half_of_the_cuboids_are_deformed_and_half_are_not() -> None:
    numbers = np.bincount(
        [len(s.particles[0].deformed_corners) for s in scenes("deformed")], minlength=9
    )
    assert stats.binomtest(int(numbers[0]), 600).pvalue > 1e-3
    assert stats.chisquare(numbers[1:]).pvalue > 1e-3


def test_seven_shapes_are_intact_and_equally_frequent() -> None:
    particles = [s.particles[0] for s in scenes("shape")]
    assert not any(p.deformations for p in particles)
    found = [sum(p.shape.name == name for p in particles) for name in SHAPES]
    assert sum(found) == 600
    assert stats.chisquare(found).pvalue > 1e-3


def differing(scene: Scene) -> int:
    first, second = scene.particles[0].deformed_corners
    return (first ^ second).bit_count()


def test_two_corners_of_a_cube_lie_to_each_other_in_three_ways_equally_often() -> None:
    drawn = scenes("pair-cube")
    assert all(len({s.a, s.b, s.c}) == 1 for s in (d.particles[0].shape for d in drawn))
    assert stats.chisquare(np.bincount([differing(d) - 1 for d in drawn])).pvalue > 1e-3


def test_two_corners_of_a_box_are_any_two() -> None:
    drawn = scenes("pair-box")
    axes = [np.bitwise_xor.reduce(d.particles[0].deformed_corners) for d in drawn]
    assert stats.chisquare(np.bincount(axes, minlength=8)[1:]).pvalue > 1e-3


def test_all_shapes_and_fragments_are_equally_frequent_and_intact() -> None:
    particles = [s.particles[0] for s in scenes("shape-all", count=900)]
    assert not any(p.deformations for p in particles)
    names = [*CLASSES[:-1], "fragment"]
    found = [sum(p.shape.name == name for p in particles) for name in names]
    assert sum(found) == 900
    assert stats.chisquare(found).pvalue > 1e-3


def test_cuts_and_blur_are_what_was_asked_for() -> None:
    for cuts, low, high in (("small", 0.1, 0.25), (0.3, 0.3, 0.3)):
        draw = Corners128("pair-box", cuts=cuts, blur=2.5)
        for scene in (draw(np.random.default_rng(i)) for i in range(20)):
            assert scene.microscope.probe.sigma == pytest.approx(2.5 * 0.2)
            (cut,) = scene.particles[0].deformations
            assert all(low <= f <= high for fractions in cut.fractions for f in fractions)


def test_a_finer_scan_shows_the_same_objects() -> None:
    for index in range(5):
        plain, fine = (
            Corners128("corners", magnification=m)(np.random.default_rng(index)) for m in (1, 2)
        )
        assert fine.grid == Grid((256, 256), (0.1, 0.1))
        assert fine.particles[0].shape == plain.particles[0].shape
        assert fine.particles[0].deformed_corners == plain.particles[0].deformed_corners
        assert fine.microscope == plain.microscope


def test_the_dose_may_be_a_number() -> None:
    rng = np.random.default_rng(3)
    assert expected_counts(Corners128("corners", 37.0)(rng), THICK) == pytest.approx(37, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"task": "colour"},
            "task must be one of deformed, corners, pair-cube, pair-box, shape, shape-all. "
            "Received: 'colour'",
        ),
        (
            {"dose": "much"},
            "dose must be one of clean, standard, low, very-low, or a positive number. "
            "Received: 'much'",
        ),
        ({"dose": -1.0}, "or a positive number. Received: -1.0"),
        (
            {"cuts": 0.6},
            "cuts must be one of large, small, or a positive number of at most 0.5. Received: 0.6",
        ),
        ({"blur": 0.0}, "blur must be a positive number of pixels below 128. Received: 0.0"),
        ({"magnification": 0}, "magnification must be a whole number from 1 to 8. Received: 0"),
    ],
)
def test_unknown_conditions_are_refused(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        Corners128(**({"task": "corners"} | arguments))  # type: ignore[arg-type]
    assert str(error.value).endswith(sentence)
