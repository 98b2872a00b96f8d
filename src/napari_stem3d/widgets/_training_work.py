"""What the child process does for the Train panel, round by round; napari is not imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_stem3d.plugins import get_network
from napari_stem3d.tasks.training import get_recipe, open_training, write_trained
from napari_stem3d.tasks.training_settings import training_from_dict

_open: dict[Path, Any] = {}  # trainings between two rounds; a new process takes up checkpoints


def train_round(
    network: str,
    tables: Mapping[str, Any],
    folder: Path,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[dict[str, float]], bool]:
    """Train until the next validation: the history so far, and whether the model is written.

    Every round ends with a checkpoint, because this process is killed when the user cancels.
    """
    spec = get_network(network)
    settings = training_from_dict({**tables, "checkpoint": 0.0}, get_recipe(spec).training)
    trainer = _open.pop(folder, None) or open_training(spec, settings, folder)

    def report(step: int, means: Mapping[str, float]) -> None:
        if progress is not None:
            progress(step, settings.steps)

    try:
        trainer.advance(report)
        if trainer.finished:
            write_trained(trainer, spec, out)
    except BaseException:
        trainer.close()
        raise
    if trainer.finished:
        trainer.close()
    else:
        _open[folder] = trainer
    return trainer.history, trainer.finished
