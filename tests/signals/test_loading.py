import logging
import warnings

import hyperspy.api as hs
import numpy as np
import pytest
import tifffile

from napari_stem3d._errors import InputError
from napari_stem3d.signals import load

VENDOR = [
    "blockfile.blo",
    "haadf_scan.mrc",
    "stem_image.dm3",
    "tia_64x64x5_1.ser",
    "velox_tem_stack.emd",
]
DAMAGE = {
    "half": lambda content: content[: len(content) // 2],
    "90 %": lambda content: content[: len(content) * 9 // 10],
    "100 bytes": lambda content: content[:100],
    "empty": lambda content: b"",
    "text": lambda content: b"These are the notes of the day.\n" * 40,
}
LAZY = pytest.mark.parametrize("lazy", [False, True])


def is_one_sentence(error, name):
    text = str(error.value)
    return name in text and "\n" not in text and text.endswith(".") and len(text) < 400


@LAZY
@pytest.mark.parametrize(
    ("name", "shape", "sampling", "title"),
    [
        ("vendor/haadf_scan.mrc", (16, 16), 5.679131, "haadf_scan"),
        ("vendor/stem_image.dm3", (68, 68), 0.248538, "test_STEM_image"),
        ("vendor/tia_64x64x5_1.ser", (5, 64, 64), 6.281834, "tia_64x64x5_1"),
        ("vendor/velox_tem_stack.emd", (2, 3, 3), 0.00817288, "Ceta"),
        ("haadf/sio2_spheres_haadf.hspy", (128, 128), 8.552446, "HAADF Image"),
        ("atoms/abf_movie.hspy", (5, 512, 512), 0.00920240, "004_ABF_movie_21"),
    ],
)
def test_real_files(shared_data, name, shape, sampling, title, lazy, capfd):
    path = shared_data / name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (stack,) = load(path, lazy=lazy)
    assert stack.data.shape == shape
    assert stack.is_lazy is lazy
    assert stack.sampling_nm == pytest.approx((sampling, sampling), rel=1e-6)
    assert stack.title == title
    assert stack.path == path
    assert stack.notes == ()
    assert all(frame.any() for frame in stack.frames)
    assert capfd.readouterr() == ("", "")


def test_calibration_of_a_velox_series(shared_data):
    (stack,) = load(shared_data / "vendor" / "velox_tem_stack.emd")
    time, y, x = stack.axes
    assert (time.name, time.scale, time.units) == ("Time", 0.8, "s")
    assert y.units == x.units == "pm"
    assert y.offset == pytest.approx(-16738.064777826)
    assert stack.metadata["Acquisition_instrument"]["TEM"]["beam_energy"] == 300.0


@LAZY
def test_blockfile_is_4d_stem(shared_data, lazy):
    with pytest.raises(InputError, match=r"4D-STEM.*integrate") as error:
        load(shared_data / "vendor" / "blockfile.blo", lazy=lazy)
    assert is_one_sentence(error, "blockfile.blo")


@LAZY
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", [*VENDOR, "sio2_spheres_haadf.hspy"])
def test_damaged_files(shared_data, tmp_path, name, damage, lazy, capfd):
    folder = "haadf" if name.endswith("hspy") else "vendor"
    path = tmp_path / name
    path.write_bytes(DAMAGE[damage]((shared_data / folder / name).read_bytes()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError) as error:
            load(path, lazy=lazy)
    assert is_one_sentence(error, name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("missing.dm3", None, "does not exist"),
        ("notes.txt", "words", "no reader knows"),
        ("noending", "words", "no reader knows"),
        ("many.h5", "words", "several programs"),
        ("store.zspy", "words", r"older zarr.*hspy"),
        ("image.npz", "words", r"complete \.npz"),
        ("image.tif", "words", r"no \.tif file"),
    ],
)
def test_what_is_no_image_file(tmp_path, name, content, why):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=why) as error:
        load(path)
    assert is_one_sentence(error, name)


def test_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)


def test_zspy_store_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "store.zspy").mkdir()
    with pytest.raises(InputError, match=r"zarr.*save it as \.hspy"):
        load(tmp_path / "store.zspy")


