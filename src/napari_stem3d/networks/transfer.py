"""Transfer learning: the last layer alone learns, on features that are computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from napari_stem3d.networks.last_layer import (
    FEATURES,
    LABEL,
    PRESETS,
    Array,
    Examples,
    LastLayer,
)

Progress = Callable[[int, int], None]
_CHECK = 100  # steps between two looks at the validation images
DEVIATION = 0.001  # of the layer's first weights, drawn from a truncated normal distribution


def train_last_layer(
    training: Examples,
    validation: Examples,
    classes: int,
    settings: LastLayer | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Train a layer of softmax on features.

    Parameters
    ----------
    training, validation : Examples
        Features (images, views, n) and classes; the weights are chosen on the latter.
    classes : int
        Number of classes.
    settings : LastLayer, optional
        How; by default the preset ``"standard"``.
    seed : int
        Seed of the first weights and of the batches.
    progress : callable, optional
        Called with the number of batches done and their total.

    Returns
    -------
    kernel : ndarray, shape (n, classes)
        Weights for features as the backbone gives them.
    bias : ndarray, shape (classes,)
        Offsets.
    """
    how = settings or PRESETS["standard"]
    flat = training.views.reshape(-1, training.views.shape[-1])
    mean, deviation = np.zeros(flat.shape[1], np.float32), np.ones(flat.shape[1], np.float32)
    if how.standardize:
        mean, spread = flat.mean(axis=0), flat.std(axis=0)
        deviation = np.where(spread > 1e-6, spread, 1).astype(np.float32)
    start = keras.initializers.TruncatedNormal(stddev=DEVIATION, seed=seed)
    layer = keras.layers.Dense(classes, activation="softmax", kernel_initializer=start)
    model = keras.Sequential([keras.Input(flat.shape[1:]), layer])
    optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[how.optimizer]
    model.compile(optimizer(how.rate), "sparse_categorical_crossentropy", jit_compile=False)

    def folded() -> tuple[Array, Array]:
        kernel, bias = layer.get_weights()
        kernel = kernel / deviation[:, None]
        return kernel, bias - mean @ kernel

    rng = np.random.default_rng([seed, 1])
    kept, least = folded(), np.inf
    for step in range(1, how.steps + 1):
        features, labels = training.draw(rng, how.batch)
        model.train_on_batch((features - mean) / deviation, labels)
        if step % _CHECK == 0 or step == how.steps:
            now = folded()
            loss = cross_entropy(probabilities(validation.views, *now), validation.labels)
            if loss < least or not how.best:
                kept, least = now, loss
            if progress:
                progress(step, how.steps)
    return kept


def probabilities(features: Array, kernel: Array, bias: Array) -> Array:
    """Probabilities (images, classes) from features (images, views, n), averaged over views."""
    scores = (features @ kernel + bias).astype(np.float64)
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (odds / odds.sum(axis=-1, keepdims=True)).mean(axis=1)


def cross_entropy(told: Array, labels: NDArray[np.integer]) -> float:
    """Mean of minus the logarithm of the probability of the true class."""
    return float(-np.log(np.clip(told[np.arange(len(labels)), labels], 1e-12, 1)).mean())


def with_last_layer(backbone: keras.Model, kernel: Array, bias: Array) -> keras.Model:
    """Join a frozen backbone and a trained last layer.

    Parameters
    ----------
    backbone : keras.Model
        Model with the output ``features`` (batch, n).
    kernel, bias : ndarray
        Of `train_last_layer`.

    Returns
    -------
    keras.Model
        From the backbone's input to ``label`` (batch, classes), probabilities. Of its weights, only
        those of the last layer can be trained, n x classes + classes numbers.
    """
    for layer in backbone.layers:
        layer.trainable = False
    layer = keras.layers.Dense(len(bias), activation="softmax", dtype="float32", name=LABEL)
    model = keras.Model(backbone.inputs[0], {LABEL: layer(backbone.output[FEATURES])})
    layer.set_weights([kernel, bias])
    return model


def fine_tune(
    model: keras.Model,
    training: Examples,
    validation: Examples,
    *,
    steps: int,
    batch: int = 16,
    rate: float = 1e-5,
    seed: int = 0,
    progress: Progress | None = None,
) -> int:
    """Train all layers on, gently, as `fit` does with Adam.

    Batch normalisation keeps the statistics of the images that the backbone was trained on: a few
    hundred images of another kind would only unsettle them.

    Parameters
    ----------
    model : keras.Model
        Of `with_last_layer`; changed in place.
    training, validation, steps, batch, seed, progress
        As for `fit`.
    rate : float
        Learning rate.

    Returns
    -------
    int
        Number of batches after which the weights were best; 0 if they did not get better.
    """
    _thaw(model)
    optimizer = keras.optimizers.Adam(rate)
    return fit(
        model,
        training,
        validation,
        optimizer,
        steps=steps,
        batch=batch,
        seed=seed,
        progress=progress,
    )


def fit(
    model: keras.Model,
    training: Examples,
    validation: Examples,
    optimizer: Any,
    *,
    steps: int,
    batch: int = 32,
    seed: int = 0,
    progress: Progress | None = None,
) -> int:
    """Train a classifier of images, and keep the weights with the least validation loss.

    Parameters
    ----------
    model : keras.Model
        To ``label`` (batch, classes), probabilities; changed in place.
    training, validation : Examples
        Inputs of the network and classes.
    optimizer : keras.optimizers.Optimizer
        Fresh optimizer.
    steps, batch : int
        Number of batches, and of images in each.
    seed : int
        Seed of the batches.
    progress : callable, optional
        Called with the number of batches done and their total.

    Returns
    -------
    int
        Number of batches after which the weights were best; 0 if they did not get better.
    """
    model.compile(optimizer, {LABEL: "sparse_categorical_crossentropy"}, jit_compile=False)
    rng = np.random.default_rng([seed, 2])
    best, kept = 0, model.get_weights()
    least = cross_entropy(label(model, validation.views), validation.labels)
    for step in range(1, steps + 1):
        inputs, labels = training.draw(rng, batch)
        model.train_on_batch(inputs, {LABEL: labels})
        if step % _CHECK == 0 or step == steps:
            loss = cross_entropy(label(model, validation.views), validation.labels)
            if loss < least:
                best, kept, least = step, model.get_weights(), loss
        if progress:
            progress(step, steps)
    model.set_weights(kept)
    return best


def label(model: keras.Model, views: Array, batch: int = 64) -> Array:
    """Probabilities (images, classes) from inputs (images, views, ...), averaged over views."""
    rows = views.reshape(-1, *views.shape[2:])
    told = [
        np.asarray(model.predict_on_batch(np.asarray(rows[k : k + batch], np.float32))[LABEL])
        for k in range(0, len(rows), batch)
    ]
    return np.concatenate(told).reshape(*views.shape[:2], -1).mean(axis=1)


def _thaw(part: Any) -> None:
    for layer in part.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        if hasattr(layer, "layers"):
            _thaw(layer)
