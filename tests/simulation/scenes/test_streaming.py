"""Samples made by processes side by side."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Choice,
    Cuboid,
    Dataset,
    Grid,
    Motion,
    Particle,
    Random,
    Sample,
    Scene,
    Sphere,
    Uniform,
    simulate,
)
from napari_stem3d.simulation.scenes.streaming import _interrupt_later

pytestmark = pytest.mark.slow  # the processes have to start

GRID = Grid((48, 60), (0.5, 0.4))


def fingerprint(sample: Sample) -> str:
    arrays = (sample.image, sample.thickness, sample.labels, sample.times)
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_makes_the_same_stream(workers: int) -> None:
    """SIM-24, P-10: bit for bit, in the same order."""
    series = simulate(
        Choice([Sphere(5.0), Random(Cuboid, a=Uniform(4, 8))]), frames=50, particles=2, grid=GRID
    )
    alone = [fingerprint(sample) for sample in series.samples(3, 45)]
    assert alone == [fingerprint(series[i]) for i in range(3, 45)]
    together = list(series.samples(3, 45, workers=workers))
    assert [fingerprint(sample) for sample in together] == alone
    assert together[7].truth() == series[10].truth()


def test_closing_a_stream_cancels_the_rest() -> None:
    """SIM-24: cancellable; a million samples would take minutes."""
    series = simulate(Sphere(5.0), frames=1_000_000, grid=GRID)
    stream = series.samples(workers=2)
    first = list(itertools.islice(stream, 3))
    begun = time.perf_counter()
    stream.close()
    assert time.perf_counter() - begun < 30
    assert [fingerprint(s) for s in first] == [fingerprint(series[i]) for i in range(3)]
    assert next(stream, None) is None


def test_an_error_in_a_worker_reaches_the_loop() -> None:
    series = simulate(Random(Sphere, diameter=Choice([5.0, 1e9], [30, 1])), frames=200, grid=GRID)
    with pytest.raises(InputError, match=r"Sphere\.diameter must lie between"):
        list(series.samples(workers=2))


def test_a_movie_is_streamed_too() -> None:
    """SIM-24, SIM-25."""
    motion = Motion(rotational_diffusion=1.0, velocity=2.0)
    movie = simulate(Cuboid(6, 7, 8), motion=motion, movie=True, frames=40, grid=GRID)
    for sample, expected in zip(movie.samples(workers=2), movie):
        assert fingerprint(sample) == fingerprint(expected)
        assert sample.truth() == expected.truth()


def test_images_may_have_different_sizes() -> None:
    sizes = Dataset(
        lambda rng: Scene([Particle(Sphere(4.0), (3, 3))], Grid((20, int(rng.integers(20, 23))))),
        40,
    )
    together = list(sizes.samples(workers=2))
    assert len({sample.image.shape for sample in together}) == 3
    assert [fingerprint(s) for s in together] == [fingerprint(s) for s in sizes]


@dataclass(frozen=True)
class Counted:
    """Leaves a mark for every scene that is drawn."""

    folder: Path

    def __call__(self, rng: np.random.Generator) -> Scene:
        (self.folder / f"{rng.integers(2**60)}").touch()
        return Scene([], Grid((8, 8)))


def test_nothing_piles_up_while_the_stream_waits(tmp_path: Path) -> None:
    """However slowly the samples are fetched, only a few are made ahead."""
    stream = Dataset(Counted(tmp_path), 5000).samples(workers=2)
    next(stream)
    time.sleep(2)
    ahead = len(list(tmp_path.iterdir()))
    assert 1 < ahead < 200
    assert len(list(itertools.islice(stream, 300))) == 300
    stream.close()
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) < 600


def test_ctrl_c_waits_until_processes_have_started_and_does_not_reach_them() -> None:
    """Half-started processes left the program hanging at its end."""
    steps = []
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with pytest.raises(KeyboardInterrupt), _interrupt_later():
        os.kill(os.getpid(), signal.SIGINT)
        steps.append(subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True))
        steps.append("done")
    assert steps[0].stdout == b"True\n"
    assert steps[1] == "done"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_streams_run_outside_of_the_main_thread() -> None:
    series = simulate(Sphere(5.0), frames=3, grid=GRID)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(lambda: list(series.samples(workers=2))).result()
    assert [fingerprint(sample) for sample in made] == [fingerprint(sample) for sample in series]
