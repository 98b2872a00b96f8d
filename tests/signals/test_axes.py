import math

import numpy as np
import pytest
from hyperspy.axes import DataAxis, UniformDataAxis

from napari_stem3d.signals import Axis
from napari_stem3d.signals.axes import read_axes, unique_names


def image_axes(**options):
    return read_axes(
        [UniformDataAxis(size=4, units="nm", name="y"), UniformDataAxis(size=5, **options)]
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["", ""], ["y", "x"]),
        (["", "", "", ""], ["frame", "frame 2", "y", "x"]),
        (["x", "x", "x"], ["x", "x 2", "x 3"]),
        (["a", "a", "a 2"], ["a", "a 3", "a 2"]),
        (["y", "", ""], ["y", "y 2", "x"]),
        (["z", "height", "width"], ["z", "height", "width"]),
    ],
)
def test_names(names, expected):
    assert unique_names(names) == expected


def test_undefined_name_is_no_name():
    axes, notes = image_axes(name="<undefined>")
    assert [axis.name for axis in axes] == ["y", "x"]
    assert notes == []


@pytest.mark.parametrize("scale", [0.0, math.nan, math.inf])
def test_scale_that_is_no_scale(scale):
    axes, notes = image_axes(name="x", scale=scale, offset=3, units="nm")
    assert axes[1] == Axis("x")
    assert "left out" in notes[0]


def test_negative_scale():
    axes, notes = image_axes(name="x", scale=-0.5, offset=3, units="nm")
    assert axes[1] == Axis("x", 0.5, 3, "nm")
    assert "negative" in notes[0]


@pytest.mark.parametrize(
    ("scale", "units"), [(4e16, "nm"), (1, "m"), (1e-9, "nm"), (1e-14, "m"), (-4e16, "nm")]
)
def test_scale_that_cannot_be(scale, units):
    axes, notes = image_axes(name="x", scale=scale, units=units)
    assert axes[1] == Axis("x")
    assert "cannot be" in notes[-1]


@pytest.mark.parametrize(("scale", "units"), [(1e-3, "nm"), (500, "µm"), (2e-10, "m")])
def test_small_and_large_pixels_that_can_be(scale, units):
    axes, notes = image_axes(name="x", scale=scale, units=units)
    assert axes[1] == Axis("x", scale, 0, units)
    assert notes == []


def test_series_may_have_any_step():
    (frame, *_), notes = read_axes(
        [UniformDataAxis(size=3, name="t", scale=4e16, units="s")]
        + [UniformDataAxis(size=4, units="nm")] * 2
    )
    assert frame == Axis("t", 4e16, 0, "s")
    assert notes == []


def test_axis_that_is_not_uniform():
    axes, notes = read_axes([UniformDataAxis(size=3), DataAxis(axis=np.array([1.0, 2.0, 4.0]))])
    assert axes[1] == Axis("x")
    assert "not uniform" in notes[0]


def test_unknown_units_are_named():
    axes, notes = image_axes(name="x", scale=2, units="bananas")
    assert axes[1] == Axis("x", 2)
    assert "bananas" in notes[0]
