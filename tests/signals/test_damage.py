"""Files that readers open without a word although something is missing."""

import hyperspy.api as hs
import numpy as np
import pytest
import tifffile

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Axis, Stack, load, save

FRAMES = np.random.default_rng(0).integers(1, 60_000, (9, 32, 40), dtype=np.uint16)


def by_us(path):
    save(Stack(FRAMES, (Axis("t"), Axis("y"), Axis("x"))), path)


def by_hyperspy(path):
    hs.signals.Signal2D(FRAMES).save(path)


def by_imagej(path):
    tifffile.imwrite(path, FRAMES, imagej=True)


def by_tifffile(path):
    tifffile.imwrite(path, FRAMES)


def page_by_page(path):
    with tifffile.TiffWriter(path) as file:
        for frame in FRAMES:
            file.write(frame, contiguous=False)


def compressed(path):
    tifffile.imwrite(path, FRAMES, compression="zlib")


def big(path):
    tifffile.imwrite(path, FRAMES, bigtiff=True)


WRITERS = [by_us, by_hyperspy, by_imagej, by_tifffile, page_by_page, compressed, big]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("write", WRITERS)
def test_whole_tif_is_read(tmp_path, write, lazy):
    path = tmp_path / "stack.tif"
    write(path)
    frames = [frame for stack in load(path, lazy=lazy) for frame in stack.frames]
    np.testing.assert_array_equal(frames, FRAMES)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("left", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("write", WRITERS)
def test_cut_tif_is_refused(tmp_path, write, left, lazy):
    path = tmp_path / "stack.tif"
    write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(InputError, match=r"^stack\.tif is damaged, incomplete or no \.tif file: "):
        load(path, lazy=lazy)


def merlin(path, frames=9, declared=9, size=32):
    """Write a Merlin file as the detector does: a text header before every frame."""
    with path.open("wb") as file:
        for number in range(frames):
            header = f"MQ1,{number:06d},00384,01,{size:04d},{size:04d},U16,   1x1,01,"
            header += f"2020-05-07T16:51:10.{number:09d}Z,0.001000ns,0,0"
            file.write(header.ljust(384, " ").encode())
            file.write(FRAMES[number, :, :size].astype(">u2").tobytes())
    path.with_suffix(".hdr").write_text(
        "HDR\t\n"
        f"Frames in Acquisition (Number):\t{declared}\n"
        f"Frames per Trigger (Number):\t{declared}\n"
        "End\t\n"
    )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.filterwarnings("ignore:.*photometric:DeprecationWarning")
def test_planes_that_tifffile_took_for_colours_are_explained(tmp_path, lazy):
    tifffile.imwrite(tmp_path / "four.tif", FRAMES[:4].astype(np.float32))
    with pytest.raises(InputError, match=r"4 planes are the colours .*minisblack"):
        load(tmp_path / "four.tif", lazy=lazy)
    tifffile.imwrite(tmp_path / "grey.tif", FRAMES[:4], photometric="minisblack")
    assert load(tmp_path / "grey.tif", lazy=lazy)[0].frame_count == 4


@pytest.mark.parametrize("lazy", [False, True])
def test_merlin_series_is_read_in_native_byte_order(tmp_path, lazy):
    path = tmp_path / "series.mib"
    merlin(path)
    (stack,) = load(path, lazy=lazy)
    assert stack.data.dtype == np.uint16
    assert stack.data.dtype.isnative
    # The detector counts rows from below.
    np.testing.assert_array_equal(np.asarray(stack.data), FRAMES[:, ::-1, :32])


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("left", [0.5, 0.9])
def test_cut_merlin_file_is_refused(tmp_path, left, lazy):
    path = tmp_path / "series.mib"
    merlin(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(InputError, match="is damaged"):
        load(path, lazy=lazy)


def test_merlin_file_without_header_is_cut(tmp_path):
    path = tmp_path / "series.mib"
    merlin(path)
    path.with_suffix(".hdr").unlink()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="its last frame is cut"):
        load(path)


def test_merlin_file_cut_between_two_frames_is_refused(tmp_path):
    path = tmp_path / "series.mib"
    merlin(path, frames=6, declared=9)
    with pytest.raises(InputError, match="declares 9 frames and 6 are there"):
        load(path)


def test_merlin_scan_is_4d_stem(tmp_path):
    path = tmp_path / "scan.mib"
    merlin(path)
    header = path.with_suffix(".hdr")
    header.write_text(header.read_text().replace("Trigger (Number):\t9", "Trigger (Number):\t3"))
    with pytest.raises(InputError, match="4D-STEM"):
        load(path)
