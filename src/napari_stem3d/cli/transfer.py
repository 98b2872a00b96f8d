"""`stem3d transfer`: teach a trained network the classes of one's own images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, Json, Seed
from ._console import Advance, import_keras, note, progress, show_table, to_json
from ._output import check_out

if TYPE_CHECKING:
    from napari_stem3d.networks.last_layer import LastLayer
    from napari_stem3d.tasks.transfer import Source, Told


def transfer(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Folder with one subfolder of images per class."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Network to write: .keras.")] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Print a table beside networks from scratch; --out is then a table: .csv.",
        ),
    ] = False,
    backbone: Annotated[
        str,
        typer.Option(
            help="Network whose features are used: one of the task backbone in `stem3d networks`, "
            "or a classifier."
        ),
    ] = CLASSIFICATION,
    weights: Annotated[
        Path | None,
        typer.Option(help="File with the backbone's weights, .keras or .h5; else from the net."),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(help="How the last layer is trained: standard, or retrain as retrain.py did."),
    ] = "standard",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Batches, instead of the preset's number.")
    ] = None,
    fine_tune: Annotated[
        int, typer.Option(min=0, help="Batches in which all layers are then trained on, gently.")
    ] = 0,
    frames_differ: Annotated[
        bool,
        typer.Option(
            "--frames-differ",
            help="Every frame of a stack shows another object; by default a file shows one.",
        ),
    ] = False,
    task: Annotated[
        str | None,
        typer.Option(help="Instead of a folder, simulated images: deformed, corners, shape …"),
    ] = None,
    dose: Annotated[str, typer.Option(help="Of simulated images, as in evaluate.")] = "standard",
    count: Annotated[int, typer.Option(min=1, help="Simulated images per class.")] = 1000,
    seed: Seed = 0,
    seeds: Annotated[int, typer.Option(min=1, help="With --compare: number of splits.")] = 3,
    cache: Annotated[
        Path | None, typer.Option(help="Folder in which features are kept for the next time.")
    ] = None,
    json: Json = False,
) -> None:
    """Train the last layer of a trained network on images of one's own, in minutes.

    A hash of their names splits the objects: 80 % to train on, 10 % to choose the weights on, 10 %
    to test on. Features are computed once and kept, so that a second run is quick.
    """
    if out is None and not compare:
        raise InputError("--out must name the network to write, .keras. Received: nothing")
    if out is not None:
        check_out(out, (".csv",) if compare else (".keras",))
    source, fresh = _sources(folder, frames_differ, task, dose, count, seed)
    import_keras()
    options: dict[str, Any] = {
        "weights": weights,
        "settings": _settings(preset, steps),
        "cache": cache,
        "backbone": backbone,
    }
    with _told() as options["progress"]:
        if compare:
            _compare(source, fresh, out, seeds, options, json)
        elif out is not None:
            _transfer(source, out, options | {"fine_tune": fine_tune, "seed": seed}, json)


def _settings(preset: str, steps: int | None) -> LastLayer:
    from dataclasses import replace

    from napari_stem3d.networks.last_layer import PRESETS

    if preset not in PRESETS:
        raise InputError(f"--preset must be one of {', '.join(PRESETS)}. Received: {preset!r}")
    return PRESETS[preset] if steps is None else replace(PRESETS[preset], steps=steps)


def _sources(
    folder: Path | None, frames_differ: bool, task: str | None, dose: str, count: int, seed: int
) -> tuple[Source, Source | None]:
    """Return images to learn from and, where they are simulated, as many to test on."""
    from napari_stem3d.tasks.folders import Folder
    from napari_stem3d.tasks.simulated import SEED, Simulated

    if (folder is None) == (task is None):
        raise InputError(
            "Either a folder of images or --task must say what to learn. "
            f"Received: {'neither' if folder is None else 'both'}"
        )
    if folder is not None:
        return Folder(folder.expanduser(), frames_differ), None
    start = SEED + 2 * seed
    return Simulated(str(task), dose, count, start), Simulated(str(task), dose, count, start + 1)


def _transfer(source: Source, out: Path, options: dict[str, Any], as_json: bool) -> None:
    from napari_stem3d.networks.store import write
    from napari_stem3d.tasks.transfer import transfer_to

    model, card = transfer_to(source, **options)
    write(model, out, {"name": out.stem, **card})
    training, figure = card["training"], card["figures"][0]
    if as_json:
        typer.echo(to_json({"out": str(out), **card}))
        return
    learnt = ", ".join(f"{number} for {part}" for part, number in training["images"].items())
    known = sum(training["images"].values()) - training["computed"]
    note(f"images: {learnt}; the features of {known} of them were known")
    show_table([figure], f"{out}: figures in percent", as_json=False)


def _compare(
    source: Source,
    fresh: Source | None,
    out: Path | None,
    seeds: int,
    options: dict[str, Any],
    as_json: bool,
) -> None:
    from napari_stem3d.signals import write_beside
    from napari_stem3d.tasks.comparison import compare

    table = compare(source, fresh, seeds=seeds, **options)
    if out is not None:
        with write_beside(out) as beside:
            table.to_csv(beside, index=False)
    show_table(table.to_dict("records"), "Transfer and from scratch: figures in percent", as_json)


@contextmanager
def _told() -> Iterator[Told]:
    """Show one bar after the other; a run that is interrupted keeps the features it has."""
    with ExitStack() as bars:
        shown: dict[str, Advance] = {}

        def say(what: str, done: int, total: int) -> None:
            if what not in shown:
                bars.close()
                shown.clear()
                shown[what] = bars.enter_context(progress(what, total))
            shown[what](done)

        try:
            yield say
        except KeyboardInterrupt:
            bars.close()
            note("interrupted; the same command again goes on with the features computed so far.")
            raise typer.Exit(130) from None
