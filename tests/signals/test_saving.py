import json
import warnings

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Axis, Stack, load, save, write_beside

SERIES = (Axis("t", 0.8, 1.5, "s"), Axis("y", 0.5, -3.0, "nm"), Axis("x", 0.25, 7.0, "nm"))


def series(dtype=np.float32, lazy=False, axes=SERIES):
    data = (np.arange(3 * 4 * 5).reshape(3, 4, 5) * 1000).astype(dtype)
    return Stack(
        da.from_array(data, chunks=(1, 4, 5)) if lazy else data,
        axes,
        title="gold",
        metadata={
            "General": {"title": "gold"},
            "Signal": {"signal_type": "", "signal_origin": "simulation"},
            "Stem3D": {"simulation": {"seed": np.int64(7), "quaternion": [0.0, 0.6, 0.8, 0.0]}},
        },
        original_metadata={"Vendor": {"Tag": 3}},
    )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("ending", [".hspy", ".npz", ".tif", ".TIFF"])
def test_values_type_and_calibration_come_back(tmp_path, ending, dtype, lazy, capfd):
    path = tmp_path / f"stack{ending}"
    stack = series(dtype, lazy)
    save(stack, path)
    (back,) = load(path)
    assert back.data.dtype == dtype
    np.testing.assert_array_equal(back.data, np.asarray(stack.data))
    assert back.sampling_nm == pytest.approx((0.5, 0.25), rel=1e-9)
    assert [(axis.scale, axis.offset, axis.units) for axis in back.axes] == [
        (pytest.approx(axis.scale, rel=1e-9), axis.offset, axis.units) for axis in SERIES
    ]
    assert back.path == path
    assert back.notes == ()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ending", [".hspy", ".npz", ".tif"])
def test_metadata_come_back(tmp_path, ending):
    path = tmp_path / f"stack{ending}"
    save(series(), path)
    (back,) = load(path)
    assert back.axes == SERIES
    assert back.title == "gold"
    assert back.metadata["Signal"]["signal_origin"] == "simulation"
    assert back.metadata["Stem3D"]["simulation"] == {
        "seed": 7,
        "quaternion": [0.0, 0.6, 0.8, 0.0],
    }


@pytest.mark.parametrize("ending", [".hspy", ".npz"])
def test_what_the_instrument_wrote_comes_back(tmp_path, ending):
    save(series(), tmp_path / f"stack{ending}")
    (back,) = load(tmp_path / f"stack{ending}")
    assert back.original_metadata == {"Vendor": {"Tag": 3}}


def movie() -> Stack:
    """Three frames half a second apart, of which the last is the brightest."""
    data = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    axes = (Axis("time", 0.5, 1.0, "s"), Axis("y", 0.2, units="nm"), Axis("x", 0.4, units="nm"))
    return Stack(data, axes, "film", {"Stem3D": {"seed": 7}})


def test_a_movie_keeps_its_time_in_tif(tmp_path):
    """SIM-25: a movie is a TIFF stack with its metadata."""
    path = tmp_path / "movie.tif"
    save(movie(), path)
    with tifffile.TiffFile(path) as file:
        assert file.imagej_metadata["frames"] == 3
        assert file.imagej_metadata["finterval"] == 0.5
    (back,) = load(path)
    assert back.axes == movie().axes
    assert back.metadata["Stem3D"] == {"seed": 7}


def test_a_movie_becomes_a_gif_that_tells_what_it_shows(tmp_path):
    """SIM-25: a movie is a GIF at the pace of its time axis, with its metadata."""
    path = tmp_path / "movie.gif"
    save(movie(), path)
    with Image.open(path) as film:
        told = json.loads(film.info["comment"])
        durations, frames = [], []
        for index in range(film.n_frames):
            film.seek(index)
            durations.append(film.info["duration"])
            frames.append(np.asarray(film.convert("L"), float))
    assert durations == [500, 500, 500]
    assert told["metadata"] == {"Stem3D": {"seed": 7}}
    assert [axis["name"] for axis in told["axes"]] == ["time", "y", "x"]
    low, high = told["greys"]
    values = low + np.array(frames) * (high - low) / 255
    np.testing.assert_allclose(values, movie().data, atol=(high - low) / 255)


def test_a_gif_of_a_series_or_one_image_of_gaps_is_written(tmp_path):
    save(series(), tmp_path / "series.gif")
    axes = (Axis("y"), Axis("x"))
    save(Stack(np.full((4, 5), np.nan), axes), tmp_path / "gaps.gif")
    with Image.open(tmp_path / "gaps.gif") as film:
        assert film.size == (5, 4)
        assert film.n_frames == 1


