from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.identifying.stage import (
    Tilt,
    as_tilt,
    mirrored_turn,
    tells_hand,
    widest_angle,
)


def test_signs_are_those_of_the_documentation():
    down, right, along = np.eye(3)[1], np.eye(3)[0], np.eye(3)[2]
    quarter = Tilt(90.0).rotation
    assert quarter.apply(down) == pytest.approx(along, abs=1e-12)
    assert Tilt(90.0, axis=90.0).rotation.apply(right) == pytest.approx(-along, abs=1e-12)
    # The second axis lies along y and is carried along by alpha.
    assert Tilt(0.0, 90.0).rotation.apply(along) == pytest.approx(right, abs=1e-12)
    both = Tilt(30.0, 20.0)
    assert both.rotation.as_matrix() == pytest.approx(
        Tilt(30.0).rotation.as_matrix() @ Tilt(0.0, 20.0).rotation.as_matrix()
    )
    assert both.rotation.apply(both.beam) == pytest.approx(along, abs=1e-12)


def test_the_mirror_turns_the_other_way():
    assert mirrored_turn(Tilt(25.0, -10.0, 40.0).rotation).as_matrix() == pytest.approx(
        Tilt(-25.0, 10.0, 40.0).rotation.as_matrix()
    )


@pytest.mark.parametrize(
    ("tilts", "angle"),
    [
        ([Tilt(0)], 0),
        ([Tilt(15), Tilt(15)], 0),
        ([Tilt(-90), Tilt(90)], 0),
        ([Tilt(20), Tilt(-160)], 0),
        ([Tilt(-15), Tilt(15)], 30),
        ([Tilt(-80), Tilt(80)], 20),
        ([Tilt(0, 10), Tilt(0), Tilt(5)], 11.2),
    ],
)
def test_only_beams_along_different_lines_tell_a_hand(tilts, angle):
    assert widest_angle(tilts) == pytest.approx(angle, abs=0.05)
    assert tells_hand(tilts) == (angle > 0.5)


def test_a_tilt_is_an_angle_or_two():
    assert as_tilt(12) == Tilt(12.0)
    assert as_tilt((3, -4)) == Tilt(3.0, -4.0)
    for wrong in ((1, 2, 3), np.nan):
        with pytest.raises(InputError, match="Received"):
            as_tilt(wrong)
