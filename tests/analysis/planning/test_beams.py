from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.planning import Limits
from napari_stem3d.analysis.planning.beams import beam_settings, most_electrons
from napari_stem3d.simulation import Beam, Detector, Grid, Microscope, Scan

GRID = Grid((50, 40), (0.5, 0.5))
USUAL = Microscope(Beam(current=20.0), scan=Scan(flyback=100.0), detector=Detector(afterglow=0.3))


def test_every_pair_brings_the_electrons():
    found = beam_settings(2000.0, USUAL, Limits(), GRID)
    brought = [Beam(current=one.current).electrons(one.dwell) for one in found]
    assert brought == pytest.approx([2000.0] * len(found))
    (best,) = [one for one in found if one.recommended]
    assert best.current == pytest.approx(20.0)
    assert best.frame_time == pytest.approx(1e-6 * 50 * (40 * best.dwell + 100))
    assert list(found) == sorted(found, key=lambda one: one.dwell)


def test_limits_hold_and_light_of_the_last_pixel_is_gone():
    limits = Limits(lowest_current=5.0, highest_current=50.0, longest_dwell=30.0)
    found = beam_settings(2000.0, USUAL, limits, GRID)
    assert all(5 <= one.current <= 50.001 and one.dwell <= 30 for one in found)
    short = beam_settings(100.0, USUAL, Limits(), GRID)
    assert min(one.dwell for one in short) > 0.89  # three times 0.3 µs
    assert beam_settings(1e6, USUAL, limits, GRID) == ()
    assert beam_settings(1.0, USUAL, limits, GRID) == ()


def test_the_nearest_current_is_taken_where_the_usual_one_is_not_allowed():
    (best,) = [
        one
        for one in beam_settings(100.0, USUAL, Limits(shortest_dwell=2.0), GRID)
        if one.recommended
    ]
    assert best.dwell == pytest.approx(2.0)
    assert best.current == pytest.approx(100 / 2 / Beam(current=1.0).electrons(1.0))


def test_the_converter_must_hold_the_thickest_pixel():
    eight = Microscope(detector=Detector(bits=8, gain=1.0, offset=55.0))
    assert most_electrons(eight, Limits(), 0.01, 20.0) == pytest.approx(200 / 0.2)
    free = Microscope(detector=Detector(bits=0))
    most = most_electrons(free, Limits(), 0.01, 20.0)
    assert most == pytest.approx(Beam(current=200.0).electrons(100.0))
    assert np.isfinite(most)
