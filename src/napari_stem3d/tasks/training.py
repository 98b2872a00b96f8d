"""Train a network that ships: ``python -m napari_stem3d.tasks.training particle-unet``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from napari_stem3d.plugins import get_network
from napari_stem3d.tasks.recipes import RECIPES


def main(arguments: Sequence[str] | None = None) -> None:
    """Train round by round, resuming where the folder stands, and write model and card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=sorted(RECIPES))
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate")
    parser.add_argument("--folder", type=Path, default=Path("runs"), help="for checkpoints")
    parser.add_argument("--out", type=Path, help="the .keras file; in the folder by default")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from napari_stem3d.networks import training
    from napari_stem3d.networks.batches import stream
    from napari_stem3d.networks.store import write

    recipe = RECIPES[options.network]
    spec = get_network(options.network)
    model, done = None, 0
    for number, (steps, rate) in enumerate(recipe.rounds, start=1):
        model = training.train(
            spec.load_builder(),
            partial(stream, recipe.batch, options.workers),
            options.folder / f"{options.network}-{number}",
            steps=steps,
            loss={name: getattr(training, loss, loss) for name, loss in recipe.loss.items()},
            loss_weights=recipe.loss_weights,
            metrics=recipe.metrics,
            rate=rate,
            start=model,
            first=done,
        )
        done += steps
        card = {
            "name": spec.name,
            "task": spec.task,
            **recipe.card,
            "training": {"samples": done * recipe.samples, "batch": recipe.samples},
        }
        write(model, options.out or options.folder / f"{options.network}.keras", card)


if __name__ == "__main__":
    main()
