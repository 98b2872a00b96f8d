"""Samples made by processes side by side, in their order."""

from __future__ import annotations

import functools
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.scenes.scene import Sample

_CHUNK = 16  # samples that a worker makes at a time
_AHEAD = 2  # chunks for each worker that are under way: one is made while the other is fetched


def stream_samples(
    series: Sequence[Sample], indices: range, workers: int, gpts: tuple[int, int]
) -> Iterator[Sample]:
    """Stream samples in their order; closing the stream cancels what has not been made.

    A few chunks are under way at any time, however slowly they are fetched. The pixels pass
    through a file that all processes map into their memory, because sending them through pipes
    takes half as long as making them.

    Parameters
    ----------
    series : sequence of Sample
        What the workers get, pickled, and index.
    indices : range
        Which samples.
    workers : int
        Number of processes.
    gpts : tuple of int
        Pixels of most images; those of another shape go through pipes.

    Yields
    ------
    Sample
        The same as those of the series, bit for bit.
    """
    slots = _AHEAD * workers
    tasks = deque(indices[k : k + _CHUNK] for k in range(0, len(indices), _CHUNK))
    under_way: deque[Any] = deque()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = str(Path(folder) / "pixels"), (slots, _CHUNK, 3, *gpts)
        pixels = np.memmap(place[0], np.float32, "w+", shape=place[1])

        def submit(slot: int) -> None:
            from joblib.externals.loky import get_reusable_executor

            with _interrupt_later():  # this may start processes
                executor = get_reusable_executor(workers, env={"NUMBA_NUM_THREADS": "1"})
                under_way.append(executor.submit(_make, series, tasks.popleft(), place, slot))

        try:
            for slot in range(min(slots, len(tasks))):
                submit(slot)
            slot = 0
            while under_way:
                made = under_way.popleft().result()
                samples = [_unpack(*each) for each in zip(made, pixels[slot])]
                if tasks:  # the slot is free again
                    submit(slot)
                slot = (slot + 1) % slots
                yield from samples
        finally:
            for future in under_way:
                future.cancel()
            del pixels


@contextmanager
def _interrupt_later() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block, and for good in processes started in it.

    Interrupted halfway, loky's start of a process leaves the program hanging when it ends. And a
    terminal interrupts all processes of a command at once, of which one is enough.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield  # Python interrupts nothing but the main thread
        return
    held: list[Any] = []
    signal.signal(signal.SIGINT, lambda *received: held.append(received))
    mask = getattr(signal, "pthread_sigmask", lambda how, signals: signals)  # not on Windows
    blocked = mask(getattr(signal, "SIG_BLOCK", 0), {signal.SIGINT})
    try:
        yield
    finally:
        mask(getattr(signal, "SIG_SETMASK", 0), blocked)
        signal.signal(signal.SIGINT, before)
    if held:
        before(*held[0])


def _make(
    series: Sequence[Sample], indices: range, place: tuple[str, tuple[int, ...]], slot: int
) -> list[Any]:
    """Write the pixels of samples into a slot; return the rest, or what does not fit."""
    pixels = _mapped(*place)[slot]
    made: list[Any] = []
    for own, index in zip(pixels, indices):
        sample = series[index]
        if sample.image.shape == own.shape[1:]:
            own[0], own[1], own[2] = sample.image, sample.thickness, sample.labels.view(np.float32)
            made.append((sample.particles, sample.grid, sample.times))
        else:
            made.append(sample)
    return made


@functools.lru_cache(maxsize=1)
def _mapped(path: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.memmap(path, np.float32, "r+", shape=shape)


def _unpack(made: Any, pixels: NDArray[np.float32]) -> Sample:
    if isinstance(made, Sample):
        return made
    image, thickness, labels = (np.array(plane) for plane in pixels)
    return Sample(image, thickness, labels.view(np.int32), *made)
