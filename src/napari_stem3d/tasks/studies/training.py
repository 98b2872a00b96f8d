"""One training of a study, from first weights to the round after which nothing gets better."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.studies.data import StudyData
from napari_stem3d.tasks.studies.plan import LOSSES, Job, Study

_SCRATCH = "napari_stem3d.networks.scratch:build_{}"
NETWORKS = {name: _SCRATCH.format(name.replace("-", "_")) for name in ("small-cnn", "vgg-like")}
NETWORKS["deepdog"] = _SCRATCH.format("deepdog")
_TOGETHER = 250  # images that are told at a time


def load_builder(network: str) -> Callable[..., Any]:
    """Import the function that builds a network.

    Parameters
    ----------
    network : str
        One of `NETWORKS`, or an import string ``"package.module:function"`` of a function that
        takes ``side`` and ``classes`` and returns a Keras model of whole images with one output.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    InputError
        If it cannot be imported.
    """
    if network not in NETWORKS and ":" not in network:
        raise InputError(
            f"network must be one of {', '.join(NETWORKS)} or an import string like "
            f"package.module:function. Received: {network!r}"
        )
    try:
        builder = pkgutil.resolve_name(NETWORKS.get(network, network))
    except Exception as error:
        raise InputError(
            f"The network {network!r} cannot be imported. Received: {type(error).__name__}: {error}"
        ) from error
    if not callable(builder):
        raise InputError(
            f"The network {network!r} must be a function. Received: {type(builder).__name__}"
        )
    return builder


def train_once(
    job: Job,
    study: Study,
    data: StudyData,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Train one network until its validation accuracy has stopped growing.

    Parameters
    ----------
    job : Job
        What to train with.
    study : Study
        The network, and when to stop.
    data : StudyData
        Images.
    progress : callable, optional
        Called before each round with the share of the rounds that are done.

    Returns
    -------
    pandas.DataFrame
        One row per round: ``round`` from 1 on, ``loss`` of the training, ``right``, the number of
        validation images whose class is told rightly, and ``seconds`` of training.
    """
    import keras

    rng = np.random.default_rng([study.seed, job.run])
    keras.utils.set_random_seed(int(rng.integers(2**31)))
    chosen = rng.permutation(len(data.labels))[: job.images]
    model = _compiled(study.network, job, data)
    targets = np.eye(len(data.classes), dtype=np.float32)[data.labels]
    rows: list[dict[str, float]] = []
    best, waited = -1, 0
    while len(rows) < study.rounds and waited < study.patience:
        if progress:
            progress(len(rows) / study.rounds)
        order = _order(chosen, len(data.labels), rng)
        begun = time.perf_counter()
        history = model.fit(
            data.images[order], targets[order], job.batch, shuffle=False, verbose=0
        ).history
        seconds = time.perf_counter() - begun
        right = int((_told(model, data.validation_images) == data.validation_labels).sum())
        rows.append(
            {
                "round": len(rows) + 1,
                "loss": history["loss"][0],
                "right": right,
                "seconds": round(seconds, 3),
            }
        )
        best, waited = (right, 0) if right > best else (best, waited + 1)
    return pd.DataFrame(rows)


def _compiled(network: str, job: Job, data: StudyData) -> Any:
    import keras

    model = load_builder(network)(side=data.images.shape[1], classes=len(data.classes))
    shapes = {name: tuple(tensor.shape) for name, tensor in zip(model.output_names, model.outputs)}
    if list(shapes.values()) != [(None, len(data.classes))]:
        raise InputError(
            f"The network {network!r} must have one output with one number per class, "
            f"{len(data.classes)}. Received: {shapes}"
        )
    optimizer = keras.optimizers.get(job.optimizer)
    if job.rate is not None:
        optimizer.learning_rate = job.rate
    # XLA is slower than oneDNN's ready-made convolutions on processors.
    model.compile(optimizer, LOSSES[job.loss], jit_compile=False)
    return model


def _told(model: Any, images: np.ndarray) -> np.ndarray:
    """Class of each image; not by `predict`, which takes longer to compile than this to run."""
    from keras import ops, tree

    scores = []
    for first in range(0, len(images), _TOGETHER):
        (answer,) = tree.flatten(model(images[first : first + _TOGETHER], training=False))
        scores.append(ops.convert_to_numpy(answer))
    return np.argmax(np.concatenate(scores), axis=-1)


def _order(chosen: np.ndarray, shown: int, rng: np.random.Generator) -> np.ndarray:
    """Images of one round: all of them in a random order, again and again until it is full."""
    passes = [rng.permutation(chosen) for _ in range(-(-shown // len(chosen)))]
    return np.concatenate(passes)[:shown]
