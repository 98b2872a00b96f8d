"""`stem3d simulate`: synthetic stacks with their truth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json, Seed
from ._console import counted, note, progress, report
from ._output import check_out, unfinished
from ._simulate_options import build_microscope, read_config

if TYPE_CHECKING:
    import pandas as pd

    from napari_stem3d.signals import Stack
    from napari_stem3d.simulation import Dataset, Grid, Sample, Shape

ENDINGS = (".hspy", ".tif", ".tiff", ".npz")
TRUTH = "truth.csv"


def simulate(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="Stack to write: .hspy, .tif or .npz.")],
    shape: Annotated[str, typer.Option(help="Name of a shape; `stem3d shapes` lists them.")],
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NM", help="A dimension of the shape in nm; may be repeated."),
    ] = None,
    deformed_corners: Annotated[
        int, typer.Option(min=0, help="Corners cut off each particle.")
    ] = 0,
    frames: Annotated[int, typer.Option(min=1, help="Number of images.")] = 16,
    first: Annotated[
        int, typer.Option(min=0, help="First image, to go on with an interrupted stack.")
    ] = 0,
    particles: Annotated[int, typer.Option(min=1, help="Particles in each image.")] = 1,
    size: Annotated[str, typer.Option(metavar="N|NY,NX", help="Pixels of an image.")] = "128",
    sampling: Annotated[
        str, typer.Option(metavar="D|DY,DX", help="Distance of neighbouring pixels in nm.")
    ] = "0.2",
    seed: Seed = 0,
    config: Annotated[
        Path | None,
        typer.Option(
            callback=read_config,
            is_eager=True,
            exists=True,
            dir_okay=False,
            help="TOML file with any of these options; a table for each stage of the microscope.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a synthetic ADF-STEM stack of one shape in random poses.

    The truth about every particle is written into the stack's metadata, and as truth.csv into
    the folder of --out.
    """
    from napari_stem3d import simulation
    from napari_stem3d.signals import save, write_beside

    check_out(out, ENDINGS)
    if first >= frames:
        raise InputError(f"--first must be less than --frames, {frames}. Received: {first}")
    grid = simulation.Grid(_pair("--size", size, int), _pair("--sampling", sampling, float))
    data = simulation.simulate(
        _build_shape(shape, dimension or []),
        deformed_corners=deformed_corners,
        frames=frames,
        particles=particles,
        grid=grid,
        microscope=build_microscope(ctx.obj),
        seed=seed,
    )
    samples = _draw(data, first)
    done = first + len(samples)
    truth = out.with_name(TRUTH)
    if done < frames:
        out, truth = unfinished(out), unfinished(truth)
    table = _truth(samples, first)
    given = {
        "shape": shape,
        "deformed_corners": deformed_corners,
        "particles": particles,
        "seed": seed,
        "first": first,
        **ctx.obj,
    }
    with write_beside(truth) as beside:
        table.to_csv(beside, index=False)
        save(_stack(samples, grid, given, table), out)
    facts = {"out": str(out), "frames": len(samples), "particles": len(table)}
    made = counted(len(samples), "frame")
    report(facts, f"{out}: {made} with {counted(len(table), 'particle')}", json)
    if done < frames:
        note(f"interrupted; the same command with --first {done} makes the other frames.")
        raise typer.Exit(130)


def _draw(data: Dataset, first: int) -> list[Sample]:
    """Return the samples, or those that were finished when Ctrl-C was pressed."""
    samples: list[Sample] = []
    with progress("Simulate", len(data)) as advance:
        try:
            for index in range(first, len(data)):
                samples.append(data[index])
                advance(index + 1)
        except KeyboardInterrupt:
            if not samples:
                raise
    return samples


def _stack(samples: list[Sample], grid: Grid, given: dict[str, Any], truth: pd.DataFrame) -> Stack:
    import numpy as np

    from napari_stem3d.signals import Axis, Stack

    axes = (
        Axis("frame", 1.0, float(given["first"]), ""),
        Axis("y", grid.sampling[0], 0.0, "nm"),
        Axis("x", grid.sampling[1], 0.0, "nm"),
    )
    title = f"simulated {given['shape']}"
    metadata = {
        "General": {"title": title},
        "Signal": {"signal_origin": "simulation"},
        # Columns, because HyperSpy's files keep arrays of numbers and words, but no rows.
        "Stem3D": {"simulation": given, "truth": truth.to_dict("list")},
    }
    return Stack(np.stack([s.image for s in samples]), axes, title, metadata)


def _truth(samples: list[Sample], first: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {"frame": index, **row}
        for index, sample in enumerate(samples, start=first)
        for row in sample.truth()
    )


def _build_shape(name: str, dimensions: list[str]) -> Shape:
    """Return the shape with these dimensions, given as NAME=NM."""
    from napari_stem3d.plugins import get_shape

    kind = get_shape(name)
    known = [field.name for field in dataclasses.fields(kind)]
    values = {}
    for text in dimensions:
        key, _, number = text.partition("=")
        if key not in known:
            raise InputError(
                f"--dimension of a {name} must be one of {', '.join(known)}. Received: {text!r}"
            )
        values[key] = _number("--dimension", number, float)
    return kind(**values)


def _pair(option: str, text: str, kind: type) -> tuple[Any, Any]:
    """Return the two numbers of `N` or `NY,NX`."""
    numbers = [_number(option, part, kind) for part in text.split(",")]
    if len(numbers) > 2:
        raise InputError(f"{option} must be one number, or two as in NY,NX. Received: {text!r}")
    return numbers[0], numbers[-1]


def _number(option: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        word = "a whole number" if kind is int else "a number"
        raise InputError(f"{option} must be {word}. Received: {text!r}") from None
