"""Motion during a scan is found where there is some, and not where there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.motion import detect_motion
from napari_stem3d.analysis.fitting.motion_fit import MotionFit
from napari_stem3d.analysis.fitting.moving import RATES, MotionPrior, Moving
from napari_stem3d.analysis.fitting.patch import COUNTS, Patch, smoothed
from napari_stem3d.analysis.fitting.refinement import begin, refine
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.simulation import (
    Cone,
    Cuboid,
    CutCorners,
    Grid,
    Particle,
    Sphere,
    project,
    random_rotation,
)
from napari_stem3d.simulation.compute import blur, shift_rows

GRID = Grid((96, 80), (0.2, 0.25))
HEIGHT = 96 * 0.2
BOX = Particle(
    Cuboid(7.0, 8.5, 10.0),
    (9.4, 9.9),
    random_rotation(np.random.default_rng(3)),
    (CutCorners((1, 6), ((0.4, 0.3, 0.45), (0.35, 0.4, 0.3))),),
)


@cache
def still(particle: Particle, rates: tuple[float, ...], gain: float = 100.0) -> Look:
    """Fit at rest of the image of a particle that moves, with jitter of the lines and noise."""
    rng = np.random.default_rng(5)
    moving = Moving(particle, np.array(rates), middle=particle.position[0], height=HEIGHT)
    times = np.arange(96) * 0.01
    thickness = project(moving.seen(times), GRID, times=times)
    blurred = blur(thickness[None], (1.1, 0.9))
    seen = shift_rows(blurred, 0.1 * rng.normal(size=(1, 96)).astype(np.float32))[0]
    image = rng.poisson((gain * seen + 2 * gain).clip(0)).astype(float)
    places = (np.arange(n) * d for n, d in zip(GRID.gpts, GRID.sampling))
    patch = smoothed(Patch(image, np.ones_like(image), *places), COUNTS)
    return refine(begin(Variable(particle), patch))


@cache
def found(
    particle: Particle, rates: tuple[float, ...], known: bool, gain: float = 100.0
) -> MotionFit:
    look = still(particle, rates, gain)
    sizes = {name: (size, 0.01) for name, size in Variable(particle).lengths.items()}
    return detect_motion(look, HEIGHT, MotionPrior(sizes=sizes if known else {}))


STILL, TURN, DRIFT = (0.0,) * 5, (0.0, 0.0, 0.1, -0.15, 0.1), (0.9, -1.0, 0.0, 0.0, 0.0)


def test_a_turn_is_found_within_its_error() -> None:
    fit = found(BOX, TURN, False)
    assert fit.turned_probability > 0.999 and fit.moved_probability > 0.999
    assert (np.abs(fit.rates - TURN)[2:] < 3.5 * fit.sigmas[2:]).all()
    assert (fit.sigmas[2:] < 0.08).all()


def test_a_still_body_is_not_said_to_turn() -> None:
    fit = found(BOX, STILL, False)
    assert fit.turned_probability < 0.3
    assert sum(fit.probabilities.values()) == pytest.approx(1)


def test_a_drift_is_found_within_its_error_where_the_edges_are_known() -> None:
    fit = found(BOX, DRIFT, True)
    assert fit.drifted_probability > 0.99
    assert (np.abs(fit.rates - DRIFT)[:2] < 3.5 * fit.sigmas[:2]).all()
    assert fit.sigmas[0] < 0.1 and fit.sigmas[1] < 0.5


def test_a_drift_of_a_cuboid_of_unknown_edges_is_said_to_be_unknown() -> None:
    """Another cuboid at rest has the very image: nothing may be claimed."""
    fit = found(BOX, DRIFT, False)
    table = fit.table()
    assert table.loc["drift y", "told"] < 0.3
    assert 0.05 < fit.drifted_probability < 0.8
    assert abs(table.loc["drift y", "correlation"]) > 0.5


def test_a_drifting_sphere_gives_itself_away_and_a_turning_one_does_not() -> None:
    sphere = Particle(Sphere(8.0), (9.4, 9.9))
    fit = found(sphere, DRIFT, False, 20.0)
    assert fit.drifted_probability > 0.99
    assert (np.abs(fit.rates - DRIFT)[:2] < 3.5 * fit.sigmas[:2]).all()
    table = fit.table()
    assert (table.loc[list(RATES[2:]), "told"] < 0.05).all()
    assert table.loc["drift y", "told"] > 0.9


def test_a_turning_cone_is_found() -> None:
    cone = Particle(Cone(8.0, 9.0), (9.4, 9.9), random_rotation(np.random.default_rng(8)))
    fit = found(cone, TURN, False)
    assert fit.turned_probability > 0.99


def test_columns_tell_rates_per_scan_and_per_second() -> None:
    fit = found(BOX, TURN, False)
    columns = fit.columns(frame_time=2.0)
    assert columns["spin_y_deg"] == pytest.approx(np.degrees(fit.rates[3]))
    assert columns["spin_y_deg_s"] == pytest.approx(columns["spin_y_deg"] / 2)
    assert columns["drift_x_nm_sigma"] == pytest.approx(fit.sigmas[1])
    assert all(np.isfinite(v) for v in columns.values())
    assert "drift_x_px" in fit.columns(unit="px")
    assert list(fit.table().index) == list(RATES)


def test_priors_of_0_leave_a_hypothesis_out() -> None:
    looks = found(BOX, STILL, False).looks
    prior = {"still": 0.5, "drifts": 0.0, "turns": 0.5, "both": 0.0}
    fit = MotionFit(looks, prior)
    assert fit.probabilities["drifts"] < 1e-99 and fit.probabilities["both"] < 1e-99
    assert fit.drifted_probability < 1e-99


@pytest.mark.parametrize(
    ("height", "options", "told"),
    [
        (1.0, {}, "height must be"),
        (np.nan, {}, "height must be"),
        (HEIGHT, {"drifts": 1.5}, "drifts must be a probability"),
        (HEIGHT, {"prior": MotionPrior(drift=0.0)}, "drift of a motion's prior"),
        (HEIGHT, {"prior": MotionPrior(sizes={"r": (1.0, 1.0)})}, "sizes of a motion's prior"),
        (HEIGHT, {"prior": MotionPrior(sizes={"a": (1.0, 0.0)})}, "size a of a motion's prior"),
    ],
)
def test_what_is_no_scan_or_no_belief_is_refused(height, options, told) -> None:
    with pytest.raises(InputError, match=f"^{told}.*Received: "):
        detect_motion(still(BOX, STILL), height, **options)
