"""`stem3d segment`: every particle of an image or stack as a label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._arguments import SEGMENTATION, Input, Invert, Json, Part, Zoom
from ._console import counted, import_keras, report
from ._frames import job_of, open_image, resumable, upright
from ._output import check_out

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.signals import Stack

ENDINGS = (".tif", ".tiff", ".hspy", ".npz")


def segment(
    image: Input,
    out: Annotated[Path, typer.Option(help="Labels to write: .tif, .hspy or .npz.")],
    network: Annotated[str, typer.Option(help="Segmentation network to use.")] = SEGMENTATION,
    zoom: Zoom = None,
    invert: Invert = False,
    part: Part = 0,
    json: Json = False,
) -> None:
    """Find the particles: labels in the shape of the input, 0 where there is none.

    Labels are numbered 1, 2, 3 … through the whole stack.
    """
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import save

    check_out(out, ENDINGS)
    stack = upright(open_image(image, part), invert)
    import_keras()
    job = job_of(image, task="segment", network=network, zoom=zoom, part=part, invert=invert)
    with resumable(out, job, _save_frames, _load_frames) as run:
        for _, frame, tick in run.frames(stack, "Segment"):
            labels = segment_frame(frame, network, zoom=zoom, progress=tick).labels
            run.add(numbered_on(labels, run.particles), int(labels.max()))
        save(labels_like(stack, run.results, network), out)
    facts = {"out": str(out), "frames": stack.frame_count, "particles": run.particles}
    found = counted(run.particles, "particle")
    report(facts, f"{out}: {found} in {counted(stack.frame_count, 'frame')}", json)


def numbered_on(labels: np.ndarray, particles: int) -> np.ndarray:
    """Return labels that follow on those of the `particles` particles of earlier frames."""
    import numpy as np

    return np.where(labels > 0, labels + particles, 0).astype(np.int32)


def labels_like(stack: Stack, frames: list[np.ndarray], network: str) -> Stack:
    """Return the labels with the axes of the image."""
    import numpy as np

    from napari_stem3d._version import __version__

    title = f"labels of {stack.title}"
    metadata = {
        "General": {"title": title},
        "Stem3D": {"segmentation": {"network": network, "version": __version__}},
    }
    data = np.stack(frames).reshape(stack.data.shape)
    return replace(stack, data=data, title=title, metadata=metadata)


def _save_frames(frames: list[np.ndarray], path: Path) -> None:
    import numpy as np

    from napari_stem3d.signals import Axis, Stack, save

    axes = tuple(Axis(name, 1.0, 0.0, "") for name in ("frame", "y", "x"))
    save(Stack(np.stack(frames), axes, "unfinished labels", {}), path)


def _load_frames(path: Path, frames: int) -> list[np.ndarray]:
    from napari_stem3d.signals import load

    return list(load(path)[0].frames)[:frames]
