"""The parent's side of the engine."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from napari_stem3d._errors import InputError

logger = logging.getLogger(__name__)

WORKER = "napari_stem3d.engine._worker"
# What a pipe to a process that is gone, or was closed by `cancel`, may raise.
BROKEN = (OSError, EOFError, ValueError, pickle.UnpicklingError)


class EngineError(InputError):
    """A job that could not be finished; the message is one sentence."""


@dataclass(frozen=True)
class Progress:
    """A step within one frame: `done` of `total` tiles or whatever the function counts."""

    done: int
    total: int
    index: int = 0


@dataclass(frozen=True)
class Result:
    """What the function returned for frame `index`."""

    index: int
    value: Any


class Engine:
    """Runs functions, named by dotted strings, in one warm child process.

    The child starts with the first job and keeps what it has loaded until `close`, `cancel` or
    the end of this process.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        self._log: IO[bytes] | None = None
        self._guard = threading.Lock()  # of the process
        self._turn = threading.Lock()  # one job at a time
        self._epoch = 0  # jobs asked for before the last cancel belong to an older epoch

    def run(
        self, function: str, frames: Iterable[tuple[Any, ...]], **options: Any
    ) -> Iterator[Progress | Result]:
        """Call a function for one frame after the other and yield what happens.

        Parameters
        ----------
        function : str
            Where the function lives, ``"package.module:function"``. If it has a parameter named
            ``progress``, it is given a callable ``progress(done, total)``.
        frames : iterable of tuple
            Positional arguments of each call; pulled one at a time, so that a generator of
            large frames stays lazy.
        **options
            Keyword arguments of every call.

        Returns
        -------
        iterator of Progress or Result
            One Result per frame, in order, as soon as it is finished. The iterator ends early,
            and quietly, when `cancel` is called.

        Raises
        ------
        EngineError
            While iterating, if a call fails or the child process dies.
        """
        return self._events(self._epoch, function, frames, options)

    def _events(
        self,
        epoch: int,
        function: str,
        frames: Iterable[tuple[Any, ...]],
        options: dict[str, Any],
    ) -> Iterator[Progress | Result]:
        if not self._turn.acquire(blocking=False):
            raise EngineError("Another job is still running; wait until it ends or cancel it.")
        at_work = False
        try:
            for index, arguments in enumerate(frames):
                message = _packed((function, arguments, options), index)
                child = self._child(epoch)
                if child is None:
                    return
                try:
                    at_work = True
                    _write(child, message)
                    while at_work:
                        kind, content = pickle.load(child.stdout)  # type: ignore[arg-type]
                        if kind == "progress":
                            done, total = content
                            yield Progress(done, total, index)
                        else:
                            at_work = False
                except BROKEN as error:
                    if self._epoch != epoch:
                        return
                    raise self._death(child, index) from error
                if kind == "error":
                    sentence, trace = content
                    logger.info("%s failed on frame %d\n%s", function, index, trace)
                    raise EngineError(sentence)
                yield Result(index, content)
        finally:
            # A child in the middle of a frame would answer the next job with this one's result.
            if at_work and self._epoch == epoch:
                self.close()
            self._turn.release()

    def cancel(self) -> None:
        """Kill the child at once, from any thread; every job asked for so far ends quietly."""
        with self._guard:
            self._epoch += 1
            self._end()
            self._process = None

    def close(self) -> None:
        """End the child process and free its memory; a later job starts a new one."""
        with self._guard:
            self._end()
            self._process = None

    def _child(self, epoch: int) -> subprocess.Popen[bytes] | None:
        """Return the warm child, started if need be, or None if the job was cancelled."""
        with self._guard:
            if self._epoch != epoch:
                return None
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._process, self._log = _start()
                self._end = weakref.finalize(self, _end, self._process, self._log)
            return self._process

    def _death(self, child: subprocess.Popen[bytes], index: int) -> EngineError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        if self._log is not None and not self._log.closed:
            self._log.seek(0)
            words = self._log.read()[-4000:].decode(errors="replace")
            logger.info("last words of the computing process\n%s", words)
        self.close()
        return EngineError(
            f"The computing process died while it worked on frame {index}, most often because the "
            f"memory was full; try smaller images or close other programs. "
            f"Received: exit status {child.returncode}"
        )


@functools.cache
def shared_engine() -> Engine:
    """Return the one warm engine of this process."""
    return Engine()


def _start() -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """Start a child that imports what this process can import, and reads no user's script."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"PYTHONPATH": path}
    log = tempfile.TemporaryFile()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # exists on Windows only
    )
    return process, log


def _end(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, log):
        if pipe is not None:
            with contextlib.suppress(OSError):  # unsent bytes that nobody will read
                pipe.close()


def _packed(job: tuple[Any, ...], index: int) -> bytes:
    try:
        return pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise EngineError(
            f"Frame {index} cannot be sent to the computing process; expected arrays, numbers and "
            f"texts. Received: {' '.join(str(error).split())}"
        ) from error


def _write(child: subprocess.Popen[bytes], message: bytes) -> None:
    assert child.stdin is not None
    child.stdin.write(message)
    child.stdin.flush()
