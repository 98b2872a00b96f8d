"""`stem3d measure`: volume, sizes, vertices and corners of every particle, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, SEGMENTATION, Input, Invert, Json, Part, Zoom
from ._console import counted, import_keras, note, report
from ._frames import job_of, open_image, resumable, upright
from ._options import DerivedCommand, Group
from ._output import check_different, check_out, unfinished
from .classify import numbered_on, read_tables, write_tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from napari_stem3d.analysis.weighing import Balance
    from napari_stem3d.signals import Stack

    Result = tuple[pd.DataFrame, "np.ndarray | None"]

_IMAGES = (".tif", ".tiff", ".hspy", ".npz")


class MeasureCommand(DerivedCommand):
    """A command with options for what turns grey values into matter."""

    def groups(self) -> list[Group]:
        """Return the levels of the detector, the material and the beam."""
        from napari_stem3d.analysis.weighing import Balance

        default, panel = Balance(), "What turns grey values into matter"
        scattering = ("material", "density", "inner", "outer", "calibration", "saturating")
        return [
            Group("balance", default, panel, "balance"),
            Group("contrast", default.contrast, panel, only=scattering),
            Group("beam", default.beam, panel, only=("high_voltage",)),
        ]


def measure(
    ctx: typer.Context,
    image: Input,
    out: Annotated[Path, typer.Option(help="Table to write: .csv.")],
    labels: Annotated[
        Path | None,
        typer.Option(help="Particles, as `stem3d segment` writes them; searched by default."),
    ] = None,
    heights: Annotated[
        Path | None, typer.Option(help="Also write the thickness of every pixel: .tif, .hspy …")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw histograms: .png.")] = None,
    fit: Annotated[
        bool,
        typer.Option(help="Fit bodies, whose corners are more exact: a second or so a particle."),
    ] = False,
    network: Annotated[str, typer.Option(help="Classification network to use.")] = CLASSIFICATION,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the particles.")
    ] = SEGMENTATION,
    zoom: Zoom = None,
    invert: Invert = False,
    part: Part = 0,
    json: Json = False,
) -> None:
    """Measure volume, height, projected area, vertices and corners of every particle.

    One row per particle of every frame, in nm where the image is calibrated and in pixels where it
    is not, with a standard error beside each quantity. Volumes are weighed where the levels of the
    detector are known, from --balance-full-beam or from the file; elsewhere they are what the
    network guesses from the form of the particles.
    """
    from napari_stem3d.analysis.measurement import as_text, measure_frame
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import write_beside

    outs = _checked_outs(out, heights, plot)
    stack = upright(open_image(image, part), invert)
    given = None if labels is None else _labels_for(stack, labels)
    balance = _balance(ctx.obj, stack)
    import_keras()
    job = job_of(
        image, task="measure", networks=[segmentation, network], zoom=zoom, part=part,
        invert=invert, fit=fit, balance=repr(balance), outs=[*map(str, outs)],
        labels=None if labels is None else job_of(labels),
    )  # fmt: skip
    save, load = _keepers(heights)
    notes: dict[str, None] = {}
    with resumable(out, job, save, load) as run:
        for index, frame, tick in run.frames(stack, "Measure"):
            own = (
                segment_frame(frame, segmentation, zoom=zoom).labels
                if given is None
                else given.frame(index)
            )
            found = measure_frame(
                frame, own, stack.sampling_nm, balance,
                classification=network, segmentation=segmentation, fit=fit, progress=tick,
            )  # fmt: skip
            notes |= dict.fromkeys(found.notes)
            table = numbered_on(as_text(found.table), index, 0 if given else run.particles)
            run.add((table, found.height if heights else None), len(table))
        with write_beside(out) as beside:
            write_tables([table for table, _ in run.results], beside)
        if heights is not None:
            _save_heights(stack, run.results, heights, _unit(stack))
        if plot is not None:
            _draw(out, plot)
    if heights is not None:
        unfinished(heights).unlink(missing_ok=True)
    for sentence in notes:
        note(sentence)
    facts = {"frames": stack.frame_count, "particles": run.particles, "unit": _unit(stack)}
    found_words = counted(run.particles, "particle")
    report(
        {**{name.removeprefix("--"): str(path) for name, path in outs.items()}, **facts},
        f"{out}: {found_words} in {counted(stack.frame_count, 'frame')}, lengths in {_unit(stack)}",
        json,
    )


def _checked_outs(out: Path, heights: Path | None, plot: Path | None) -> dict[str, Path]:
    """Return what is written, by option."""
    endings = {"--out": (".csv",), "--heights": _IMAGES, "--plot": (".png",)}
    outs = {"--out": out, "--heights": heights, "--plot": plot}
    wanted = {option: path for option, path in outs.items() if path is not None}
    for option, path in wanted.items():
        check_out(path, endings[option], option)
    check_different(wanted)
    return wanted


def _unit(stack: Stack) -> str:
    return "nm" if stack.calibrated else "px"


def _labels_for(stack: Stack, path: Path) -> Stack:
    """Return the labels of a file, which must have the shape of the image."""
    from napari_stem3d.signals import load

    labels = load(path)[0]
    if labels.frame(0).shape != stack.frame(0).shape or labels.frame_count != stack.frame_count:
        raise InputError(
            f"--labels must have the shape of the image, {stack.data.shape}. "
            f"Received: {path.name} of shape {labels.data.shape}"
        )
    return labels


def _balance(typed: dict[str, dict[str, Any]], stack: Stack) -> Balance:
    """Return the balance of the options, of the file's metadata and of the image's noise."""
    from napari_stem3d.analysis.measurement import balance_of
    from napari_stem3d.analysis.weighing import Balance
    from napari_stem3d.simulation import microscope_from_dict, microscope_of_metadata

    of_file, _ = microscope_of_metadata(stack.metadata)
    known = {name: typed[name] for name in ("contrast", "beam")}
    microscope = microscope_from_dict(known, of_file)
    balance = Balance(microscope.contrast, microscope.beam, **typed["balance"])
    found, notes = balance_of(stack.frame(0), stack.metadata, balance)
    for sentence in notes:
        note(sentence)
    return found


def _keepers(
    heights: Path | None,
) -> tuple[Callable[[list[Result], Path], None], Callable[[Path, int], list[Result]]]:
    """Return how the finished frames of an interrupted run are written and read again."""

    def save_results(results: list[Result], path: Path) -> None:
        write_tables([table for table, _ in results], path)
        if heights is not None:
            _save_heights(None, results, unfinished(heights), "")

    def load_results(path: Path, frames: int) -> list[Result]:
        from napari_stem3d.signals import load

        tables = read_tables(path, frames)
        if heights is None:
            return [(table, None) for table in tables]
        kept = load(unfinished(heights))[0]
        return [(table, kept.frame(index)) for index, table in enumerate(tables)]

    return save_results, load_results


def _save_heights(stack: Stack | None, results: list[Result], path: Path, unit: str) -> None:
    """Write the heights on the axes of the image, or on bare ones."""
    import numpy as np

    from napari_stem3d.signals import Axis, Stack, save

    data = np.stack([height for _, height in results if height is not None]).astype(np.float32)
    if stack is None:
        axes = tuple(Axis(name) for name in ("frame", "y", "x"))
        save(Stack(data, axes, "unfinished heights"), path)
        return
    title = f"thickness of {stack.title} [{unit}]"
    metadata = {"General": {"title": title}, "Signal": {"quantity": f"Thickness ({unit})"}}
    save(replace(stack, data=data.reshape(stack.data.shape), title=title, metadata=metadata), path)


def _draw(table: Path, path: Path) -> None:
    """Draw histograms of the table."""
    import pandas as pd
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from napari_stem3d.analysis.measurement.plots import draw_histograms
    from napari_stem3d.signals import write_beside

    figure = Figure(figsize=(12, 4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    draw_histograms(figure, pd.read_csv(table, keep_default_na=False))
    with write_beside(path) as beside:
        figure.savefig(beside)
