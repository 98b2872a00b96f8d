"""The stream runs real processes; their function lies in a module written on the spot."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks.batches import POOL, reused, stream

FUNCTIONS = """
import os, time
import numpy as np

def make(number):
    time.sleep(0.1 * (number % 3 == 0))  # some take longer than those behind them
    return number, np.random.default_rng([5, number]).random(3).tolist()

def process(number):
    time.sleep(0.05)
    return os.getpid()

def fail(number):
    if number == 3:
        raise ValueError(f"no batch {number}")
    return number
"""


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable]:
    (tmp_path / "stem3d_test_batches.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    import importlib

    module = importlib.import_module("stem3d_test_batches")
    return lambda name: getattr(module, name)


def first(count: int, *arguments: object) -> list:
    batches = stream(*arguments)  # type: ignore[arg-type]
    taken = list(itertools.islice(batches, count))
    batches.close()  # type: ignore[attr-defined]
    return taken


def test_batches_come_in_order_from_any_number_of_processes(function) -> None:
    make = function("make")
    expected = [make(number) for number in range(9)]
    assert first(9, make, 1) == expected
    assert first(9, make, 3) == expected


def test_a_stream_goes_on_where_it_is_told_to(function) -> None:
    make = function("make")
    assert first(4, make, 2, 100) == [make(number) for number in range(100, 104)]


def test_the_work_is_shared(function) -> None:
    assert len(set(first(12, function("process"), 2))) == 2


def test_an_error_arrives_at_its_place(function) -> None:
    batches = stream(function("fail"))
    assert list(itertools.islice(batches, 3)) == [0, 1, 2]
    with pytest.raises(ValueError, match="no batch 3"):
        next(batches)


def test_closing_ends_the_processes(function) -> None:
    before = set(multiprocessing.active_children())
    first(1, function("make"), 2)
    for _ in range(100):
        if not set(multiprocessing.active_children()) - before:
            break
        time.sleep(0.1)
    assert set(multiprocessing.active_children()) <= before


def test_without_workers_batches_are_made_here() -> None:
    asked: list[int] = []
    batches = stream(lambda number: asked.append(number) or number, 0, 5)
    assert list(itertools.islice(batches, 3)) == asked == [5, 6, 7]


SIDE, SIZE = 4, 3


def squares(number: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Images whose eight forms all differ, with a map that turns along and their numbers."""
    samples = np.arange(SIZE) + SIZE * number
    image = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) + 100 * samples[:, None, None]
    return image[..., None], {"map": image + 0.5, "number": samples}


def taken(count: int, start: int = 0, views: int = 4) -> list:
    with_close = reused(squares, 0, start, views)
    return list(itertools.islice(with_close, count))


def test_every_sample_comes_as_often_as_asked_for_and_each_time_otherwise() -> None:
    views, cycles = 4, 2
    batches = taken(POOL * views * cycles, views=views)
    seen: dict[int, list[bytes]] = {}
    for images, targets in batches:
        assert len(images) == SIZE
        np.testing.assert_array_equal(images[..., 0] + 0.5, targets["map"])
        np.testing.assert_array_equal(images.min(axis=(1, 2, 3)), 100 * targets["number"])
        for image, number in zip(images, targets["number"].tolist()):
            seen.setdefault(number, []).append(image.tobytes())
    assert sorted(seen) == list(range(POOL * SIZE * cycles))
    assert all(len(forms) == len(set(forms)) == views for forms in seen.values())
    assert batches[0][1]["number"].tolist() != [0, 1, 2]  # mixed


def test_a_stream_with_views_goes_on_within_a_pool_and_after_it() -> None:
    through = taken(40, views=3)
    for start in (7, 24, 31):
        for one, other in zip(taken(5, start, views=3), through[start:]):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1]["map"], other[1]["map"])


def test_all_eight_forms_occur_and_one_view_leaves_the_samples_alone() -> None:
    forms = {image.tobytes() for batch in taken(POOL * 8, views=8) for image in batch[0] % 100}
    assert len(forms) == 8
    np.testing.assert_array_equal(taken(1, 6, views=1)[0][0], squares(6)[0])


def test_what_is_not_square_cannot_be_turned() -> None:
    with pytest.raises(InputError, match=r"views must be 1 .* Received: 2, and inputs .*\(5,\)"):
        next(reused(lambda number: (np.zeros((4, 5)), np.zeros(4)), 0, views=2))


ALONE = """
import itertools, os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from napari_stem3d.networks.batches import stream
from stem3d_test_batches import process

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)
    for pid in itertools.islice(stream(process), int(sys.argv[2])):
        print(pid, flush=True)
        time.sleep(0.1)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_workers_ignore_ctrl_c_and_do_not_outlive_their_parent(
    function, tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    function("process")
    script = tmp_path / "alone.py"
    script.write_text(textwrap.dedent(ALONE))
    call = [sys.executable, str(script), str(tmp_path), "30"]
    parent = subprocess.Popen(call, stdout=subprocess.PIPE, start_new_session=True, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all of them
    assert {int(parent.stdout.readline()) for _ in range(9)} == {worker}
    parent.kill()
    parent.wait()
    for _ in range(200):
        if not alive(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker still runs")
