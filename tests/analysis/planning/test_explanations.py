"""Distances between a particle's image and the images of other sets of cut corners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.planning.explanations import Explanations
from napari_stem3d.analysis.planning.question import Question
from napari_stem3d.analysis.planning.sight import Sight, cut_at
from napari_stem3d.simulation import (
    CarbonFilm,
    Cuboid,
    CutCorners,
    Detector,
    Microscope,
    Particle,
    Scan,
    Scene,
)

STEADY = Scan(jitter=0.0, mains=0.0, wide_band=0.0, drift=0.0)
TURN = Rotation.from_euler("xyz", (20, 35, 10), degrees=True)


@pytest.fixture(scope="module")
def sight() -> Sight:
    microscope = Microscope(scan=STEADY, detector=Detector(read_out=0.0, bits=0))
    return Sight(Question(0, 1, shape=Cuboid(9, 10, 11)), microscope, 0.5)


def cut_box(corner: int = 3, depth: float = 0.25, turn: Rotation = TURN) -> Particle:
    cuts = CutCorners((corner,), ((depth,) * 3,))
    return Particle(Cuboid(9, 10, 11), (0.1, -0.2), turn, (cuts,))


def test_the_squared_distance_grows_with_the_dose(sight):
    """Shot noise alone: d'² is proportional to the dose where the image tells the numbers."""
    told = Explanations.of(cut_box(), sight, 1e5)
    one, two, four = (told.squares([()], factor)[0] for factor in (1.0, 2.0, 4.0))
    assert two / one == pytest.approx(2, rel=0.1)
    assert four / one == pytest.approx(4, rel=0.15)
    again = Explanations.of(cut_box(), sight, 2e5)
    assert again.squares([()])[0] == pytest.approx(two, rel=0.01)


def test_read_out_noise_takes_a_larger_part_of_a_small_dose(sight):
    loud = replace(sight, microscope=replace(sight.microscope, detector=Detector(read_out=300.0)))
    parts = [
        Explanations.of(cut_box(), loud, electrons).squares([()])[0]
        / Explanations.of(cut_box(), sight, electrons).squares([()])[0]
        for electrons in (300.0, 30000.0)
    ]
    assert parts[0] < 0.5 < parts[1] < 1


def test_the_distance_is_nearly_that_of_a_fit_without_noise(sight):
    """Linearised d'² beside what Levenberg-Marquardt leaves; a cut is not small."""
    question = sight.question
    best = refine(sight.look(cut_box(), 3e3), learn=False, enough=0.02)
    other = refine(cut_at(best, (), question), learn=False, enough=0.02)
    told = Explanations.of(cut_box(), sight, 3e3).squares([()])[0]
    assert other.chi2 > 4
    assert told == pytest.approx(other.chi2, rel=0.4)


def test_a_corner_behind_another_hides_which_of_them_is_cut(sight):
    """Along an edge both of its corners look alike, and d' of the one from the other is near 0."""
    along = cut_box(3, turn=Rotation.identity())
    told = Explanations.of(along, sight, 3e3)
    behind, beside = np.sqrt(told.squares([(2,), (1,)]))
    assert behind < 0.05
    assert beside > 3


def test_a_cut_that_hardly_shows_is_told_by_chance_alone():
    question = Question(0, 1, 0.03, shape=Cuboid(9, 10, 11))
    hidden = Sight(question, Microscope(), 0.5)
    told = Explanations.of(cut_box(3, 0.03), hidden, 1e3)
    assert np.sqrt(told.squares([()])[0]) < 0.1
    scores = told.scores(1.0, np.random.default_rng(0).standard_normal((400, len(told.cuts))))
    assert np.abs(scores).max() < 0.5


def test_without_electrons_both_numbers_are_as_likely(sight):
    pairs = replace(sight, question=replace(sight.question, corners=1, against=2))
    told = Explanations.of(cut_box(), pairs, 1e3)
    assert len(told.near(1e-9)) == 8 + 28
    normals = np.random.default_rng(0).standard_normal((5, len(told.cuts)))
    assert told.scores(1e-9, normals) == pytest.approx(np.zeros(5), abs=1e-3)


def test_the_true_set_is_the_nearest(sight):
    near = Explanations.of(cut_box(5), sight, 60.0).near()
    assert near[0] == (5,)
    assert () in near


def test_noise_of_the_model_is_that_of_the_simulator():
    """Mean and variance of a simulated image, pixel by pixel, in detected electrons."""
    sight = Sight(Question(), Microscope(scan=STEADY), 0.6)
    particle = cut_box()
    look = sight.look(particle, 4e3)
    placed = particle.shifted(*sight.grid.centre)
    own = sight.microscope.at_dose(4e3)
    film = replace(own.film, roughness=0.0)  # slow variations are left to the ground
    scene = Scene((placed,), sight.grid, replace(own, film=film))
    rng = np.random.default_rng(1)
    images = np.array([scene.image(rng).image for _ in range(200)], float)
    counts = (images - own.detector.offset) / own.detector.gain
    off = (counts.mean(axis=0) - look.model) / np.sqrt(look.patch.variance / len(counts))
    assert np.abs(off.mean()) < 0.15
    assert off.std() < 1.5
    ratio = counts.var(axis=0) / look.patch.variance
    assert ratio.mean() == pytest.approx(1, abs=0.05)


def test_nothing_disturbs_a_still_scan_over_an_even_film(sight):
    film = CarbonFilm(roughness=0.0, grain=False)
    even = replace(sight, microscope=replace(sight.microscope, film=film))
    look = even.look(cut_box(), 3e3)
    assert np.abs(even.disturbances(look, 3e3)).max() < 1e-5 * look.model.max()
    rough = sight.disturbances(look, 3e3)
    # The film's thickness varies by a tenth, and counts in proportion.
    assert rough.std() == pytest.approx(0.1 * 3e3 * sight.ground, rel=0.1)
    shaky = replace(even, microscope=replace(even.microscope, scan=replace(STEADY, jitter=0.1)))
    edges = np.abs(shaky.disturbances(look, 3e3)).mean(axis=0)
    assert edges.max() > 20 * edges[0].mean()  # lines that move are seen where there is something


def test_what_disturbs_grows_faster_than_what_electrons_tell(sight):
    bent = replace(sight, microscope=replace(sight.microscope, scan=Scan(mains=0.1)))
    told = Explanations.of(cut_box(), bent, 3e3)
    shares = []
    for factor in (1.0, 100.0):
        information, noise = told.left(factor)
        shares.append(np.trace(noise) / np.trace(information))
    assert shares[1] > 1.5 * shares[0]
