"""Distances between a particle's image and the nearest one with another number of cut corners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.planning.question import Question
from napari_stem3d.analysis.planning.rivals import other_starts, rivals, set_odds
from napari_stem3d.analysis.planning.sight import Sight
from napari_stem3d.simulation import Cuboid, CutCorners, Detector, Microscope, Particle, Scan

STEADY = Scan(jitter=0.0, mains=0.0, wide_band=0.0, drift=0.0)
ONE_CUT = CutCorners((3,), ((0.3, 0.25, 0.2),))


@pytest.fixture(scope="module")
def sight():
    microscope = Microscope(scan=STEADY, detector=Detector(read_out=0.0, bits=0))
    return Sight(Question(0, 1, shape=Cuboid(9, 10, 11)), microscope, 0.5)


def cut_box(fraction_of: CutCorners = ONE_CUT) -> Particle:
    turn = Rotation.from_euler("xyz", (20, 35, 10), degrees=True)
    return Particle(Cuboid(9, 10, 11), (0.1, -0.2), turn, (fraction_of,))


def test_the_squared_distance_grows_with_the_dose(sight):
    """Shot noise alone: d'² is proportional to the dose where the image tells the numbers."""
    (one,) = rivals(cut_box(), sight, 2e4).others
    assert one.at(2.0).misfit / one.at(1.0).misfit == pytest.approx(2, rel=0.05)
    assert one.at(4.0).misfit / one.at(1.0).misfit == pytest.approx(4, rel=0.08)


def test_what_is_expected_at_another_dose_is_what_a_fit_there_finds(sight):
    near, far = (rivals(cut_box(), sight, electrons) for electrons in (1e4, 3e3))
    (told,), (found,) = near.others, far.others
    assert told.at(0.3).misfit == pytest.approx(found.at(1.0).misfit, rel=0.1)
    apart = [
        r.others[0].at(f).evidence - r.truth.at(f).evidence for r, f in ((near, 0.3), (far, 1))
    ]
    assert apart[0] == pytest.approx(apart[1], abs=0.5)


def test_evidence_and_misfit_are_those_of_the_fit(sight):
    look = refine(sight.look(cut_box(), 5e3), enough=0.02, learn=False)
    (start,) = other_starts(look, sight.question)
    other = refine(start, enough=0.02, learn=False)
    found = rivals(cut_box(), sight, 5e3)
    told = found.others[0].at(1.0).evidence - found.truth.at(1.0).evidence
    assert told == pytest.approx(other.evidence - look.evidence, abs=0.1)
    assert found.others[0].at(1.0).misfit == pytest.approx(other.chi2, abs=0.1)


def test_rivals_have_one_cut_less_or_one_more(sight):
    cut = sight.look(cut_box(), 1e3)
    assert [one.what.variable.cuts for one in other_starts(cut, sight.question)] == [None]
    whole = sight.look(replace(cut_box(), deformations=()), 1e3)
    more = [one.what.variable.cuts for one in other_starts(whole, sight.question)]
    assert [cuts.corners for cuts in more] == [(k,) for k in range(8)]
    # Eight sets of one corner share what the one set of none has.
    assert set_odds(cut_box(), sight.question) == pytest.approx(np.log(8))


def test_a_cut_that_hardly_shows_is_told_by_chance_alone(sight):
    """Cut so little that noise hides it, one box in two is told rightly."""
    question = Question(0, 1, 0.03, shape=Cuboid(9, 10, 11))
    hidden = Sight(question, sight.microscope, 0.5)
    found = rivals(cut_box(CutCorners((3,), ((0.03,) * 3,))), hidden, 1e3)
    assert np.sqrt(found.others[0].at(1.0).misfit) < 0.1
    scores = found.scores(1.0, np.random.default_rng(0).standard_normal((500, 1)))
    assert np.abs(scores - np.log(8)).max() < 0.5  # the odds of where, and nothing else


def test_noise_of_the_model_is_that_of_the_simulator():
    """Mean and variance of a simulated image, pixel by pixel, in detected electrons."""
    from napari_stem3d.simulation import Scene

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
