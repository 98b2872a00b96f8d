import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d._frames import map_frames


class Doubler:
    """Counts its calls, to show when the work is done."""

    def __init__(self):
        self.shapes = []

    def __call__(self, frame):
        self.shapes.append(frame.shape)
        return frame * 2


@pytest.fixture
def stack():
    return np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("lead", [(), (0,), (0, 0)])
def test_array_of_any_number_of_frame_axes(stack, lead):
    data = stack[lead]
    result = map_frames(lambda frame: frame + 1, data)
    assert isinstance(result, np.ndarray)
    np.testing.assert_array_equal(result, data + 1)


def test_dask_array_is_not_evaluated_and_frames_stay_whole(stack):
    double = Doubler()
    lazy = map_frames(double, da.from_array(stack, chunks=(1, 2, 2, 2)))
    assert isinstance(lazy, da.Array)
    assert lazy.dtype == np.float32
    assert double.shapes == []
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), stack * 2)
    assert double.shapes == [(4, 5)] * 6


def test_signal_keeps_axes_and_metadata(stack):
    signal = hs.signals.Signal2D(stack[0])
    signal.axes_manager[-1].scale = 0.25
    signal.metadata.set_item("General.title", "gold")
    result = map_frames(np.negative, signal)
    assert type(result) is type(signal)
    assert result.axes_manager[-1].scale == 0.25
    assert result.metadata.General.title == "gold"
    np.testing.assert_array_equal(result.data, -stack[0])
    np.testing.assert_array_equal(signal.data, stack[0])


def test_lazy_signal_stays_lazy(stack):
    double = Doubler()
    result = map_frames(double, hs.signals.Signal2D(stack[0]).as_lazy())
    assert result._lazy
    assert double.shapes == []
    np.testing.assert_array_equal(result.data.compute(), stack[0] * 2)


@pytest.mark.parametrize("container", [np.asarray, da.from_array])
def test_dtype_is_that_of_the_data_unless_given(stack, container):
    data = container(stack.astype(np.uint8))
    assert map_frames(np.positive, data).dtype == np.uint8
    halves = map_frames(lambda frame: frame / 2, data, dtype=np.float64)
    assert halves.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(halves), stack / 2)


@pytest.mark.parametrize("container", [np.asarray, da.from_array])
def test_floats_are_never_cut_to_integers(stack, container):
    with pytest.raises(TypeError, match="same_kind"):
        np.asarray(map_frames(lambda frame: frame / 2, container(stack.astype(np.uint8))))


def test_function_that_changes_the_shape_is_refused(stack):
    with pytest.raises(InputError, match=r"shape \(4, 5\).*Received: \(2, 5\)"):
        map_frames(lambda frame: frame[::2], stack)


@pytest.mark.parametrize("data", [np.zeros(3), 5, "text", hs.signals.Signal1D(np.zeros((3, 4)))])
def test_what_is_no_stack_of_images_is_refused(data):
    with pytest.raises(InputError, match="expected"):
        map_frames(np.positive, data)
