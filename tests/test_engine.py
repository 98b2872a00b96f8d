"""The engine runs real child processes here; the functions they call are the standard library's
or those of a small module that only this test can import."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.engine import Engine, EngineError, Progress, Result, shared_engine

FUNCTIONS = """
import os, sys, time
import numpy as np
from napari_stem3d._errors import InputError

calls = 0

def count_calls(value):
    global calls
    calls += 1
    return calls, os.getpid()

def tiles(frame, total=3, progress=None):
    for done in range(total):
        progress(done + 1, total)
    return frame * 2

def noisy(value):
    print("library talk")
    os.write(1, b"more library talk")
    assert sys.stdin is None or sys.stdin.read() == ""
    return value

def refuse(value):
    raise InputError("The frame must be real. Received: complex")

def crash(value):
    raise KeyError("two\\nlines")

def exhaust(value):
    raise MemoryError("secret detail")

def die_on_two(value):
    if value == 2:
        os._exit(9)

def unsendable(value):
    return lambda: value

def slow_tiles(value, progress):
    progress(0, 2)
    time.sleep(60)
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    (tmp_path / "stem3d_test_functions.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    engine = Engine()
    yield engine
    engine.close()


def here(name: str) -> str:
    return f"stem3d_test_functions:{name}"


def test_one_result_per_frame_in_order(engine: Engine) -> None:
    events = list(engine.run("operator:add", [(1, 2), (3, 4)]))
    assert events == [Result(0, 3), Result(1, 7)]


def test_arrays_and_keyword_options(engine: Engine) -> None:
    frame = np.arange(6.0).reshape(2, 3)
    (event,) = engine.run("numpy:sum", [(frame,)], axis=0)
    assert isinstance(event, Result)
    np.testing.assert_array_equal(event.value, [3.0, 5.0, 7.0])


def test_the_child_stays_warm_between_runs(engine: Engine) -> None:
    values = [e.value for _ in range(2) for e in engine.run(here("count_calls"), [(0,), (0,)])]
    assert [calls for calls, _ in values] == [1, 2, 3, 4]
    assert len({pid for _, pid in values} - {os.getpid()}) == 1


def test_progress_is_streamed_to_functions_that_take_it(engine: Engine) -> None:
    events = list(engine.run(here("tiles"), [(1,), (2,)], total=2))
    assert events == [
        Progress(1, 2, 0), Progress(2, 2, 0), Result(0, 2),
        Progress(1, 2, 1), Progress(2, 2, 1), Result(1, 4),
    ]  # fmt: skip


def test_frames_are_pulled_lazily(engine: Engine) -> None:
    pulled = []

    def frames() -> Iterator[tuple[int]]:
        for i in count():
            pulled.append(i)
            yield (i,)

    run = engine.run("operator:neg", frames())
    assert [next(run), next(run)] == [Result(0, 0), Result(1, -1)]
    assert pulled == [0, 1]


def test_prints_and_reads_of_libraries_do_not_disturb(engine: Engine) -> None:
    assert list(engine.run(here("noisy"), [(1,), (2,)])) == [Result(0, 1), Result(1, 2)]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (here("refuse"), "The frame must be real. Received: complex"),
        (here("crash"), "crash failed: KeyError: 'two\\nlines'"),
        (here("exhaust"), "The memory is not large enough for this image"),
        (here("unsendable"), "unsendable failed: "),
        (here("missing"), "missing failed: AttributeError"),
        ("no_such_module:f", "f failed: ModuleNotFoundError"),
    ],
)
def test_errors_are_one_sentence_and_the_child_survives(
    engine: Engine, name: str, sentence: str
) -> None:
    with pytest.raises(EngineError) as caught:
        list(engine.run(name, [(1,)]))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, InputError)
    assert list(engine.run("operator:neg", [(1,)])) == [Result(0, -1)]


def test_the_traceback_is_logged_below_warning(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"), pytest.raises(EngineError):
        list(engine.run(here("crash"), [(1,)]))
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert "Traceback" in record.getMessage()


def test_a_dead_child_is_one_sentence_and_the_next_run_starts_another(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"died while it worked on frame 1.* exit status 9$"):
        list(engine.run(here("die_on_two"), [(1,), (2,)]))
    assert list(engine.run("operator:neg", [(1,)])) == [Result(0, -1)]


def test_arguments_that_cannot_be_sent(engine: Engine) -> None:
    with pytest.raises(EngineError, match="Frame 0 cannot be sent"):
        list(engine.run("operator:neg", [(lambda: 1,)]))


def test_cancel_from_another_thread_is_immediate_and_keeps_what_was_yielded(
    engine: Engine,
) -> None:
    seen: list[object] = []

    def work() -> None:
        for event in engine.run("time:sleep", [(0,), (60,)]):
            seen.append(event)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 30
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    start = time.monotonic()
    engine.cancel()
    thread.join(5)
    assert time.monotonic() - start < 1
    assert not thread.is_alive()
    assert seen == [Result(0, None)]
    assert list(engine.run("operator:neg", [(1,)])) == [Result(0, -1)]


def test_cancel_reaches_a_run_that_has_not_begun(engine: Engine) -> None:
    run = engine.run("operator:neg", [(1,)])
    engine.cancel()
    assert list(run) == []


def test_a_run_left_in_the_middle_of_a_frame_does_not_leak_into_the_next(engine: Engine) -> None:
    run = engine.run(here("slow_tiles"), [(1,)])
    assert next(run) == Progress(0, 2, 0)
    run.close()
    assert list(engine.run("operator:neg", [(1,)])) == [Result(0, -1)]


def test_a_second_run_at_the_same_time_is_refused(engine: Engine) -> None:
    first = engine.run("operator:neg", [(1,), (2,)])
    next(first)
    with pytest.raises(EngineError, match="still running"):
        list(engine.run("operator:neg", [(3,)]))
    assert list(first) == [Result(1, -2)]


def test_the_child_ends_with_its_parent(tmp_path: Path, alive: Callable[[int], bool]) -> None:
    """A script without a main guard, killed in the middle of a frame."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        from napari_stem3d.engine import shared_engine
        [pid] = shared_engine().run("os:getpid", [()])
        print(pid.value, flush=True)
        list(shared_engine().run("time:sleep", [(60,)]))
        """)
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def test_a_script_ends_cleanly_without_close(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "from napari_stem3d.engine import shared_engine\n"
        "print([event.value for event in shared_engine().run('math:sqrt', [(9,), (16,)])])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n[3.0, 4.0]\n", "")


def test_there_is_one_shared_engine() -> None:
    assert shared_engine() is shared_engine()
