"""Folders of labelled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.folders import Folder, files_in, read_folder


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, values.astype(np.float32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    write(tmp_path / "rod" / "b_nohash_1.tif", rng.random((16, 20)))
    write(tmp_path / "rod" / "b_nohash_2.tif", rng.random((16, 20)))
    write(tmp_path / "cube" / "day1" / "a.tif", rng.random((2, 16, 20)))
    (tmp_path / "cube" / "truth.csv").write_text("frame\n")
    (tmp_path / "cube" / ".hidden.tif").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a class")
    return tmp_path


def test_classes_are_the_subfolders_and_objects_the_files(folder: Path) -> None:
    found = read_folder(folder)
    assert found.classes == ("cube", "rod")
    assert found.images.shape == (4, 16, 20)
    assert found.images.dtype == np.float32
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.groups == ["cube/day1/a", "cube/day1/a", "rod/b", "rod/b"]


def test_frames_may_be_objects_of_their_own(folder: Path) -> None:
    groups = [picture.group for picture in Folder(folder, frames_differ=True)]
    assert groups == ["cube/day1/a#0", "cube/day1/a#1", "rod/b#0", "rod/b#0"]


def test_only_images_are_files_of_images(folder: Path) -> None:
    assert [path.name for path in files_in(folder / "cube")] == ["a.tif"]


def test_images_of_other_sizes_are_named_unless_they_are_fitted(folder: Path) -> None:
    write(folder / "rod" / "wide.tif", np.ones((8, 40)))
    with pytest.raises(InputError, match=r"one size.*Received: rod/wide\.tif with \(8, 40\)"):
        read_folder(folder)
    assert read_folder(folder, side=12).images.shape == (5, 12, 12)


@pytest.mark.parametrize("missing", ["", "empty", "one"])
def test_what_is_no_folder_of_classes_is_one_sentence(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "classes"
    if missing:
        path.mkdir()
    if missing == "one":
        write(path / "cube" / "a.tif", np.ones((16, 16)))
    with pytest.raises(InputError, match="subfolder per class") as error:
        read_folder(path)
    assert "\n" not in str(error.value)


def test_a_class_without_images_is_named(folder: Path) -> None:
    (folder / "sphere").mkdir()
    with pytest.raises(InputError, match="sphere must hold images"):
        read_folder(folder)


def test_a_file_that_is_no_image_is_named(folder: Path) -> None:
    (folder / "rod" / "c.tif").write_bytes(b"rubbish")
    with pytest.raises(InputError, match=r"c\.tif"):
        read_folder(folder)
