"""The stream runs real processes; their function lies in a module written on the spot."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_stem3d.networks.batches import stream

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