def test_missing_library_is_named(tmp_path, monkeypatch):
    import sys

    path = tmp_path / "image.hspy"
    hs.signals.Signal2D(np.ones((4, 5))).save(path)
    monkeypatch.setitem(sys.modules, "rsciio.hspy", None)
    with pytest.raises(InputError, match=r"needs a library that is not installed.*rsciio"):
        load(path)


def write_parts(path, *signals):
    """Write several signals into one NCEM file, which HyperSpy gives back as a list."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        for title, data, units in signals:
            group = file.create_group(f"experimental/{title}")
            group.attrs["emd_group_type"] = 1
            group["data"] = data
            for number, size in enumerate(data.shape, start=1):
                group[f"dim{number}"] = np.arange(size) * 0.5
                group[f"dim{number}"].attrs["name"] = f"axis{number}"
                group[f"dim{number}"].attrs["units"] = units


@LAZY
def test_file_of_several_parts(tmp_path, lazy):
    path = tmp_path / "parts.emd"
    write_parts(
        path,
        ("bright", np.ones((4, 5)), "nm"),
        ("dark", np.ones((4, 5)), "nm"),
        ("phase", np.ones((4, 5), complex), "nm"),
        ("spectrum", np.ones(7), "eV"),
    )
    bright, dark = load(path, lazy=lazy)
    assert (bright.title, dark.title) == ("bright", "dark")
    assert bright.sampling_nm == (0.5, 0.5)
    assert len(bright.notes) == 2
    assert "('phase') of parts.emd" in bright.notes[0]
    assert "amplitude" in bright.notes[0]
    assert "('spectrum') of parts.emd" in bright.notes[1]


def test_file_without_any_image(tmp_path):
    path = tmp_path / "parts.emd"
    write_parts(path, ("first", np.ones(7), "eV"), ("second", np.ones(7), "eV"))
    with pytest.raises(InputError, match=r"Part 1 \('first'\) of parts\.emd holds spectra"):
        load(path)


def test_one_spectrum(tmp_path):
    path = tmp_path / "spectrum.hspy"
    hs.signals.Signal1D(np.ones(7)).save(path)
    with pytest.raises(InputError, match=r"^spectrum\.hspy holds spectra"):
        load(path)


def test_series_that_stopped_early_is_noted(tmp_path):
    path = tmp_path / "series.hspy"
    data = np.ones((3, 4, 5))
    data[1:] = 0
    hs.signals.Signal2D(data).save(path)
    (stack,) = load(path)
    assert "stopped before its end" in stack.notes[0]


@pytest.mark.parametrize(
    ("unit", "nm"), [("nm", 1), ("micron", 1000), ("\\u00B5m", 1000), ("pixel", None)]
)
def test_units_that_imagej_writes(tmp_path, unit, nm):
    path = tmp_path / "fiji.tif"
    tifffile.imwrite(
        path,
        np.ones((3, 4, 5), np.uint8),
        imagej=True,
        resolution=(4, 2),
        metadata={"unit": unit, "axes": "TYX"},
    )
    (stack,) = load(path)
    assert stack.sampling_nm == (pytest.approx((0.5 * nm, 0.25 * nm)) if nm else None)


@LAZY
def test_colour_picture_that_a_microscope_exported(tmp_path, lazy):
    path = tmp_path / "picture.tif"
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    tifffile.imwrite(path, np.stack([grey] * 3, axis=-1), photometric="rgb")
    (stack,) = load(path, lazy=lazy)
    np.testing.assert_array_equal(np.asarray(stack.data), grey)
    assert "grey" in stack.notes[0]


def test_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    hs.signals.Signal2D(np.ones((4, 5))).save(tmp_path / "image.hspy")
    assert load("~/image.hspy")[0].title == "image"


def test_log_levels_are_put_back(shared_data):
    levels = {name: logging.getLogger(name).level for name in ("hyperspy", "rsciio", "tifffile")}
    load(shared_data / "vendor" / "stem_image.dm3")
    with pytest.raises(InputError):
        load(shared_data / "vendor" / "blockfile.blo")
    assert {name: logging.getLogger(name).level for name in levels} == levels
