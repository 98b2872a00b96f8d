"""`stem3d train`: train a network, or go on with a training that was interrupted."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json
from ._console import import_keras, note, progress, report
from ._output import check_out

if TYPE_CHECKING:
    from napari_stem3d.networks.training import Row, Trainer

UNTOLD = ("step", "seconds")  # of a row, because they are told elsewhere


def train(
    network: Annotated[
        str, typer.Argument(help="Name of a network with a recipe; `stem3d networks`.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Trained model to write: .keras, and .json beside it.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with settings that differ from the recipe's.")
    ] = None,
    save_config: Annotated[
        Path | None, typer.Option(help="TOML file to write all settings to, for --config.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="For checkpoints and the course of the training; NAME.training beside --out by "
            "default.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Batches to learn from, altogether.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, max=1024, help="Processes that make samples, which do not change the result."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train a network on simulated samples that never repeat, made while it learns.

    The same command goes on where an interrupted training stopped, also after a power failure, and
    ends with the same network as if nothing had happened.
    """
    from napari_stem3d.plugins import get_network
    from napari_stem3d.tasks.training import get_recipe, open_training, write_trained
    from napari_stem3d.tasks.training_settings import read_training, write_training

    spec = get_network(network)
    base = get_recipe(spec).training
    settings = read_training(config, base) if config else base
    if steps is not None:
        settings = replace(settings, steps=steps)
    if workers is not None:
        settings = replace(settings, workers=workers)
    if save_config is not None:
        check_out(save_config, (".toml",), "--save-config")
        write_training(settings, save_config)
    if out is None:
        if save_config is None:
            raise InputError("--out must name the model to write. Received: nothing")
        report({"config": str(save_config)}, f"{save_config}: settings of {network}", json)
        return
    check_out(out, (".keras",))
    folder = folder or out.with_name(f"{out.stem}.training")
    import_keras()
    with closing(open_training(spec, settings, folder)) as trainer:
        try:
            with interruptible() as stop:
                _run(trainer, network, stop)
        except KeyboardInterrupt:
            note(
                f"interrupted at step {trainer.step} of {settings.steps}; the same command goes on "
                f"from the checkpoint in {folder}."
            )
            raise typer.Exit(130) from None
        card = write_trained(trainer, spec, out)
    facts = {"out": str(out), "folder": str(folder), **card["training"], **card["validation"]}
    del facts["settings"]
    told = words(trainer.best or trainer.history[-1])
    report(facts, f"{out}: {network} after {trainer.step} steps, {told}", json)


def words(row: Row) -> str:
    """Return what matters of a row of the history: both losses, and the validation's metrics."""
    told = {"loss": row["loss"]}
    if "val_loss" in row:
        told["validation"] = row["val_loss"]
    prefix = "val_" if "val_loss" in row else ""
    for name, value in row.items():
        if name.startswith(prefix) and not name.endswith("loss") and name not in UNTOLD:
            told[name.removeprefix("val_").replace("_", " ")] = value
    return ", ".join(f"{name} {value:.4g}" for name, value in told.items())


def _run(trainer: Trainer, network: str, stop: Callable[[], bool]) -> None:
    """Train to the end, with a bar on a terminal and a line per validation in a pipe."""
    settings = trainer.settings
    begin, clock, last = trainer.step, time.monotonic(), ""
    if begin and not trainer.finished:
        note(f"goes on from step {begin} of {settings.steps}.")
    with progress(f"Train {network}", settings.steps) as advance:

        def tick(step: int, means: Row) -> None:
            speed = (step - begin) * settings.batch / (time.monotonic() - clock)
            advance(step, f"loss {means['loss']:.4g} · {last}{speed:.0f} samples/s")

        while not trainer.finished:
            row = trainer.advance(tick, stop)
            if "val_loss" in row:
                last = f"validation {row['val_loss']:.4g} · "
            if not sys.stderr.isatty():
                note(f"step {row['step']} of {settings.steps}: {words(row)}")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Give what tells whether Ctrl-C was pressed; pressed twice, it ends the program at once."""
    pressed = []

    def handle(number: int, frame: Any) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)
        note("stops after this step; press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
