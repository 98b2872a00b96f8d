import dask.array as da
import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Axis, Stack

IMAGE = (Axis("y", 0.5, 0, "nm"), Axis("x", 0.25, 0, "µm"))


@pytest.mark.parametrize("make", [np.asarray, da.from_array])
def test_frames_in_c_order(make):
    data = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    stack = Stack(make(data), (Axis("t"), Axis("z"), *IMAGE))
    frames = list(stack.frames)
    assert stack.frame_count == len(frames) == 6
    assert all(type(frame) is np.ndarray for frame in frames)
    np.testing.assert_array_equal(frames, data.reshape(6, 4, 5))
    np.testing.assert_array_equal(stack.frame(4), data[1, 1])


def test_single_image_is_one_frame():
    stack = Stack(np.ones((4, 5)), IMAGE)
    assert stack.frame_count == 1
    assert [frame.shape for frame in stack.frames] == [(4, 5)]


def test_lazy_frames_are_computed_one_at_a_time():
    computed = []

    def count(block):
        computed.append(block.shape)
        return block

    data = da.zeros((6, 4, 5), chunks=(1, 4, 5)).map_blocks(count, meta=np.zeros((0, 0, 0)))
    frames = Stack(data, (Axis("t"), *IMAGE)).frames
    assert computed == []
    next(frames)
    assert computed == [(1, 4, 5)]


def test_frame_that_cannot_be_read():
    def fail(block):
        raise OSError("the disk is gone")

    data = da.zeros((4, 5)).map_blocks(fail, meta=np.zeros((0, 0)))
    with pytest.raises(InputError, match=r"Frame 0 of gold cannot be read.*OSError"):
        Stack(data, IMAGE, title="gold").frame(0)


def test_sampling_is_y_x_in_nm():
    stack = Stack(np.zeros((4, 5)), IMAGE)
    assert stack.sampling_nm == (0.5, 250.0)
    assert stack.calibrated


@pytest.mark.parametrize("units", ["", "s"])
def test_no_sampling_without_length_units(units):
    stack = Stack(np.zeros((4, 5)), (IMAGE[0], Axis("x", 1, 0, units)))
    assert stack.sampling_nm is None
    assert not stack.calibrated


@pytest.mark.parametrize(("shape", "axes"), [((5,), 1), ((4, 5), 3), ((2, 4, 5), 2)])
def test_axes_and_data_must_agree(shape, axes):
    with pytest.raises(InputError, match="one axis per dimension"):
        Stack(np.zeros(shape), (Axis("a"),) * axes)
