"""SIM-07, P-5: the dose at which a deformation can be seen, foretold and found by simulation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    CarbonFilm,
    Cuboid,
    DentedFaces,
    Detector,
    Grid,
    Microscope,
    Particle,
    Scan,
    Sphere,
    TruncatedCorners,
    detect_deformation,
    project,
    random_rotation,
)
from napari_stem3d.simulation.compute._random import draw_keys

GRID = Grid((64, 72), (0.3, 0.25))
STILL = PRESETS["ideal"].scan
EVEN = CarbonFilm(roughness=0.0, grain=False)
POSE = random_rotation(np.random.default_rng(4))


def damaged(leg: float = 2.5) -> Particle:
    return Particle(Cuboid(9, 10, 11), GRID.centre, POSE, (TruncatedCorners(leg, (3,)),))


@pytest.mark.parametrize(
    "detector",
    [
        Detector(afterglow=0.0),
        Detector(afterglow=0.0, pulse_height=0.0, read_out=0.0, bits=0),
        Detector(afterglow=0.0, gain=2.0, read_out=8.0, pulse_height=0.6),
    ],
    ids=["default", "Poisson alone", "read-out"],
)
def test_at_the_dose_foretold_a_matched_filter_finds_d_prime_3(detector: Detector) -> None:
    """P-5: the predicted dose agrees with simulated detection within 20 %."""
    microscope = Microscope(film=EVEN, scan=STILL, detector=detector)
    dose = detect_deformation(damaged(), microscope, GRID).electrons
    microscope = microscope.at_dose(dose)
    maps = [project(replace(damaged(), deformations=d), GRID) for d in (damaged().deformations, ())]
    noiseless = replace(detector, shot_noise=False, pulse_height=0.0, read_out=0.0, bits=0)
    keys = draw_keys(np.random.default_rng(0), 1200)
    expected = [
        replace(microscope, detector=noiseless).images(m[None], GRID, keys[:1])[0] for m in maps
    ]
    images = [microscope.images(np.repeat(m[None], 600, 0), GRID, k)
              for m, k in zip(maps, (keys[:600], keys[600:]))]  # fmt: skip
    counted = (sum(expected) / 2 - detector.offset) * detector.gain
    variance = counted * (1 + detector.pulse_height**2) + detector.read_out**2
    weights = (expected[0] - expected[1]) / variance
    scores = [np.tensordot(some, weights, 2) for some in images]
    spread = math.sqrt((scores[0].var() + scores[1].var()) / 2)
    found = (scores[0].mean() - scores[1].mean()) / spread
    assert dose * (3 / found) ** 2 == pytest.approx(dose, rel=0.2)


def test_without_read_out_noise_d_prime_grows_as_the_root_of_the_dose() -> None:
    microscope = Microscope(detector=Detector(read_out=0.0, bits=0))
    once, fourfold = (
        detect_deformation(damaged(), m, GRID)
        for m in (microscope, microscope.at_dose(4 * microscope.electrons_per_pixel))
    )
    assert fourfold.index == pytest.approx(2 * once.index, rel=1e-3)
    assert fourfold.electrons == pytest.approx(once.electrons, rel=1e-3)


def test_at_the_dose_that_it_tells_it_is_just_detectable() -> None:
    told = detect_deformation(damaged(), Microscope(), GRID)
    assert detect_deformation(
        damaged(), Microscope().at_dose(told.electrons), GRID
    ).index == pytest.approx(3, rel=1e-3)
    for factor, seen in ((1.02, True), (0.98, False)):
        dose = told.electrons * factor
        assert detect_deformation(damaged(), Microscope().at_dose(dose), GRID).detectable is seen


def test_a_pixel_of_known_counts_has_its_known_distance() -> None:
    """d' of one pixel is ΔN / √N."""
    grid = Grid((1, 1), (0.2, 0.2))
    cut = Particle(Sphere(10.0), (0, 0)), Particle(Sphere(10.2), (0, 0))
    microscope = replace(PRESETS["ideal"], detector=replace(PRESETS["ideal"].detector,
                                                            shot_noise=True))  # fmt: skip
    per_nm = microscope.contrast.per_nm(microscope.beam) * microscope.electrons_per_pixel
    told = detect_deformation(cut[1], microscope, grid, reference=cut[0])
    assert told.index == pytest.approx(0.2 * per_nm / math.sqrt(10.1 * per_nm), rel=1e-3)


def test_afterglow_and_jitter_cost_nothing_and_a_thick_film_does() -> None:
    def index(**stages) -> float:
        return detect_deformation(damaged(), Microscope(**stages), GRID).index

    assert index(detector=Detector(afterglow=3.0)) == pytest.approx(index(), rel=1e-6)
    assert index(scan=Scan(jitter=0.5)) == pytest.approx(index(), rel=1e-6)
    assert index(film=CarbonFilm(thickness=100.0)) < 0.9 * index()


def test_larger_deformations_are_seen_at_smaller_doses() -> None:
    doses = [detect_deformation(damaged(leg), Microscope(), GRID).electrons for leg in (1, 2, 4)]
    assert doses[0] > 4 * doses[1] > 16 * doses[2]


def test_without_noise_everything_is_seen_and_beside_the_image_nothing() -> None:
    told = detect_deformation(damaged(), PRESETS["ideal"], GRID)
    assert (told.index, told.electrons) == (math.inf, 0.0)
    away = replace(damaged(), position=(100.0, 100.0))
    told = detect_deformation(away, Microscope(), GRID)
    assert (told.index, told.electrons, told.detectable) == (0.0, math.inf, False)


def test_slabs_and_materials_take_part() -> None:
    dent = Particle(Cuboid(9, 10, 11), GRID.centre, POSE, (DentedFaces(1.0, 3.0, (2,)),))
    blurred = replace(Microscope().probe, slabs=5, defocus=200.0)
    sharp = detect_deformation(dent, Microscope(), GRID)
    assert detect_deformation(dent, Microscope(probe=blurred), GRID).index < sharp.index
    assert detect_deformation(replace(dent, material="Si"), Microscope(), GRID).index < sharp.index


def test_a_whole_particle_needs_something_to_be_told_from() -> None:
    with pytest.raises(InputError, match=r"particle must have deformations.*a sphere without"):
        detect_deformation(Particle(Sphere()), Microscope(), GRID)
