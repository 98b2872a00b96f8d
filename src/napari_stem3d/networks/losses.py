"""Losses of the built-in networks; Keras finds them by name in saved trainings."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_register = keras.saving.register_keras_serializable("napari_stem3d")


@_register
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
    truth = ops.cast(truth, score.dtype)
    score = ops.clip(score, 1e-6, 1 - 1e-6)
    entropy = -truth * ops.log(score) - (1 - truth) * ops.log(1 - score)
    return ops.mean((1 + 10 * truth) * entropy, axis=(1, 2, 3))


@_register
def log_thickness(truth: Any, prediction: Any) -> Any:
    """Mean difference of log(1 + thickness): relative where it is thick, absolute where thin."""
    return ops.mean(ops.abs(ops.log1p(prediction) - ops.log1p(truth)), axis=(1, 2, 3))


@_register
def any_of(truth: Any, probability: Any) -> Any:
    """Cross-entropy of labels that are known up to what no image tells apart.

    Parameters
    ----------
    truth : tensor, shape (batch, classes)
        1 for every class that the sample may belong to, 0 for the others; all 0 to ignore it.
    probability : tensor, shape (batch, classes)
        Predicted probabilities.

    Returns
    -------
    tensor, shape (batch,)
        Minus the logarithm of the probability of all allowed classes together.
    """
    truth = ops.cast(truth, probability.dtype)
    known = ops.max(truth, axis=-1)
    allowed = ops.sum(truth * probability, axis=-1)
    return -known * ops.log(ops.clip(allowed, 1e-7, 1.0))


@_register
def known_distance(truth: Any, prediction: Any) -> Any:
    """Mean absolute difference of positive numbers; those of samples that have none are 0."""
    known = ops.cast(truth > 0, prediction.dtype)
    return ops.mean(known * ops.abs(ops.cast(truth, prediction.dtype) - prediction), axis=-1)
