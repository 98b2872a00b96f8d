"""`stem3d demo`: the main job end to end, on a sample or on a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, SEGMENTATION, Json, Part, Seed
from ._console import counted, import_keras, show_table, to_json
from ._frames import Run, open_image
from ._pictures import Pictures
from ._sample import make_sample
from .classify import numbered_on as rows_on
from .classify import write_tables
from .segment import labels_like
from .segment import numbered_on as labels_on

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from napari_stem3d.signals import Stack


def demo(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Image or stack; a simulated sample by default."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is written.")] = Path("demo"),
    part: Part = 0,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Do the main job end to end: load, segment, classify, measure, show.

    Without a FILE a sample is simulated and saved first. Writes pictures, particles.csv and
    labels.tif into the folder of --out, and prints a table.
    """
    import pandas as pd

    from napari_stem3d.signals import save, write_beside

    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, and {out} is a file.")
    out.mkdir(parents=True, exist_ok=True)
    if file is None:
        file = out / "sample.hspy"
        save(make_sample(seed), file)
    stack = open_image(file, part)
    import_keras()
    labels, tables, thickness = _find_and_name(stack)
    save(labels_like(stack, labels, SEGMENTATION), out / "labels.tif")
    with write_beside(out / "particles.csv") as beside:
        write_tables(tables, beside)
    table = pd.concat(tables)
    pictures = Pictures(out, stack)
    drawn = [
        pictures.draw_image(),
        pictures.draw_classes(labels[0], tables[0]),
        pictures.draw_thickness(thickness),
        pictures.draw_sizes(table, table.columns[-1]),
    ]
    facts: dict[str, Any] = {
        "input": str(file),
        "out": str(out),
        "frames": stack.frame_count,
        "pictures": [path.name for path in drawn],
        "shapes": _summary(table),
    }
    if json:
        typer.echo(to_json(facts))
        return
    title = f"{facts['input']}: {counted(stack.frame_count, 'frame')}"
    show_table(facts["shapes"], title, as_json=False)
    typer.echo(f"In {out}: {', '.join([*facts['pictures'], 'particles.csv', 'labels.tif'])}")


def _find_and_name(stack: Stack) -> tuple[list[np.ndarray], list[pd.DataFrame], np.ndarray]:
    """Return the labels and the particles of every frame, and the thickness of the first."""
    from napari_stem3d.analysis.classification import classify_frame
    from napari_stem3d.analysis.particles import measure_particles
    from napari_stem3d.analysis.segmentation import segment_frame

    labels: Run[np.ndarray] = Run()
    tables: list[pd.DataFrame] = []
    thickness: list[np.ndarray] = []
    for index, frame, tick in labels.frames(stack, "Find and name particles"):
        found = segment_frame(frame, SEGMENTATION, progress=tick)
        table = classify_frame(frame, found.labels, CLASSIFICATION)
        sizes = measure_particles(found.labels, stack.sampling_nm).drop(columns=["y", "x"])
        table = table.merge(sizes, on="particle")
        tables.append(rows_on(table, index, labels.particles))
        labels.add(labels_on(found.labels, labels.particles), int(found.labels.max()))
        thickness = thickness or [found.thickness]
    return labels.results, tables, thickness[0]


def _summary(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row per shape: how many, how large, and how many with deformed corners."""
    diameter = table.columns[-1]
    return [
        {
            "shape": shape,
            "particles": len(rows),
            "deformed": int(rows["deformed"].sum()),
            f"mean_{diameter}": float(rows[diameter].mean()),
            "mean_probability": float(rows["shape_probability"].mean()),
        }
        for shape, rows in table.groupby("shape")
    ]
