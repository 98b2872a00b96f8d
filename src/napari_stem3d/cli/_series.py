"""Series of simulated samples: made on all cores, kept when interrupted, written with the truth."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_stem3d._errors import InputError

from ._console import counted, note, progress, report
from ._output import unfinished

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.signals import Axis
    from napari_stem3d.simulation import Dataset, Grid

#: Seconds of work left that are worth the second or two in which processes start.
WORTH_STARTING = 20.0
_KEPT = 8  # bytes per pixel of a frame, which is copied once as the stack is put together
_WORK = 64  # bytes per pixel of the frame that is being made


@dataclass
class Series:
    """Samples from `first` on, as far as they were made.

    Attributes
    ----------
    first, length : int
        Index of the first sample, and number of samples of the whole series.
    images : list of ndarray, shape (ny, nx)
        The images.
    maps : dict of str to list of ndarray
        What else is kept of each sample, by the name of its attribute.
    rows : list of dict
        The truth, with the index of the frame.
    """

    first: int
    length: int
    images: list[np.ndarray] = field(default_factory=list)
    maps: dict[str, list[np.ndarray]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stop(self) -> int:
        """Index after that of the last sample made."""
        return self.first + len(self.images)

    @classmethod
    def draw(
        cls, data: Dataset, first: int, workers: int | None, maps: Sequence[str] = ()
    ) -> Series:
        """Make the samples, or keep those that were finished when Ctrl-C was pressed.

        Parameters
        ----------
        data : Dataset
            The whole series.
        first : int
            Index of the first sample to make.
        workers : int or None
            Number of processes; None for all cores where that is worth starting them.
        maps : sequence of str
            Attributes of the samples to keep besides the image.
        """
        if first >= len(data):
            raise InputError(f"--first must be less than --frames, {len(data)}. Received: {first}")
        series = cls(first, len(data), maps={name: [] for name in maps})
        with progress("Simulate", len(data)) as advance:
            try:
                for sample in _stream(data, first, workers):
                    rows = [{"frame": series.stop, **row} for row in sample.truth()]
                    series.rows += rows
                    for name, kept in series.maps.items():
                        kept.append(getattr(sample, name))
                    series.images.append(sample.image)
                    advance(series.stop)
            except KeyboardInterrupt:
                if not series.images:
                    raise
                # The last sample may be there in part.
                series.rows = [row for row in series.rows if row["frame"] < series.stop]
                for kept in series.maps.values():
                    del kept[len(series.images) :]
        return series

    def write(
        self,
        paths: Mapping[str, Path],
        truth: Path,
        axes: Sequence[Axis],
        metadata: dict[str, Any],
        as_json: bool,
        of: str,
    ) -> None:
        """Write the images, the maps and the truth, and say what was made.

        Parameters
        ----------
        paths : mapping of str to Path
            Where the ``images`` and each of the maps go; an interrupted series goes beside.
        truth : Path
            Where the table goes.
        axes : sequence of Axis
            Of the frames, the rows and the columns.
        metadata : dict
            Of the images; columns of the truth are added.
        as_json : bool
            Say it in JSON.
        of : str
            What a row of the truth is about.

        Raises
        ------
        typer.Exit
            With the status 130 if the series is not complete.
        """
        import numpy as np
        import pandas as pd

        from napari_stem3d.signals import Stack, save, write_beside

        complete = self.stop == self.length
        places = {name: path if complete else unfinished(path) for name, path in paths.items()}
        table = pd.DataFrame(self.rows)
        # Columns, because HyperSpy's files keep arrays of numbers and words, but no rows.
        stem3d = metadata["Stem3D"] | {"first": self.first, "truth": table.to_dict("list")}
        title = metadata["General"]["title"]
        with write_beside(truth if complete else unfinished(truth)) as beside:
            table.to_csv(beside, index=False)
            for name, frames in self.maps.items():
                save(Stack(np.stack(frames), tuple(axes), f"{name} of {title}"), places[name])
            images = np.stack(self.images)
            save(Stack(images, tuple(axes), title, metadata | {"Stem3D": stem3d}), places["images"])
        facts = {"out": str(places["images"]), "frames": len(images), f"{of}s": len(table)}
        made = counted(len(images), "frame")
        report(facts, f"{facts['out']}: {made} with {counted(len(table), of)}", as_json)
        if not complete:
            note(f"interrupted; the same command with --first {self.stop} makes the other frames.")
            raise typer.Exit(130)


def check_memory(grid: Grid, frames: int, maps: int = 0) -> None:
    """Refuse what this machine could not hold, before hours are spent on it.

    Parameters
    ----------
    grid : Grid
        Pixels of a frame.
    frames, maps : int
        Number of frames to keep, and of other maps to keep of each.

    Raises
    ------
    InputError
        If the frames, and the work on one of them, take more than the memory of the machine.
    """
    ny, nx = grid.gpts
    needed = ny * nx * (_KEPT * frames * (1 + maps) + _WORK)
    if needed > _memory():
        raise InputError(
            f"--frames and --size must fit into the memory of {_memory() / 1e9:.0f} GB. Received: "
            f"{counted(frames, 'frame')} of {ny} x {nx} pixels, which take {needed / 1e9:.0f} GB"
        )


def _memory() -> float:
    """Memory of this machine [bytes], infinite where it cannot be told."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def image_axes(grid: Grid, first: int, frame_time: float | None = None) -> tuple[Axis, ...]:
    """Return the axes of a stack: frames, or a movie's time [s], then y and x [nm]."""
    from napari_stem3d.signals import Axis

    frames = Axis("frame", 1.0, float(first), "")
    if frame_time is not None:
        frames = Axis("time", frame_time, first * frame_time, "s")
    return frames, *(Axis(name, step, 0.0, "nm") for name, step in zip("yx", grid.sampling))


def _stream(data: Dataset, first: int, workers: int | None) -> Iterator[Any]:
    """Yield samples, made by several processes where that is asked for or worth while."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if workers is None and cores != 1:
        yield data[first]  # compiles what all others use, and so tells nothing about their time
        start = time.perf_counter()
        for index in range(first + 1, len(data)):
            each = (time.perf_counter() - start) / max(index - first - 1, 1)
            if each * (len(data) - index) > WORTH_STARTING:
                yield from data.samples(index, workers=cores or 1)
                return
            yield data[index]
        return
    yield from data.samples(first, workers=workers or 1)
