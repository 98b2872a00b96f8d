"""`stem3d match`: the microscope that would record an image like a real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Input, Json, Part, Seed
from ._console import note, show_table, to_json
from ._frames import open_image
from ._options import DerivedCommand, Group
from ._output import check_out
from ._words import parse_box

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.analysis.matching import Match
    from napari_stem3d.signals import Stack
    from napari_stem3d.simulation import Microscope


class MatchCommand(DerivedCommand):
    """A command with options for what an image does not tell of its microscope."""

    def groups(self) -> list[Group]:
        """Return what may be known."""
        from napari_stem3d.simulation import Microscope

        default, panel = Microscope(), "What is known of the microscope"
        return [
            Group(
                "contrast", default.contrast, panel, only=("material", "density", "inner", "outer")
            ),
            Group("beam", default.beam, panel, only=("high_voltage", "convergence")),
            Group("scan", default.scan, panel, only=("dwell", "flyback")),
        ]


def match(
    ctx: typer.Context,
    image: Input,
    out: Annotated[Path, typer.Option(help="Settings to write, for simulate --config: .toml.")],
    vacuum: Annotated[
        str | None,
        typer.Option(
            metavar="TOP,LEFT,BOTTOM,RIGHT",
            help="Pixels where the beam meets no matter, without the last row and column.",
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the image beside a simulated one: .png.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with what is known of the microscope.")
    ] = None,
    frame: Annotated[int, typer.Option(min=0, help="Which image of a stack.")] = 0,
    part: Part = 0,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Find the microscope whose images have the noise, blur and background of a real one.

    What is known of it counts in this order: options, --config, the file's metadata.
    """
    import numpy as np

    from napari_stem3d.analysis.matching import match_microscope
    from napari_stem3d.simulation import Experiment, write_experiment

    check_out(out, (".toml",))
    if picture is not None:
        check_out(picture, (".png",), "--picture")
    box = None if vacuum is None else parse_box("--vacuum", vacuum)
    stack = open_image(image, part)
    if frame >= stack.frame_count:
        raise InputError(
            f"{image.name} holds {stack.frame_count} images, counted from 0. Received: {frame}"
        )
    known = _known(ctx.obj, config, stack.metadata)
    seen = stack.frame(frame)
    found = match_microscope(seen, stack.sampling_nm, box, known.contrast.material, known)
    like = Experiment(
        size=found.grid.gpts, sampling=found.grid.sampling, microscope=found.microscope
    )
    write_experiment(like, out)
    if picture is not None:
        _draw(picture, seen, found, stack, np.random.default_rng(seed))
    for sentence in found.notes:
        note(sentence)
    _print(found, out, json)


def _known(
    typed: Mapping[str, Mapping[str, Any]], config: Path | None, metadata: Mapping[str, Any]
) -> Microscope:
    from napari_stem3d.simulation import (
        microscope_from_dict,
        microscope_of_metadata,
        read_experiment,
    )

    if config:
        return microscope_from_dict(typed, read_experiment(config).microscope)
    base, notes = microscope_of_metadata(metadata)
    for sentence in notes:
        note(sentence)
    return microscope_from_dict(typed, base)


def _print(found: Match, out: Path, as_json: bool) -> None:
    rows = [
        {"estimate": name, "value": e.value, "error": e.error, "unit": e.unit}
        for name, e in found.estimates.items()
    ]
    if as_json:
        typer.echo(to_json({"out": str(out), "estimates": rows, "notes": found.notes}))
        return
    show_table(rows, "Read off the image, with standard errors", as_json=False)
    typer.echo(f"{out}: the microscope, for stem3d simulate --config")


def _draw(path: Path, seen: np.ndarray, found: Match, stack: Stack, rng: Any) -> None:
    """Draw the image and its simulation on one scale of greys."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from napari_stem3d.analysis.matching import retake
    from napari_stem3d.signals import write_beside

    unit = "nm" if stack.calibrated else "pixels"
    height, width = found.grid.extent
    figure = Figure(figsize=(10, 5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    low, high = np.nanpercentile(seen, (0.5, 99.8))
    pictures = {"image": seen, "simulated": retake(seen, found, rng)}
    for axes, (title, picture) in zip(figure.subplots(1, 2, sharey=True), pictures.items()):
        extent = (0, width, height, 0)
        axes.imshow(picture, cmap="gray", vmin=low, vmax=high, extent=extent)
        axes.set(title=title, xlabel=f"x ({unit})")
    figure.axes[0].set_ylabel(f"y ({unit})")
    with write_beside(path) as beside:
        figure.savefig(beside)
