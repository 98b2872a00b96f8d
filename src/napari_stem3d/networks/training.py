"""Training on an endless stream: cosine schedule, averaged weights, exact resume."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import keras
from keras import ops

STEPS_PER_EPOCH = 200
_SETTLING = 150  # batches after which normalisation at momentum 0.98 has forgotten its start


def weighted_marks(truth: Any, score: Any) -> Any:
    """Binary cross-entropy of maps that are almost empty; marks weigh ten times as much.

    Parameters
    ----------
    truth, score : tensor, shape (batch, y, x, channels)
        Marks between 0 and 1, and their predicted probability.

    Returns
    -------
    tensor, shape (batch,)
        Mean over each sample.
    """
    score = ops.clip(score, 1e-6, 1 - 1e-6)
    entropy = -truth * ops.log(score) - (1 - truth) * ops.log(1 - score)
    return ops.mean((1 + 10 * truth) * entropy, axis=(1, 2, 3))


def log_thickness(truth: Any, prediction: Any) -> Any:
    """Mean difference of log(1 + thickness): relative where it is thick, absolute where thin."""
    return ops.mean(ops.abs(ops.log1p(prediction) - ops.log1p(truth)), axis=(1, 2, 3))


def train(
    build: Callable[[], keras.Model],
    stream: Callable[[int], Generator[Any]],
    folder: Path,
    *,
    steps: int,
    loss: Mapping[str, Any],
    loss_weights: Mapping[str, float],
    metrics: Mapping[str, Any] | None = None,
    rate: float = 2e-3,
    start: keras.Model | None = None,
    first: int = 0,
) -> keras.Model:
    """Train a network, or go on where an interrupted training stopped.

    Parameters
    ----------
    build : callable
        Builds the untrained model.
    stream : callable
        From the number of the first batch to a generator of batches as `keras.Model.fit` takes
        them.
    folder : Path
        Checkpoint (``state.keras``) and losses (``history.csv``), written after every epoch.
    steps : int
        Number of batches altogether, rounded up to whole epochs of 200.
    loss, loss_weights, metrics : mapping
        For each output, as `keras.Model.compile` takes them.
    rate : float
        Highest learning rate; it rises over the first twentieth and falls along a cosine.
    start : keras.Model, optional
        Trained model of the same build to start from, instead of random weights.
    first : int
        Number of the first batch of the stream, where an earlier training used those before.

    Returns
    -------
    keras.Model
        A model in single precision with the exponential average of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state, history = folder / "state.keras", folder / "history.csv"
    epochs = -(-steps // STEPS_PER_EPOCH)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    if state.is_file():
        model = keras.models.load_model(
            state, custom_objects={f.__name__: f for f in (weighted_marks, log_thickness)}
        )
    else:
        model = build()
        if start is not None:
            model.set_weights(start.get_weights())
        schedule = keras.optimizers.schedules.CosineDecay(
            rate / 20,
            epochs * STEPS_PER_EPOCH * 19 // 20,
            alpha=0.005,
            warmup_target=rate,
            warmup_steps=epochs * STEPS_PER_EPOCH // 20,
        )
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=1e-3, clipnorm=1.0, use_ema=True, ema_momentum=0.995
        )
        # XLA is slower than oneDNN's ready-made convolutions on processors.
        model.compile(
            optimizer,
            dict(loss),
            dict(loss_weights),
            dict(metrics or {}),
            jit_compile=False,
        )
    done = int(model.optimizer.iterations)
    if done < epochs * STEPS_PER_EPOCH:
        with closing(stream(first + done)) as batches:
            model.fit(
                batches,
                initial_epoch=done // STEPS_PER_EPOCH,
                epochs=epochs,
                steps_per_epoch=STEPS_PER_EPOCH,
                verbose=2,
                callbacks=[
                    keras.callbacks.ModelCheckpoint(state),
                    keras.callbacks.CSVLogger(history, append=True),
                ],
            )
    with closing(stream(first + epochs * STEPS_PER_EPOCH)) as batches:
        return average(model, build, itertools.islice(batches, _SETTLING))


def average(
    model: keras.Model, build: Callable[[], keras.Model], batches: Iterable[Any]
) -> keras.Model:
    """Model in single precision with the averaged weights of one in training.

    Parameters
    ----------
    model : keras.Model
        Compiled model; its weights are overwritten by their exponential average.
    build : callable
        Builds the untrained model.
    batches : iterable
        Fresh batches: statistics of batch normalisation belong to the weights that produced
        them, so that the averaged weights need their own.

    Returns
    -------
    keras.Model
        Model for prediction.
    """
    model.optimizer.finalize_variable_values(model.trainable_variables)
    keras.mixed_precision.set_global_policy("float32")
    final = build()
    final.set_weights(model.get_weights())
    for inputs, *_ in batches:
        final(inputs, training=True)
    return final
