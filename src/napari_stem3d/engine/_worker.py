"""The child's side of the engine: ``python -m napari_stem3d.engine._worker``.

Jobs arrive as pickles on the standard input, answers leave on the standard output. Both belong to
the parent that started this process, so nothing unpickled here comes from a file or a network.
"""

from __future__ import annotations

import functools
import inspect
import os
import pickle
import pkgutil
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from typing import IO, Any

from napari_stem3d._errors import InputError


def main() -> None:
    """Answer jobs until the parent closes the connection or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then ends us
    source, sink = _private_pipes()
    jobs: queue.SimpleQueue[tuple[str, tuple[Any, ...], dict[str, Any]]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(source, jobs), daemon=True).start()
    while True:
        _send(sink, _answer(sink, *jobs.get()))


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Take the two pipes away from libraries that print or read: they get stderr and nothing."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink


def _receive(source: IO[bytes], jobs: queue.SimpleQueue[Any]) -> None:
    """Queue the jobs; leave at once, even in the middle of one, when the parent is gone."""
    try:
        while True:
            jobs.put(pickle.load(source))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


def _answer(
    sink: IO[bytes], name: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> bytes:
    def progress(done: int, total: int) -> None:
        _send(sink, _packed("progress", (int(done), int(total))))

    try:
        function, reports = _load(name)
        extra = {"progress": progress} if reports else {}
        return _packed("result", function(*arguments, **options, **extra))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must learn of it
        return _packed("error", (_sentence(name, error), traceback.format_exc()))


@functools.cache
def _load(name: str) -> tuple[Callable[..., Any], bool]:
    """Import a function and tell whether it wants to report progress."""
    function = pkgutil.resolve_name(name)
    try:
        return function, "progress" in inspect.signature(function).parameters
    except ValueError:  # some built-in functions have no signature
        return function, False


def _sentence(name: str, error: Exception) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, InputError):
        return message
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "The memory is not large enough for this image; crop it or bin it."
    return f"{name.rpartition(':')[2]} failed: {type(error).__name__}: {message[:400]}"


def _packed(kind: str, content: Any) -> bytes:
    return pickle.dumps((kind, content), protocol=pickle.HIGHEST_PROTOCOL)


def _send(sink: IO[bytes], message: bytes) -> None:
    sink.write(message)
    sink.flush()


if __name__ == "__main__":
    main()
