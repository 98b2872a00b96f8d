"""How many threads the compiled loops take, and that only one caller takes them at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numba

_COMPILED = threading.RLock()


@contextlib.contextmanager
def compiled_loops(threads: int | None = None) -> Iterator[None]:
    """Enter the compiled loops alone, because not every threading layer of Numba takes two callers.

    The loops share out whole images: one image keeps to one thread, and wakes no others.
    """
    with _COMPILED:
        before = numba.get_num_threads()
        numba.set_num_threads(min(threads or before, before))
        try:
            yield
        finally:
            numba.set_num_threads(before)
