import copy

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Axis, Stack, from_signal, to_signal

axes = st.builds(
    Axis,
    name=st.sampled_from(["a", "b", "c", "d"]),
    scale=st.floats(1e-3, 900),
    offset=st.floats(-1e6, 1e6),
    units=st.sampled_from(["", "nm", "µm", "um", "s"]),
)


def image(data=None, units="nm"):
    signal = hs.signals.Signal2D(np.zeros((4, 5)) if data is None else data)
    for one in signal.axes_manager.signal_axes:
        one.units = units
    return signal


@settings(max_examples=40, deadline=None)
@given(st.lists(axes, min_size=2, max_size=4, unique_by=lambda axis: axis.name), st.booleans())
def test_round_trip_of_axes(axes, lazy):
    data = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)[(0,) * (4 - len(axes))]
    frames = tuple(Axis(axis.name, axis.scale, axis.offset, "s") for axis in axes[:-2])
    stack = Stack(da.from_array(data) if lazy else data, (*frames, *axes[-2:]), title="gold")
    back = from_signal(to_signal(stack))
    assert back.axes == stack.axes
    assert back.title == "gold"
    assert back.is_lazy is lazy
    assert back.data.dtype == data.dtype
    np.testing.assert_array_equal(np.asarray(back.data), data)


def test_signal_of_a_stack_is_navigated_by_frames():
    signal = to_signal(
        Stack(np.zeros((3, 4, 5)), (Axis("t", 2, 1, "s"), Axis("y", 0.5), Axis("x", 0.25)))
    )
    assert isinstance(signal, hs.signals.Signal2D)
    assert [axis.name for axis in signal.axes_manager.navigation_axes] == ["t"]
    # HyperSpy counts x first.
    assert [axis.scale for axis in signal.axes_manager.signal_axes] == [0.25, 0.5]


def test_both_kinds_of_metadata_survive():
    signal = image()
    signal.metadata.set_item("Signal.signal_origin", "simulation")
    signal.metadata.set_item("Acquisition_instrument.TEM.beam_energy", 200.0)
    signal.original_metadata.set_item("Vendor.Tag", [1, 2])
    stack = from_signal(signal)
    before = copy.deepcopy(stack.metadata)
    back = to_signal(stack)
    assert back.metadata.Signal.signal_origin == "simulation"
    assert back.metadata.Acquisition_instrument.TEM.beam_energy == 200.0
    assert back.original_metadata.Vendor.Tag == [1, 2]
    back.metadata.set_item("Acquisition_instrument.TEM.beam_energy", 80.0)
    assert stack.metadata == before


def test_drawn_markers_do_not_come_along():
    signal = image()
    signal.add_marker(hs.plot.markers.Points(offsets=[[1, 1]]), permanent=True, plot_marker=False)
    assert "Markers" not in from_signal(signal).metadata


def test_lazy_signal_is_not_computed():
    def fail(block):
        raise AssertionError("computed")

    data = da.zeros((3, 4, 5), dtype=">u2").map_blocks(fail, meta=np.zeros((0, 0, 0), ">u2"))
    stack = from_signal(hs.signals.Signal2D(data).as_lazy())
    assert stack.is_lazy
    assert to_signal(stack)._lazy


@pytest.mark.parametrize("dtype", [">u2", ">i4", ">f4"])
@pytest.mark.parametrize("lazy", [False, True])
def test_byte_order_becomes_native(dtype, lazy):
    signal = image(np.arange(20).reshape(4, 5).astype(dtype))
    stack = from_signal(signal.as_lazy() if lazy else signal)
    assert stack.data.dtype.isnative
    assert stack.data.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(np.asarray(stack.data), np.arange(20).reshape(4, 5))


def test_nan_is_kept():
    assert np.isnan(from_signal(image(np.full((4, 5), np.nan))).data).all()


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
def test_eight_bit_colour_becomes_grey(alpha, lazy):
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    names = "RGBA" if alpha else "RGB"
    data = np.zeros((4, 5), [(name, "u1") for name in names])
    for name in names:
        data[name] = grey
    signal = image(data)
    stack = from_signal(signal.as_lazy() if lazy else signal)
    assert stack.is_lazy is lazy
    assert stack.data.dtype == np.uint8
    np.testing.assert_array_equal(np.asarray(stack.data), grey)
    assert "colour" in stack.notes[0]


def test_green_is_brighter_than_blue():
    data = np.zeros((1, 2), [(name, "u1") for name in "RGB"])
    data["G"][0, 0] = data["B"][0, 1] = 255
    np.testing.assert_array_equal(from_signal(image(data)).data, [[150, 29]])


def test_map_over_navigation_axes_alone_is_an_image():
    signal = hs.signals.BaseSignal(np.arange(20.0).reshape(4, 5)).T
    assert signal.axes_manager.signal_dimension == 0
    assert from_signal(signal).data.shape == (4, 5)


def refused():
    yield "spectra", hs.signals.Signal1D(np.zeros((3, 4))), "spectra"
    yield "one number", hs.signals.BaseSignal(np.zeros(1)), "spectra"
    yield "complex", image(np.zeros((4, 5), complex)), "amplitude or the phase"
    yield "objects", image(np.full((4, 5), None)), "real number"
    yield "16-bit colour", image(np.zeros((4, 5), [(n, "u2") for n in "RGB"])), "8-bit colour"
    yield "no pixels", image(np.zeros((0, 5))), "no pixels"
    yield "pattern", image(units="1/nm"), "diffraction patterns"
    yield "angles", image(units="mrad"), "diffraction patterns"
    yield "4D", image(np.zeros((2, 3, 4, 5)), units="1/nm"), "4D-STEM data"


@pytest.mark.parametrize(
    ("signal", "why"),
    [pytest.param(signal, why, id=name) for name, signal, why in refused()],
)
def test_what_cannot_be_used_is_refused(signal, why):
    signal.metadata.set_item("General.title", "gold")
    with pytest.raises(InputError, match=f"The signal 'gold' .*{why}.*Received: "):
        from_signal(signal)


def scan(navigation_units, signal_type=""):
    signal = hs.signals.Signal2D(np.zeros((2, 3, 4, 5)))
    for axis in signal.axes_manager.navigation_axes:
        axis.units = navigation_units
    signal.metadata.set_item("Signal.signal_type", signal_type)
    return signal


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(scan("nm"), id="scanned in nm, camera in pixels"),
        pytest.param(scan("", "electron_diffraction"), id="says so"),
    ],
)
def test_4d_stem_without_reciprocal_units(signal):
    with pytest.raises(InputError, match="integrate them over a detector"):
        from_signal(signal)


def test_two_series_of_images_are_fine():
    assert from_signal(scan("s")).frame_count == 6
