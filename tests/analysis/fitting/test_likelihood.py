"""The cost of an explanation, its slopes, and what refinement makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.likelihood import IMAGING, Look
from napari_stem3d.analysis.fitting.lines import precision, times
from napari_stem3d.analysis.fitting.refinement import begin, refine
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.simulation import Bent, Cuboid, Helix, Particle


def moved(look: Look, step: np.ndarray) -> Look:
    what, (wider, gain, ground) = look.what, step[-IMAGING:]
    changed = replace(
        what,
        variable=what.variable.moved(step[:-IMAGING]),
        probe=what.probe * np.exp(wider),
        gain=what.gain + gain,
        ground=what.ground + ground,
    )
    return replace(look, what=changed)


def test_slopes_of_the_image_agree_with_finite_differences(taken, cuboid):
    look, _ = taken(cuboid)
    by, _ = look.slopes
    for number in range(len(by)):
        step = np.zeros(len(by))
        step[number] = 1e-3 if number < len(by) - 2 else 1.0
        ahead, behind = (moved(look, sign * step).model for sign in (1, -1))
        wanted = (ahead - behind) / (2 * step[number]) / np.sqrt(look.patch.variance)
        off = np.abs(by[number] - wanted)
        # Slopes are means over the inside of a pixel, differences those along its middle: they
        # differ where faces meet.
        assert np.median(off) < 1e-4 * np.abs(wanted).max()
        assert np.corrcoef(by[number].ravel(), wanted.ravel())[0, 1] > 0.99


def test_the_walk_of_the_lines_has_the_covariance_that_is_said():
    kicks = np.eye(30) - 0.9 * np.eye(30, k=-1)
    wanted = kicks.T @ kicks / 0.2**2
    found = np.column_stack([times(precision(30, 0.2), unit) for unit in np.eye(30)])
    np.testing.assert_allclose(found, wanted, atol=1e-12 * wanted.max())


def test_refinement_finds_the_truth_from_beside_it(taken, cuboid):
    true, _ = taken(cuboid)
    rng = np.random.default_rng(1)
    step = np.append(0.04 * rng.normal(size=len(true.what.variable.names)), [0.1, 5, 5])
    start = moved(true, step)
    start = replace(start, what=replace(start.what, shifts=np.zeros_like(true.what.shifts)))
    found = refine(start)
    assert found.cost < start.cost - 100
    assert found.cost < true.cost  # the best fit explains the noise as well
    count = found.patch.image.size
    assert abs(found.chi2 - count) < 4 * np.sqrt(2 * count)
    sizes, wanted = (list(k.what.variable.lengths.values()) for k in (found, true))
    np.testing.assert_allclose(sizes, wanted, rtol=0.02)


def test_errors_are_as_large_as_the_fits_scatter(taken, cuboid):
    count = len(Variable(cuboid).names)
    away = []
    for seed in range(12):
        true, _ = taken(cuboid, seed=seed)
        found = refine(true)
        spread = np.sqrt(np.diag(np.linalg.inv(found.equations.curvature))[:count])
        lengths, wanted = (np.log(list(k.what.variable.lengths.values())) for k in (found, true))
        away.append((lengths - wanted) / spread[5:8])
    assert 0.6 < np.std(away) < 1.5


def test_evidence_is_against_cuts_that_are_not_there(taken, cuboid):
    true, _ = taken(cuboid)
    right = refine(true)
    more = replace(true, what=replace(true.what, variable=true.what.variable.completed(0.12)))
    fewer = replace(true, what=replace(true.what, variable=true.what.variable.without(1)))
    assert right.evidence < refine(more).evidence - 10
    assert right.evidence < refine(fewer).evidence - 10


def test_pixels_that_are_unknown_do_not_count(taken, cuboid):
    look, _ = taken(cuboid)
    spoilt = look.patch.image.copy()
    spoilt[20:25, 30:40] = 1e6
    variance = look.patch.variance.copy()
    variance[20:25, 30:40] = np.inf
    found = refine(replace(look, patch=look.patch._replace(image=spoilt, variance=variance)))
    assert found.chi2 < 1.2 * spoilt.size


def test_a_fit_begins_with_gain_and_ground_of_the_image(taken, cuboid):
    true, _ = taken(cuboid)
    first = begin(Variable(cuboid), true.patch)
    assert first.what.gain == pytest.approx(60, rel=0.05)
    assert first.what.ground == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize(
    "particle", [Particle(Helix()), Particle(Cuboid(), deformations=(Bent(),))]
)
def test_what_has_other_surfaces_is_refused(particle):
    with pytest.raises(InputError, match=r"particle must .* to be fitted"):
        Variable(particle)
