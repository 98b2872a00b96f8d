from __future__ import annotations

import pytest

from napari_stem3d import InputError
from napari_stem3d.cli._output import check_different, check_out, unfinished


def test_a_good_output_is_accepted(tmp_path):
    check_out(tmp_path / "labels.TIF", (".tif", ".hspy"))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("labels.png", "must end in .tif or .hspy"),
        ("labels", "must end in"),
        ("nowhere/labels.tif", "does not exist"),
        ("folder.tif", "is a folder"),
    ],
)
def test_an_output_that_could_not_be_written_is_refused(tmp_path, name, part):
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(InputError, match=part):
        check_out(tmp_path / name, (".tif", ".hspy"))


def test_outputs_that_are_one_file_are_refused(tmp_path):
    check_different({"--out": tmp_path / "a.tif", "--labels": tmp_path / "b.tif"})
    with pytest.raises(InputError, match="--labels and --out must be different files"):
        check_different({"--out": tmp_path / "a.tif", "--labels": tmp_path / "." / "a.tif"})


def test_unfinished_work_lies_beside_in_the_same_format(tmp_path):
    assert unfinished(tmp_path / "a.b.tif") == tmp_path / "a.b.unfinished.tif"
