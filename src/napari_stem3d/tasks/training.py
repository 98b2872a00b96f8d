"""From a network's name and its settings to a trained file with a card."""

from __future__ import annotations

import datetime
import itertools
from contextlib import closing
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from napari_stem3d._errors import InputError
from napari_stem3d._version import __version__
from napari_stem3d.plugins import NetworkSpec
from napari_stem3d.simulation.toml import read_toml, write_toml
from napari_stem3d.tasks.recipes import Recipe
from napari_stem3d.tasks.training_settings import FREE, Training, training_to_dict

if TYPE_CHECKING:
    from napari_stem3d.networks.training import Trainer

SETTINGS = "settings.toml"


def get_recipe(spec: NetworkSpec) -> Recipe:
    """Return the recipe of a network.

    Raises
    ------
    InputError
        If it has none, or what its specification names is none.
    """
    recipe = spec.load_recipe()
    if not isinstance(recipe, Recipe):
        raise InputError(
            f"The recipe {spec.recipe!r} of network {spec.name!r} must be a Recipe of "
            f"napari_stem3d.tasks.recipes. Received: {type(recipe).__name__}"
        )
    return recipe


def open_training(spec: NetworkSpec, settings: Training, folder: Path) -> Trainer:
    """Begin a training in a folder, or take up the one that stands there.

    Parameters
    ----------
    spec : NetworkSpec
        A network with a recipe.
    settings : Training
        How to train it. To go on, all but those in `FREE` must be what they were.
    folder : Path
        Made if it does not exist.

    Returns
    -------
    Trainer
        To be advanced until it is finished.

    Raises
    ------
    InputError
        If there is another training in the folder, or the network cannot be trained so.
    """
    recipe, build = get_recipe(spec), spec.load_builder()
    _claim(folder, {"network": spec.name, **training_to_dict(settings)})

    from napari_stem3d.networks.batches import reused, stream
    from napari_stem3d.networks.store import load
    from napari_stem3d.networks.training import Trainer

    make = partial(recipe.batch, settings.seed, settings.batch)
    unseen = partial(recipe.batch, settings.validation_seed, settings.batch)

    def validation() -> list[Any]:
        with closing(stream(unseen, settings.workers)) as batches:
            return list(itertools.islice(batches, -(-settings.validation // settings.batch)))

    return Trainer(
        build,
        lambda start: reused(make, settings.workers, start, settings.views),
        folder,
        settings=settings,
        loss={
            out: resolve_name(name) if ":" in name else name for out, name in recipe.loss.items()
        },
        loss_weights=settings.loss_weights or recipe.training.loss_weights,
        metrics=recipe.metrics,
        validation=validation if settings.validation else None,
        start=load(settings.start).model if settings.start else None,
    )


def write_trained(trainer: Trainer, spec: NetworkSpec, out: Path) -> dict[str, Any]:
    """Write what was trained, with its card beside it.

    Parameters
    ----------
    trainer : Trainer
        A training of `open_training`.
    spec : NetworkSpec
        The network.
    out : Path
        File ending in ``.keras``.

    Returns
    -------
    dict
        The card.
    """
    import keras

    from napari_stem3d.networks.store import read_card, write

    settings = trainer.settings
    best = trainer.best or {}
    card = {
        "name": spec.name,
        "task": spec.task,
        **get_recipe(spec).card,
        "author": settings.author,
        "licence": settings.licence,
        "training": {
            "samples": trainer.step * settings.batch,
            "fresh_samples": -(-trainer.step // settings.views) * settings.batch,
            "batch": settings.batch,
            "steps": trainer.step,
            "seconds": round(trainer.seconds),
            "finished": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "settings": training_to_dict(settings),
        },
        "validation": {
            name.removeprefix("val_"): round(value, 6)
            for name, value in best.items()
            if name == "step" or name.startswith("val_")
        },
        "versions": {
            "napari-stem3d": __version__,
            "keras": keras.__version__,
            "backend": keras.config.backend(),
        },
    }
    write(trainer.result(), out, card)
    return read_card(out)


def _claim(folder: Path, tables: dict[str, Any]) -> None:
    """Refuse a folder in which another training stands; else write the settings there."""
    path = folder / SETTINGS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} must be a folder that can be written to. Received: {error.strerror}"
        ) from error
    before = read_toml(path, dict) if path.is_file() else tables
    for key in sorted(before.keys() | tables.keys()):
        if key not in FREE and before.get(key) != tables.get(key):
            raise InputError(
                f"{folder} holds a training with {key} = {before.get(key)!r}; go on with the same "
                f"settings, or choose another folder. Received: {tables.get(key)!r}"
            )
    write_toml(path, tables)
