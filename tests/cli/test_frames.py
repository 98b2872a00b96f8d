from __future__ import annotations

import json

import numpy as np
import pytest
import typer

from napari_stem3d import InputError
from napari_stem3d import signals as stacks
from napari_stem3d.cli._frames import Run, job_of, open_image, resumable

JOB = {"task": "add"}


def save(results, path):
    path.write_text(json.dumps(results))


def load(path, frames):
    return json.loads(path.read_text())[:frames]


def interrupted_after(out, results, reason=KeyboardInterrupt, job=JOB):
    with resumable(out, job, save, load) as run:
        for result in results:
            run.add(result, 2)
        raise reason


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_resume(tmp_path, capsys):
    out = tmp_path / "sums.csv"
    with pytest.raises(typer.Exit) as ended:
        interrupted_after(out, [1, 2])
    assert ended.value.exit_code == 130
    assert load(tmp_path / "sums.unfinished.csv", 2) == [1, 2]
    assert "2 finished frames" in capsys.readouterr().err
    with resumable(out, JOB, save, load) as run:
        assert (run.results, run.particles) == ([1, 2], 4)
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_what_is_finished_too(tmp_path):
    with pytest.raises(InputError):
        interrupted_after(tmp_path / "sums.csv", [1], InputError("frame 1 is bad"))
    with resumable(tmp_path / "sums.csv", JOB, save, load) as run:
        assert run.results == [1]


def test_nothing_is_kept_of_nothing(tmp_path):
    with pytest.raises(typer.Exit):
        interrupted_after(tmp_path / "sums.csv", [])
    assert list(tmp_path.iterdir()) == []


def test_only_the_same_job_is_taken_up(tmp_path):
    with pytest.raises(typer.Exit):
        interrupted_after(tmp_path / "sums.csv", [1, 2])
    with resumable(tmp_path / "sums.csv", {"task": "multiply"}, save, load) as run:
        assert run.results == []


@pytest.mark.parametrize("broken", ["sums.unfinished.csv", "sums.unfinished.json"])
def test_what_was_damaged_meanwhile_is_not_taken_up(tmp_path, broken):
    with pytest.raises(typer.Exit):
        interrupted_after(tmp_path / "sums.csv", [1, 2])
    (tmp_path / broken).write_text("[1")
    with resumable(tmp_path / "sums.csv", JOB, save, load) as run:
        assert run.results == []


def test_a_job_depends_on_the_file_and_on_the_settings(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"1234")
    first = job_of(path, network="a")
    assert job_of(path, network="a") == first
    assert job_of(path, network="b") != first
    path.write_bytes(b"12345")
    assert job_of(path, network="a") != first


def test_frames_that_are_finished_are_not_yielded_again(stack_file):
    stack = open_image(stack_file, 0)
    left = [index for index, frame, tick in Run(["done"], 1).frames(stack, "Count")]
    assert left == [1, 2]


def test_a_part_that_is_not_there_is_refused(stack_file):
    with pytest.raises(InputError, match="holds 1 images"):
        open_image(stack_file, 1)


def test_an_image_too_small_is_refused_by_the_name_of_its_file(tmp_path):
    path = tmp_path / "tiny.npz"
    stacks.save(stacks.Stack(np.zeros((3, 3)), (stacks.Axis("y"), stacks.Axis("x"))), path)
    with pytest.raises(InputError, match=r"tiny\.npz .* 8 x 8 pixels"):
        open_image(path, 0)