# HyperSpy's own writer fails on many of these: 43 nm is the largest pixel that it can write.
@settings(max_examples=25, deadline=None)
@given(st.tuples(st.floats(1e-3, 1e5), st.floats(1e-3, 1e5)))
def test_tif_holds_any_pixel_size(tmp_path_factory, sampling):
    path = tmp_path_factory.mktemp("tif") / "image.tif"
    y, x = (Axis(name, scale, 0.0, "nm") for name, scale in zip("yx", sampling, strict=True))
    save(Stack(np.zeros((4, 5), np.int32), (y, x)), path)
    (back,) = load(path)
    assert back.sampling_nm == pytest.approx(sampling, rel=1e-6)


@pytest.mark.parametrize("units", ["nm", "µm", "μm", "Å", "pm", "", "m"])
def test_tif_keeps_units(tmp_path, units):
    path = tmp_path / "image.tif"
    axes = (Axis("y", 2e-10 if units == "m" else 2.0, 0, units),) * 2
    stack = Stack(np.zeros((4, 5), np.uint16), axes)
    save(stack, path)
    (back,) = load(path)
    assert back.sampling_nm == (pytest.approx(stack.sampling_nm) if units else None)


@pytest.mark.parametrize("lazy", [False, True])
def test_tif_with_two_frame_axes_keeps_its_shape(tmp_path, lazy):
    path = tmp_path / "image.tif"
    data = np.arange(2 * 3 * 4 * 5, dtype=np.int32).reshape(2, 3, 4, 5)
    save(Stack(data, (Axis("a"), *SERIES)), path)
    (back,) = load(path, lazy=lazy)
    assert back.sampling_nm == (0.5, 0.25)
    np.testing.assert_array_equal(np.asarray(back.data), data)


def test_tif_is_what_imagej_expects(tmp_path):
    path = tmp_path / "image.tif"
    save(series(np.uint16), path)
    with tifffile.TiffFile(path) as file:
        assert file.is_imagej
        assert file.imagej_metadata["images"] == 3
        assert file.imagej_metadata["unit"] == "nm"
        assert file.imagej_metadata["finterval"] == 0.8
        width, count = file.pages[0].tags["XResolution"].value
        assert width / count == 4.0


def test_mask_becomes_bytes_in_tif(tmp_path):
    path = tmp_path / "mask.tif"
    save(Stack(np.eye(4, dtype=bool), SERIES[1:]), path)
    (back,) = load(path)
    np.testing.assert_array_equal(back.data, np.eye(4, dtype=np.uint8))


def test_tif_with_many_frame_axes_is_refused(tmp_path):
    stack = Stack(np.zeros((2, 2, 2, 4, 5)), (Axis("a"), Axis("b"), *SERIES))
    with pytest.raises(InputError, match=r"at most two frame axes.*\.hspy"):
        save(stack, tmp_path / "image.tif")
    assert list(tmp_path.iterdir()) == []


def test_tif_refuses_a_scale_that_it_cannot_hold(tmp_path):
    axes = (Axis("y", 1e-12, 0, "s"), SERIES[2])
    with pytest.raises(InputError, match=r"along 'y'.*Received: 1e-12 s"):
        save(Stack(np.zeros((4, 5)), axes), tmp_path / "image.tif")


@pytest.mark.parametrize("name", ["image.png", "image", "image.hspy.gz"])
def test_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"must end in \.hspy, \.tif, \.tiff, \.npz, \.gif"):
        save(series(), tmp_path / name)


@pytest.mark.parametrize("ending", [".hspy", ".npz", ".tif"])
def test_nothing_half_written_is_left(tmp_path, ending):
    def fail(block):
        raise OSError("the disk is gone")

    path = tmp_path / f"stack{ending}"
    path.write_text("precious")
    data = da.zeros((3, 4, 5)).map_blocks(fail, meta=np.zeros((0, 0, 0)))
    with pytest.raises(InputError):
        save(Stack(data, SERIES), path)
    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_saving_over_the_file_that_is_being_read(tmp_path):
    path = tmp_path / "stack.hspy"
    save(series(), path)
    (lazy,) = load(path, lazy=True)
    save(lazy, path)
    np.testing.assert_array_equal(load(path)[0].data, series().data)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"folder .*nowhere does not exist"):
        save(series(), tmp_path / "nowhere" / "stack.hspy")


def test_write_beside_replaces_only_at_the_end(tmp_path):
    path = tmp_path / "table.csv"
    with write_beside(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert list(tmp_path.iterdir()) == [path]


def test_foreign_npz_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, images=np.zeros((3, 4, 5)))
    with pytest.raises(InputError, match=r"not written by stem3d.*Received: images"):
        load(path)


def test_hyperspy_reads_our_tif_without_a_warning(tmp_path):
    path = tmp_path / "image.tif"
    save(series(np.int32), path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        signal = hs.load(path)
    assert [axis.scale for axis in signal.axes_manager.signal_axes] == [0.25, 0.5]
