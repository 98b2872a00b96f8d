"""Checks of recipes: their batches fit the network, and it learns from them."""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import NetworkSpec
from napari_stem3d.tasks.training import get_recipe, open_training
from napari_stem3d.testing._require import require


def check_recipe(spec: NetworkSpec) -> None:
    """Check that a network can be trained as `stem3d train` does it.

    A small batch of the recipe is asked for twice and must be the same; the network learns from
    another one, and is validated. Both are made in this process.

    Parameters
    ----------
    spec : NetworkSpec
        A network with a recipe.

    Raises
    ------
    AssertionError
        With the first broken promise in one sentence.
    """
    require(isinstance(spec, NetworkSpec), f"{spec!r} must be a NetworkSpec")
    what = f"The network {spec.name!r}"
    try:
        recipe, model = get_recipe(spec), spec.load_builder()()
    except InputError as error:
        raise AssertionError(str(error)) from error
    outputs = model.output if isinstance(model.output, Mapping) else {}
    require(
        set(recipe.loss) <= set(outputs),
        f"{what} must have an output for every loss, {', '.join(recipe.loss)}, and has "
        f"{', '.join(outputs)}",
    )
    require(
        set(recipe.loss) == set(recipe.training.loss_weights),
        f"{what} must have a loss weight for every loss, {', '.join(recipe.loss)}, and has "
        f"{', '.join(recipe.training.loss_weights)}",
    )
    once, again = (recipe.batch(5, 2, 3) for _ in range(2))
    require(
        all(np.array_equal(a, b) for a, b in zip(_arrays(once), _arrays(again), strict=True)),
        f"{what} has a recipe that gives other samples when the same batch is asked for again",
    )
    small = dataclasses.replace(
        recipe.training, steps=1, batch=2, views=1, validation=2, workers=0, start=""
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            open_training(spec, small, Path(folder)).advance()
        except Exception as error:
            raise AssertionError(f"{what} does not learn. {error}") from error


def _arrays(batch: Any) -> list[np.ndarray]:
    if isinstance(batch, Mapping):
        return list(itertools.chain(*map(_arrays, batch.values())))
    if isinstance(batch, tuple):
        return list(itertools.chain(*map(_arrays, batch)))
    return [np.asarray(batch)]
