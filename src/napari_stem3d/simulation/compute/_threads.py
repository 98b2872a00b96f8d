"""How many threads the compiled loops take, and who may enter them at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

T = TypeVar("T")

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


def share_out(work: Callable[[T], None], items: Sequence[T]) -> None:
    """Do some work for each item, on as many threads as the compiled loops may take.

    Each loop in the work then keeps to the thread it is called from. That beats threads that meet
    after every loop: nobody waits for the slowest, and what one loop leaves in the cache of a core
    the next finds there.
    """
    threads = min(numba.get_num_threads(), len(items))
    if threads > 1:
        work(items[0])  # after which Numba knows its threading layer
        items = items[1:]
    if threads < 2 or numba.threading_layer() == "workqueue":  # which takes one caller alone
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(threads, "stem3d", numba.set_num_threads, (1,)) as pool:
        for _ in pool.map(work, items):
            pass
