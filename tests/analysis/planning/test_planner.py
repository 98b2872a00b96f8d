"""Plans as a whole: small ones, of tetrahedra, whose four corners are soon compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d import InputError
from napari_stem3d.analysis.planning import Limits, Plan, Question, plan
from napari_stem3d.simulation import PRESETS, Microscope, Scan, Tetrahedron

ASKED = Question(0, 1, 0.3, material="Pd", shape=Tetrahedron(12.0))
WIDE = Limits(pixel=0.8)


def small(question: Question = ASKED, limits: Limits = WIDE, **options) -> Plan:
    return plan(question, Microscope(), limits, particles=10, **options)


TOLD: list[tuple[int, int]] = []


@pytest.fixture(scope="module")
def found() -> Plan:
    return small(report=lambda *steps: TOLD.append(steps))


def test_it_answers_in_the_units_of_the_microscope(found):
    best, beam = found.recommended, found.beam
    assert best.enough
    assert best.probability == pytest.approx(0.9, abs=0.01)
    assert best.dose == pytest.approx(best.electrons / 0.8**2)
    assert best.total_dose == pytest.approx(best.views * best.dose)
    assert replace(Microscope().beam, current=beam.current).electrons(beam.dwell) == pytest.approx(
        best.electrons
    )
    assert best.low <= best.total_dose <= best.high
    assert f"{beam.current:.3g} pA" in found.advice
    assert "0 from 1 cut corners of a 12 nm Pd tetrahedron in 90 % of cases" in found.advice


def test_more_views_need_less_dose_each(found):
    doses = [option.dose for option in found.options]
    assert [option.views for option in found.options] == [1, 2, 3, 5]
    assert doses == sorted(doses, reverse=True)
    assert (found.chances[2] >= found.chances[1] - 0.02).all()


def test_tables_and_plain_numbers_agree(found):
    views, table = found.views_table(), found.table()
    assert list(views["views"]) == [1, 2, 3, 5]
    assert len(table) == sum(len(option.beams) for option in found.options)
    assert table["recommended"].sum() == 1
    np.testing.assert_allclose(
        table["e_per_pixel"], 6.241509 * table["current_pA"] * table["dwell_us"], rtol=1e-6
    )
    told = found.to_dict()
    assert told["advice"] == found.advice
    assert told["views"][0]["e_per_pixel"] == found.options[0].electrons


def test_the_planned_images_can_be_simulated(found):
    experiment = found.experiment
    assert experiment.grid == found.grid
    assert experiment.microscope.electrons_per_pixel == pytest.approx(found.recommended.electrons)
    (particle,) = experiment.dataset()[0].particles
    assert len(particle.deformed_corners) == 1
    assert particle.shape == ASKED.shape


def test_the_same_seed_gives_the_same_plan(found):
    assert small().to_dict() == found.to_dict()


def test_deeper_cuts_need_less_dose(found):
    deep = small(replace(ASKED, depth=0.45))
    assert deep.options[0].dose < found.options[0].dose / 2


def test_a_dose_that_the_specimen_does_not_bear_is_not_planned(found):
    bears = found.options[0].total_dose / 3
    tender = small(limits=replace(WIDE, most_dose=bears, most_views=1))
    best = tender.recommended
    assert not best.enough
    assert best.total_dose == pytest.approx(bears)
    assert 0.5 < best.probability < 0.89
    assert "do not allow" in tender.advice


def test_progress_is_told(found):
    assert [done for done, _ in TOLD] == list(range(1, len(TOLD) + 1))
    assert all(done <= total for done, total in TOLD)
    assert TOLD[-1][0] == TOLD[-1][1]


def test_a_dose_at_which_more_is_amiss_than_shot_noise_is_called_a_lower_bound(found):
    assert found.notes == ()
    shallow = small(replace(ASKED, depth=0.1), Limits(pixel=0.8, longest_dwell=1e4, most_views=1))
    assert "lower bound" in shallow.notes[0]


def test_more_electrons_do_not_make_up_for_a_scan_that_bends(found):
    """What displaces lines grows with the signal: the chance levels off below certainty."""
    asked, limits = replace(ASKED, depth=0.1), Limits(pixel=0.8, most_views=1)
    still, bent = (
        plan(asked, Microscope(scan=scan), limits, particles=10)
        for scan in (Scan(drift=0.0, mains=0.0, wide_band=0.0, jitter=0.0), Scan(mains=0.3))
    )
    most = min(still.doses[-1], bent.doses[-1])
    ends = [np.interp(most, one.doses, one.chances[1]) for one in (still, bent)]
    assert ends[0] > ends[1] + 0.05


def test_what_makes_no_sense_gets_one_sentence():
    with pytest.raises(InputError, match="shot_noise must be on"):
        plan(ASKED, PRESETS["ideal"])
    with pytest.raises(InputError, match=r"particles must be .* Received: 3"):
        plan(ASKED, Microscope(), particles=3)
    with pytest.raises(InputError, match="material must be a chemical formula"):
        plan(replace(ASKED, material="Unobtainium"), Microscope())
