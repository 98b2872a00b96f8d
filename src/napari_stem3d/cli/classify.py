"""`stem3d classify`: shape and deformation of every particle, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._arguments import CLASSIFICATION, SEGMENTATION, Input, Json, Part, Zoom
from ._console import counted, import_keras, report
from ._frames import job_of, open_image, resumable
from ._output import check_out

if TYPE_CHECKING:
    import pandas as pd


def classify(
    image: Input,
    out: Annotated[Path, typer.Option(help="Table to write: .csv.")],
    network: Annotated[str, typer.Option(help="Classification network to use.")] = CLASSIFICATION,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the particles.")
    ] = SEGMENTATION,
    zoom: Zoom = None,
    part: Part = 0,
    json: Json = False,
) -> None:
    """Name the shape, any deformation and the number of deformed corners of every particle.

    One row per particle of every frame; `particle` is its label in what `stem3d segment` writes.
    """
    from napari_stem3d.analysis.classification import classify_frame
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import write_beside

    check_out(out, (".csv",))
    stack = open_image(image, part)
    import_keras()
    job = job_of(image, task="classify", networks=[segmentation, network], zoom=zoom, part=part)
    with resumable(out, job, write_tables, _read_tables) as run:
        for index, frame, tick in run.frames(stack, "Classify"):
            labels = segment_frame(frame, segmentation, zoom=zoom, progress=tick).labels
            table = classify_frame(frame, labels, network)
            run.add(numbered_on(table, index, run.particles), int(labels.max()))
        with write_beside(out) as beside:
            write_tables(run.results, beside)
    facts = {"out": str(out), "frames": stack.frame_count, "particles": run.particles}
    found = counted(run.particles, "particle")
    report(facts, f"{out}: {found} in {counted(stack.frame_count, 'frame')}", json)


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


def _read_tables(path: Path, frames: int) -> list[pd.DataFrame]:
    """Return the tables of the first frames, which may have no rows."""
    import pandas as pd

    # Words all through: what is written again shall not differ in its last digit.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [table[table["frame"] == str(frame)] for frame in range(frames)]
