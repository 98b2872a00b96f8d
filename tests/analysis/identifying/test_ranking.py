from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.patch import Noise
from napari_stem3d.analysis.identifying.predicted import Hypothesis, Imaging
from napari_stem3d.analysis.identifying.ranking import candidates, rank_tilts
from napari_stem3d.analysis.identifying.stage import Tilt
from napari_stem3d.simulation import Helix, Particle, random_rotation

COUNTS = Noise(1.0, 0.0, 1e-9)
IMAGING = Imaging((0.5, 0.5), 0.3, 1.0, COUNTS)
BODY = Particle(Helix(), rotation=random_rotation(np.random.default_rng(3)))
HERE = Tilt()
NOTHING = np.empty((0, 0))


def ranked(tilts, imaging=IMAGING, covariance=NOTHING, present=HERE):
    advice = rank_tilts(Hypothesis.both(BODY, covariance), present, tilts, imaging)
    return {(a.tilt.alpha, a.tilt.beta): a for a in advice}


def test_the_present_tilt_tells_nothing_about_the_hand():
    found = ranked([Tilt(20), Tilt(10), Tilt(2), Tilt(0), Tilt(180)])
    for angle in (0, 180):
        assert found[angle, 0].distance == pytest.approx(0, abs=1e-2)
        assert found[angle, 0].bits == pytest.approx(0, abs=1e-3)
        assert found[angle, 0].dose > 1e4
    assert next(iter(found)) == (20, 0)
    bits = [found[angle, 0].bits for angle in (2, 10, 20)]
    assert bits == sorted(bits) and 0 < bits[0] < bits[-1] <= 1


def test_at_the_dose_for_it_the_distance_is_three():
    # Twice the electrons, as counted, are twice the gain and twice the ground.
    (first,) = ranked([Tilt(10)]).values()
    more = replace(IMAGING, gain=0.3 * first.dose, ground=1.0 * first.dose)
    (then,) = ranked([Tilt(10)], more).values()
    assert then.distance == pytest.approx(3.0, rel=0.05)


def test_two_equal_hypotheses_far_apart_are_one_bit():
    bright = Imaging((0.5, 0.5), 100.0, 10.0, COUNTS)
    (found,) = ranked([Tilt(30)], bright).values()
    assert found.bits == pytest.approx(1.0, abs=1e-3)


def test_what_a_small_turn_would_do_as_well_tells_less():
    sure = ranked([Tilt(3)])[3, 0]
    doubtful = ranked([Tilt(3)], covariance=np.diag([0.1] * 3) ** 2)[3, 0]
    assert doubtful.distance < 0.8 * sure.distance
    assert sure.sharper == 0 and doubtful.sharper > 1


def test_tilts_count_from_the_present_one():
    there = ranked([Tilt(20)])[20, 0]
    moved = ranked([Tilt(30)], present=Tilt(10))[30, 0]
    assert moved.distance == pytest.approx(there.distance, rel=1e-3)


def test_candidates_are_what_the_holder_reaches():
    tilts = candidates((-20, 25), (0, 10), 10)
    assert {t.alpha for t in tilts} == {-20, -10, 0, 10, 20}
    assert {t.beta for t in tilts} == {0, 10}
    with pytest.raises(InputError, match="lower first"):
        candidates((20, -20), (0, 0))
    with pytest.raises(InputError, match="hypotheses and tilts"):
        rank_tilts([], Tilt(), tilts, IMAGING)


def test_the_advised_tilt_is_expected_to_decide_more_than_others():
    rng = np.random.default_rng(5)
    faint = replace(IMAGING, gain=0.05)
    advised, random, smallest = [], [], []
    for _ in range(4):
        body = BODY.posed((0.0, 0.0), random_rotation(rng))
        tilts = [t for t in candidates((-6, 6), (-6, 6), 3) if t != Tilt()]
        ranked_here = rank_tilts(Hypothesis.both(body, NOTHING), Tilt(), tilts, faint)
        found = {(a.tilt.alpha, a.tilt.beta): a.bits for a in ranked_here}
        advised.append(ranked_here[0].bits)
        random.append(np.mean(list(found.values())))
        smallest.append(found[3, 0])
    assert np.mean(advised) > 1.2 * np.mean(random)
    assert np.mean(advised) > 1.2 * np.mean(smallest)
