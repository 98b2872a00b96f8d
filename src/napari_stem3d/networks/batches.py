"""Endless, deterministic streams of training batches, made ahead by other processes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError

AHEAD = 4  # batches in preparation per process
POOL = 8  # fresh batches from which repeated ones are mixed
FORMS = 8  # of a square image: four turns, each mirrored or not


def stream(
    make: Callable[[int], Any], workers: int = 1, start: int = 0, ahead: int = 0
) -> Generator[Any]:
    """Batches ``make(start), make(start + 1), ...`` in order, whatever the number of workers.

    Parameters
    ----------
    make : callable
        From the number of a batch to the batch; must be importable by the workers.
    workers : int
        Number of processes; 0 to make the batches here, when they are asked for.
    start : int
        Number of the first batch, to resume a stream.
    ahead : int
        How many batches to prepare at least before they are asked for.

    Yields
    ------
    object
        What `make` returned.
    """
    if workers == 0:
        yield from map(make, itertools.count(start))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _live_and_die_with_parent) as pool:
        count = max(workers * AHEAD, ahead)
        pending = deque(_submit(pool, make, start + k) for k in range(count))
        try:
            for number in itertools.count(start + count):
                batch = pending.popleft().result()
                pending.append(_submit(pool, make, number))
                yield batch
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def reused(
    make: Callable[[int], Any],
    workers: int = 1,
    start: int = 0,
    views: int = 4,
) -> Generator[Any]:
    """Batches in which every fresh sample comes several times, turned and mirrored anew.

    Simulating often costs more than learning. Where an image has no direction of its own, its
    eight turned and mirrored forms are as good as fresh ones for a few times. The samples of
    eight fresh batches are mixed, lest the same ones follow each other.

    Parameters
    ----------
    make : callable
        From the number of a fresh batch to tuples or dicts of arrays, with the samples along
        their first axis. Arrays whose second and third axes are equally long are square images,
        and are turned; others stay as they are.
    workers : int
        Number of processes; 0 to make the batches here.
    start : int
        Number of the first batch that is yielded, to resume exactly.
    views : int
        How often each sample is used, at most eight times.

    Yields
    ------
    object
        Batches of the form and the size that `make` returned.

    Raises
    ------
    InputError
        If the first array of a batch is not square.
    """
    if views == 1:
        yield from stream(make, workers, start)
    first, skipped = divmod(start, POOL * views)
    with closing(stream(make, workers, first * POOL, ahead=POOL)) as batches:
        for number in itertools.count(first):
            fresh = _mapped(_joined, *itertools.islice(batches, POOL))
            images = next(_leaves(fresh))
            if not _is_square(images):
                raise InputError(
                    "views must be 1 for inputs that are not square images. "
                    f"Received: {views}, and inputs of shape {images.shape[1:]}"
                )
            rng = np.random.default_rng([FORMS, number])
            forms = np.argsort(rng.random((len(images), FORMS)), axis=1)
            orders = [np.split(rng.permutation(len(images)), POOL) for _ in range(views)]
            for k in range(skipped, POOL * views):
                view, part = divmod(k, POOL)
                chosen = orders[view][part]
                yield _mapped(_Chosen(chosen, forms[chosen, view]), fresh)
            skipped = 0


class _Chosen:
    """Some samples of an array, each in a form of its own."""

    def __init__(self, samples: NDArray[np.int64], forms: NDArray[np.int64]) -> None:
        self.samples, self.forms = samples, forms

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        values = values[self.samples]
        if not _is_square(values):
            return values
        out = np.empty_like(values)
        for form in range(FORMS):
            own = np.rot90(values[self.forms == form], form // 2, axes=(1, 2))
            out[self.forms == form] = own[:, :, ::-1] if form % 2 else own
        return out


def _is_square(values: NDArray[Any]) -> bool:
    return values.ndim > 2 and values.shape[1] == values.shape[2]


def _joined(*arrays: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate(arrays)


def _mapped(function: Callable[..., Any], *batches: Any) -> Any:
    """Apply a function to the arrays at each place of batches of the same form."""
    one = batches[0]
    if isinstance(one, dict):
        return {name: _mapped(function, *(b[name] for b in batches)) for name in one}
    if isinstance(one, tuple):
        return tuple(_mapped(function, *parts) for parts in zip(*batches))
    return function(*batches)


def _leaves(batch: Any) -> Iterator[NDArray[Any]]:
    if isinstance(batch, dict | tuple):
        for part in batch.values() if isinstance(batch, dict) else batch:
            yield from _leaves(part)
    else:
        yield batch


def _submit(pool: ProcessPoolExecutor, make: Callable[[int], Any], number: int) -> Future[Any]:
    """Ask for a batch; a process that is started for it never hears of Ctrl-C."""
    with _deaf():
        return pool.submit(make, number)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let SIGINT wait; processes started meanwhile inherit that, and we hear of it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live_and_die_with_parent() -> None:
    """Ignore Ctrl-C, which is for the parent, and end when the parent is gone, even killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
