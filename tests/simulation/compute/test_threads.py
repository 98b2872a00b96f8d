"""Work shared out among threads, and loops that only one caller enters."""

from __future__ import annotations

import threading

import numba
import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import draw_keys, normals
from napari_stem3d.simulation.compute._threads import compiled_loops, share_out


@pytest.mark.parametrize("count", [0, 1, 2, 57])
def test_every_item_is_worked_on_once(count: int) -> None:
    keys = draw_keys(np.random.default_rng(0), count)
    out = np.zeros((count, 50), np.float32)

    def work(item: int) -> None:
        out[item] += normals(keys[item : item + 1], 50)[0]

    share_out(work, range(count))
    np.testing.assert_array_equal(out, normals(keys, 50))


@pytest.mark.skipif(numba.get_num_threads() < 2, reason="there is one core")
def test_loops_keep_to_the_thread_that_calls_them() -> None:
    normals(draw_keys(np.random.default_rng(0), 1), 50)
    if numba.threading_layer() == "workqueue":
        pytest.skip("this threading layer takes one caller alone")
    seen: set[tuple[int, int]] = set()
    both = threading.Barrier(2, timeout=20)  # passed only if two threads work at a time

    def work(item: int) -> None:
        if item:
            both.wait()
            seen.add((threading.get_ident(), numba.get_num_threads()))

    before = numba.get_num_threads()
    share_out(work, range(2 * before + 1))
    assert len(seen) > 1
    assert {threads for _, threads in seen} == {1}
    assert numba.get_num_threads() == before


def test_one_thread_is_the_callers() -> None:
    seen = set()
    with compiled_loops(threads=1):
        share_out(lambda _: seen.add(threading.get_ident()), range(5))
    assert seen == {threading.get_ident()}


@pytest.mark.parametrize("bad", [0, 7])
def test_what_goes_wrong_reaches_the_caller(bad: int) -> None:
    def work(item: int) -> None:
        if item == bad:
            raise InputError("item must be another one.")

    with pytest.raises(InputError, match="another"):
        share_out(work, range(9))


def test_the_loops_take_the_threads_asked_for_and_give_them_back() -> None:
    before = numba.get_num_threads()
    with compiled_loops(threads=1):
        assert numba.get_num_threads() == 1
        with compiled_loops():
            assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == before
