"""Work through the frames of a file, one by one, so that an interrupted run can be taken up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import typer

from napari_stem3d._errors import InputError

from ._console import note, progress
from ._output import unfinished

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.signals import Stack

#: Files larger than this are read frame by frame.
LAZY_BYTES = 500_000_000

T = TypeVar("T")
#: Called with the number of finished and of all steps within a frame.
Tick = Callable[[int, int], None]


def open_image(path: Path, part: int) -> Stack:
    """Return one image, or stack of images, of a file.

    Parameters
    ----------
    path : Path
        The file.
    part : int
        Which image of a file that holds several, counted from 0.

    Returns
    -------
    Stack
        The image with its calibration.

    Raises
    ------
    InputError
        If the file cannot be used, or has no such part.
    """
    from napari_stem3d.analysis.frames import checked_frame
    from napari_stem3d.signals import load

    lazy = path.is_file() and path.stat().st_size > LAZY_BYTES
    stacks = load(path, lazy=lazy)
    if part >= len(stacks):
        raise InputError(f"{path} holds {len(stacks)} images, counted from 0. Received: {part}")
    if len(stacks) > 1:
        titles = ", ".join(f"{i}: {stack.title}" for i, stack in enumerate(stacks))
        note(f"{path.name} holds several images ({titles}); this is part {part}.")
    for sentence in stacks[0].notes:
        note(sentence)
    try:
        checked_frame(stacks[part].frame(0))
    except InputError as error:
        raise InputError(f"{path.name} holds no image that can be analysed. {error}") from error
    return stacks[part]


def upright(stack: Stack, invert: bool) -> Stack:
    """Return a stack as the networks want it, and say so if it does not look like that.

    Parameters
    ----------
    stack : Stack
        Images.
    invert : bool
        Whether to turn the grey values over.

    Returns
    -------
    Stack
        The same images, or their negatives.
    """
    import numpy as np

    from napari_stem3d.analysis.contrast import looks_inverted

    if invert:
        data = stack.data.astype(np.promote_types(stack.data.dtype, np.float32))
        stack = replace(stack, data=-data)
    if looks_inverted(stack.frame(0)):
        way = "without --invert it does not" if invert else "--invert turns it over"
        note(
            "the image looks like bright field, dark particles on a bright support, while the "
            f"networks know bright particles on a dark one; {way}."
        )
    return stack


@dataclass
class Run(Generic[T]):
    """The results of the frames so far.

    Attributes
    ----------
    results : list
        One result per finished frame.
    particles : int
        Number of particles in them.
    """

    results: list[T] = field(default_factory=list)
    particles: int = 0

    def add(self, result: T, particles: int) -> None:
        """Take in the result of the next frame, and the number of particles in it."""
        self.results.append(result)
        self.particles += particles

    def frames(self, stack: Stack, label: str) -> Iterator[tuple[int, np.ndarray, Tick]]:
        """Yield the frames that are left: index, image, and a function to tell how far it is."""
        total = stack.frame_count
        with progress(label, total) as advance:
            for index, frame in enumerate(stack.frames):
                if index < len(self.results):
                    continue

                def tick(done: int, steps: int, index: int = index) -> None:
                    advance(index + done / max(steps, 1))

                yield index, frame, tick
                advance(index + 1)


@contextmanager
def resumable(
    out: Path,
    job: dict[str, Any],
    save: Callable[[list[T], Path], None],
    load: Callable[[Path, int], list[T]],
) -> Iterator[Run[T]]:
    """Keep what is finished when the work is interrupted, and go on from there the next time.

    Parameters
    ----------
    out : Path
        Where the whole result shall go; what is finished is kept beside it, in the same format.
    job : dict
        What the results depend on. Only a run of the same job is taken up.
    save, load : callable
        Write the results of the finished frames to a path, and read that many of them again.

    Yields
    ------
    Run
        The results so far, to be added to.
    """
    kept = unfinished(out)
    memo = kept.with_suffix(".json")
    run = _take_up(kept, memo, job, load)
    try:
        yield run
    except BaseException as reason:
        if run.results:
            from napari_stem3d.signals import write_beside

            with write_beside(kept) as beside:
                save(run.results, beside)
            state = {"job": job, "frames": len(run.results), "particles": run.particles}
            memo.write_text(json.dumps(state, indent=2), encoding="utf-8")
            note(
                f"{len(run.results)} finished frames are in {kept}; "
                "the same command again goes on from there."
            )
        if isinstance(reason, KeyboardInterrupt):
            raise typer.Exit(130) from None
        raise
    kept.unlink(missing_ok=True)
    memo.unlink(missing_ok=True)


def job_of(path: Path, **settings: Any) -> dict[str, Any]:
    """Return what tells one job from another: the input, as it is now, and the settings."""
    facts = path.stat()
    return {"input": str(path.resolve()), "bytes": facts.st_size, "time": facts.st_mtime} | settings


def _take_up(
    kept: Path, memo: Path, job: dict[str, Any], load: Callable[[Path, int], list[T]]
) -> Run[T]:
    """Return the run that an earlier one of the same job left behind, or a fresh one."""
    try:
        state = json.loads(memo.read_text(encoding="utf-8"))
        if state["job"] != job:
            return Run()
        run = Run(load(kept, state["frames"]), state["particles"])
    except (OSError, ValueError, KeyError):
        return Run()
    if len(run.results) != state["frames"]:
        return Run()
    note(f"going on after {len(run.results)} frames that are in {kept}.")
    return run
