"""`stem3d classify`: shape and deformation of every particle, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, GROUND_TRUTH, SEGMENTATION, Input, Invert, Json, Part, Zoom
from ._console import counted, import_keras, note, report
from ._frames import job_of, open_image, resumable, upright
from ._output import check_out

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from napari_stem3d.signals import Stack

_DOUBT = 0.5  # probability of one object below which the user is told


def classify(
    image: Input,
    out: Annotated[Path, typer.Option(help="Table to write: .csv.")],
    network: Annotated[str, typer.Option(help="Classification network to use.")] = CLASSIFICATION,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the particles.")
    ] = SEGMENTATION,
    same_object: Annotated[
        bool,
        typer.Option(
            "--same-object", help="All frames show one object in unknown poses: one row for it."
        ),
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="With --same-object: one row after each of the images.")
    ] = False,
    ground_truth: Annotated[
        str, typer.Option(help="Network that judges the views of the same object together.")
    ] = GROUND_TRUTH,
    zoom: Zoom = None,
    invert: Invert = False,
    part: Part = 0,
    json: Json = False,
) -> None:
    """Name the shape, any deformation and the number of deformed corners of every particle.

    One row per particle of every frame; `particle` is its label in what `stem3d segment` writes.
    With `--same-object` the largest particle of every frame, of those that lie wholly inside it,
    is taken for the same object, and one row says what it is, how probable it is that the frames
    show one object, and about how many more images it takes to be 95 % sure.
    """
    from napari_stem3d.analysis.classification import classify_frame
    from napari_stem3d.analysis.joint.outlook import more_words
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import write_beside

    check_out(out, (".csv",))
    if each and not same_object:
        raise InputError("--each needs --same-object. Received: --each alone")
    stack = upright(open_image(image, part), invert)
    import_keras()
    settings = {"zoom": zoom, "part": part, "invert": invert}
    if same_object:
        networks = (segmentation, network, ground_truth)
        job = job_of(image, task="same object", networks=[segmentation, network], **settings)
        facts = _classify_object(stack, out, job, networks, zoom, each)
        words = f"{facts['shape']}, {counted(facts['corners'], 'deformed corner')}"
        words += f", from {counted(facts['images'], 'image')}; {more_words(facts['more_images'])}"
        report({"out": str(out), **facts}, f"{out}: {words}", json)
        return
    job = job_of(image, task="classify", networks=[segmentation, network], **settings)
    with resumable(out, job, write_tables, read_tables) as run:
        for index, frame, tick in run.frames(stack, "Classify"):
            labels = segment_frame(frame, segmentation, zoom=zoom, progress=tick).labels
            table = classify_frame(frame, labels, network)
            run.add(numbered_on(table, index, run.particles), int(labels.max()))
        with write_beside(out) as beside:
            write_tables(run.results, beside)
    facts = {"out": str(out), "frames": stack.frame_count, "particles": run.particles}
    found = counted(run.particles, "particle")
    report(facts, f"{out}: {found} in {counted(stack.frame_count, 'frame')}", json)


def _classify_object(
    stack: Stack,
    out: Path,
    job: dict[str, Any],
    networks: Sequence[str],
    zoom: float | None,
    each: bool,
) -> dict[str, Any]:
    """Write what the frames say of their object, and return what all of them say."""
    import numpy as np

    from napari_stem3d.analysis.same_object import describe_frame, object_table, object_tables
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import write_beside

    with resumable(out, job, _write_views, _read_views) as run:
        for _, frame, tick in run.frames(stack, "Classify"):
            labels = segment_frame(frame, networks[0], zoom=zoom, progress=tick).labels
            run.add(describe_frame(frame, labels, networks[1]), int(labels.max()))
        views = np.concatenate(run.results)
        if len(views):
            table = (object_tables if each else object_table)(views, networks[2])
            with write_beside(out) as beside:
                write_tables([table], beside)
    if not len(views):
        raise InputError(
            "The images must show the object. "
            f"Received: {counted(stack.frame_count, 'frame')} without any particle"
        )
    if run.particles > len(views):
        note(f"{run.particles - len(views)} other particles beside the object are left out.")
    if len(views) < stack.frame_count:
        note(f"{counted(stack.frame_count - len(views), 'frame')} without a particle left out.")
    facts = table.iloc[-1].to_dict()
    if facts["same_object"] < _DOUBT:
        note(
            "the images seem to show different objects: the probability of one object is "
            f"{facts['same_object']:.2g}."
        )
    return facts


def numbered_on(table: pd.DataFrame, frame: int, particles: int) -> pd.DataFrame:
    """Return one frame's table as a part of the table of all frames.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `classify_frame`.
    frame : int
        Index of the frame, which becomes the first column.
    particles : int
        Number of particles in earlier frames, on which the numbers follow.

    Returns
    -------
    pandas.DataFrame
        One row per particle.
    """
    table = table.assign(particle=table["particle"] + particles)
    table.insert(0, "frame", frame)
    return table


def write_tables(frames: list[pd.DataFrame], path: Path) -> None:
    """Write the tables of all frames as one CSV file."""
    import pandas as pd

    table = pd.concat([rows for rows in frames if len(rows)] or frames[:1])
    for column in table.select_dtypes(bool):
        table[column] = table[column].map({True: "true", False: "false"})
    table.to_csv(path, index=False)


def read_tables(path: Path, frames: int) -> list[pd.DataFrame]:
    """Return the tables of the first frames, which may have no rows."""
    import pandas as pd

    # Words all through: what is written again shall not differ in its last digit.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [table[table["frame"] == str(frame)] for frame in range(frames)]


def _write_views(frames: list[np.ndarray], path: Path) -> None:
    """Write the views of all frames, none or one of each, as one CSV file."""
    import pandas as pd

    parts = [pd.DataFrame(rows).assign(frame=index) for index, rows in enumerate(frames)]
    pd.concat(parts).to_csv(path, index=False)


def _read_views(path: Path, frames: int) -> list[np.ndarray]:
    """Return the views of the first frames."""
    import numpy as np
    import pandas as pd

    table = pd.read_csv(path)
    views = table.drop(columns="frame").to_numpy(np.float32)
    return [views[table["frame"] == frame] for frame in range(frames)]
