"""Deterministic series of samples: in any order, on any number of workers, larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import draw_keys
from napari_stem3d.simulation.fields import is_number, is_whole
from napari_stem3d.simulation.scenes.scene import Image, Sample, Scene, record_scenes
from napari_stem3d.simulation.scenes.streaming import stream_samples

if TYPE_CHECKING:
    import dask.array as da

_BATCH = 64  # images recorded together


@dataclass(frozen=True)
class Dataset(Sequence[Sample]):
    """Deterministic series: sample i depends on the seed and on i alone, in any order.

    Attributes
    ----------
    draw : callable
        Makes a `Scene` from a `numpy.random.Generator`.
    length : int
        Number of samples.
    seed : int
        Seed of the series.
    """

    draw: Callable[[np.random.Generator], Scene]
    length: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse empty series and seeds that NumPy does not take."""
        if not is_whole(self.length, 1):
            raise InputError(f"length must be a whole number from 1 on. Received: {self.length!r}")
        if not is_whole(self.seed, 0):
            raise InputError(f"seed must be a whole number from 0 on. Received: {self.seed!r}")

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.length

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """Sample `index`, or a list of those in a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.length))]
        scene, rng, start = self._take(index)
        return scene.image(rng, start)

    def __iter__(self) -> Iterator[Sample]:
        """Iterate over the samples in their order."""
        return (self[i] for i in range(self.length))

    def scene(self, index: int) -> Scene:
        """Scene of sample `index`, not imaged."""
        return self._take(index)[0]

    def images(self, start: int = 0, stop: int | None = None) -> Image:
        """Images alone, many at a time on all cores: those of the samples, bit for bit.

        Parameters
        ----------
        start, stop : int
            First image and the one after the last; all by default.

        Returns
        -------
        ndarray, shape (stop - start, ny, nx), float32
            What the detector writes.

        Raises
        ------
        InputError
            If there are no such samples, or the scenes' grids have different shapes.
        """
        indices = self._span(start, stop)
        parts = []
        for first in range(indices.start, indices.stop, _BATCH):
            taken = [self._take(i) for i in indices[first - indices.start :][:_BATCH]]
            keys = np.concatenate([draw_keys(rng, 1) for _, rng, _ in taken])
            parts.append(record_scenes([t[0] for t in taken], keys, [t[2] for t in taken]))
        if len({part.shape[1:] for part in parts}) > 1:
            raise InputError("The images of a stack must have one shape. Received: several")
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def samples(
        self, start: int = 0, stop: int | None = None, workers: int = 1
    ) -> Iterator[Sample]:
        """Stream samples in their order, made by processes side by side.

        The stream is the same, bit for bit, for any number of workers. Closing it, as leaving a
        loop over it does, cancels what has not been made.

        Parameters
        ----------
        start, stop : int
            First sample and the one after the last; all by default.
        workers : int
            Number of processes; with 1, the samples are made in this one.

        Yields
        ------
        Sample
            Images with their truth.

        Raises
        ------
        InputError
            If there are no such samples, or `workers` is no number of processes.
        """
        if not is_whole(workers, 1, 1024):
            raise InputError(f"workers must be a whole number from 1 on. Received: {workers!r}")
        indices = self._span(start, stop)
        if workers == 1:
            return (self[i] for i in indices)
        return stream_samples(self, indices, workers, self.scene(indices[0]).grid.gpts)

    def to_dask(self, chunk: int = 64) -> da.Array:
        """Images as a lazy array, each block made from seed and index when it is asked for.

        The array runs on any Dask scheduler, on a cluster too, and may be larger than memory: write
        it chunk by chunk, as with ``dask.array.to_hdf5`` or ``to_zarr``.

        Parameters
        ----------
        chunk : int
            Images in each block.

        Returns
        -------
        dask.array.Array, shape (n, ny, nx), float32
            The very numbers of `images`.

        Raises
        ------
        InputError
            If `chunk` is no number of images.
        """
        import dask.array as da

        if not is_whole(chunk, 1):
            raise InputError(f"chunk must be a whole number from 1 on. Received: {chunk!r}")
        whole, rest = divmod(self.length, chunk)
        sizes = (chunk,) * whole + ((rest,) if rest else ())
        return da.map_blocks(
            _make_block,
            series=self,
            chunk=chunk,
            chunks=(sizes, *((n,) for n in self.scene(0).grid.gpts)),
            dtype=np.float32,
            meta=np.empty((0, 0, 0), np.float32),
        )

    def _take(self, index: int) -> tuple[Scene, np.random.Generator, float]:
        """Scene of a sample, what its noise is drawn from, and when its scan begins [s]."""
        rng = np.random.default_rng([self.seed, self._position(index)])
        return self.draw(rng), rng, 0.0

    def _position(self, index: Any) -> int:
        """Index counted from the first sample."""
        if not (is_number(index) and isinstance(index, Integral)):
            raise InputError(f"index must be a whole number or a slice. Received: {index!r}")
        if not -self.length <= int(index) < self.length:
            raise IndexError(f"index must lie in a series of {self.length}. Received: {index}")
        return int(index) % self.length

    def _span(self, start: int, stop: int | None) -> range:
        last = self.length if stop is None else stop
        if not (is_whole(start, 0) and is_whole(last, 0) and start < last <= self.length):
            raise InputError(
                f"start and stop must be a span of a series of {self.length}. "
                f"Received: {start!r} and {stop!r}"
            )
        return range(int(start), int(last))


def _make_block(series: Dataset, chunk: int, block_id: tuple[int, ...] | None = None) -> Any:
    first = (block_id or (0,))[0] * chunk
    return series.images(first, min(first + chunk, len(series)))
