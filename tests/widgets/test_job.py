from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from napari_stem3d import InputError
from napari_stem3d.engine import Progress, Result, shared_engine
from napari_stem3d.widgets._job import JobBar


@pytest.fixture
def bar(qtbot: Any) -> JobBar:
    bar = JobBar()
    qtbot.addWidget(bar)
    bar.show()
    return bar


def test_results_arrive_and_the_end_is_told(bar: JobBar, qtbot: Any) -> None:
    seen: list[Result] = []
    bar.result.connect(seen.append)
    bar.start(iter([Progress(1, 2, 0), Result(0, "a"), Result(1, "b")]), 2)
    assert bar.is_running
    assert bar.cancel_button.isVisible()
    qtbot.waitUntil(lambda: not bar.is_running)
    assert seen == [Result(0, "a"), Result(1, "b")]
    assert bar.status.text().startswith("Finished 2 of 2 frames in ")
    assert not bar.cancel_button.isVisible()


def test_the_bar_moves_by_tiles_within_a_frame(bar: JobBar, qtbot: Any) -> None:
    values: list[int] = []
    bar.bar.valueChanged.connect(values.append)
    bar.start(iter([Progress(1, 2, 0), Result(0, None), Progress(1, 2, 1), Result(1, None)]), 2)
    qtbot.waitUntil(lambda: not bar.is_running)
    assert [value for value in values if value >= 0] == [250, 500, 750, 1000]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InputError("Two frames were expected. Received: one"), "Two frames were expected."),
        (KeyError("x"), "The job failed: KeyError: 'x'"),
    ],
)
def test_an_error_is_shown_as_one_sentence(
    bar: JobBar, qtbot: Any, notes: list[str], error: Exception, sentence: str
) -> None:
    def fail() -> Iterator[Result]:
        yield Result(0, None)
        raise error

    bar.start(fail(), 2)
    qtbot.waitUntil(lambda: not bar.is_running)
    assert [note.startswith(sentence) for note in notes] == [True]
    assert bar.status.text().startswith(f"Stopped: {sentence}")


def test_cancel_interrupts_the_engine_within_a_second(bar: JobBar, qtbot: Any) -> None:
    engine = shared_engine()
    seen: list[Result] = []
    bar.result.connect(seen.append)
    bar.start(engine.run("time:sleep", [(0,), (60,)]), 2, engine.cancel)
    qtbot.waitUntil(lambda: len(seen) == 1, timeout=60_000)
    start = time.monotonic()
    bar.cancel_button.click()
    qtbot.waitUntil(lambda: not bar.is_running, timeout=5000)
    assert time.monotonic() - start < 1
    assert bar.status.text() == "Cancelled. 1 of 2 frames are finished and kept."


def test_a_bar_that_is_destroyed_ends_its_job(qtbot: Any) -> None:
    engine = shared_engine()
    bar = JobBar()
    bar.start(engine.run("time:sleep", [(0,), (60,)]), 2, engine.cancel)
    worker = bar._job.worker
    with qtbot.waitSignal(worker.finished, timeout=5000):
        bar.deleteLater()
    assert [event.value for event in engine.run("operator:neg", [(1,)])] == [-1]
