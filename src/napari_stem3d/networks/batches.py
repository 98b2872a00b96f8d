"""Endless, deterministic streams of training batches, made ahead by other processes."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

_AHEAD = 4  # batches in preparation per process


def stream(make: Callable[[int], Any], workers: int = 1, start: int = 0) -> Generator[Any]:
    """Batches ``make(start), make(start + 1), ...`` in order, whatever the number of workers.

    Parameters
    ----------
    make : callable
        From the number of a batch to the batch; must be importable by the workers.
    workers : int
        Number of processes.
    start : int
        Number of the first batch, to resume a stream.

    Yields
    ------
    object
        What `make` returned.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pending = deque(pool.submit(make, start + k) for k in range(workers * _AHEAD))
        try:
            for number in itertools.count(start + len(pending)):
                batch = pending.popleft().result()
                pending.append(pool.submit(make, number))
                yield batch
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
