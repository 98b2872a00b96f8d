from __future__ import annotations

import hyperspy.api as hs
import numpy as np
import pytest

from napari_stem3d.signals import Axis, Stack, load
from napari_stem3d.signals.stage import stage_tilts


def stack(axes: tuple[Axis, ...] = (), stage: object = None) -> Stack:
    data = np.zeros((*(3 for _ in axes), 8, 8))
    metadata = {} if stage is None else {"Acquisition_instrument": {"TEM": {"Stage": stage}}}
    return Stack(data, (*axes, Axis("y"), Axis("x")), metadata=metadata)


def test_hyperspy_s_metadata_are_read_from_a_file(tmp_path):
    signal = hs.signals.Signal2D(np.random.default_rng(0).random((2, 16, 16)))
    signal.metadata.set_item("Acquisition_instrument.TEM.Stage.tilt_alpha", -12.5)
    signal.metadata.set_item("Acquisition_instrument.TEM.Stage.tilt_beta", 3)
    signal.save(tmp_path / "tilted.hspy")
    assert stage_tilts(load(tmp_path / "tilted.hspy")[0]) == [(-12.5, 3.0)] * 2


def test_an_axis_in_degrees_tells_each_frame():
    series = stack((Axis("tilt", 10.0, -10.0, "°"),), {"tilt_beta": 2.0})
    assert stage_tilts(series) == [(-10.0, 2.0), (0.0, 2.0), (10.0, 2.0)]
    nested = stack((Axis("frame"), Axis("tilt", 5.0, 0.0, "deg")))
    assert stage_tilts(nested) == [(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)] * 3


@pytest.mark.parametrize("stage", [None, {}, {"tilt_alpha": None}, {"tilt_alpha": "?"}, 7])
def test_no_tilt_is_made_up(stage):
    assert stage_tilts(stack(stage=stage)) == [None]
