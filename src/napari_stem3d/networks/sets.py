"""One answer from several images of one object, whose poses nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from napari_stem3d.networks.contracts import MOST_CORNERS, ORBIT_CORNERS
from napari_stem3d.networks.set_views import HEADS, PARTS, RAREST, VIEW, split_views

_BLUNDER = -4.6  # log-odds of one in a hundred


@keras.saving.register_keras_serializable("napari_stem3d")
class JointEvidence(layers.Layer):
    """Sum of what each view says of the classes: nearly the product of the probabilities.

    Were the views independent, the logarithm of the posterior would be the sum of those of the
    views, less ``n - 1`` times that of the prior, which each of the ``n`` views contains ("naive
    Bayes"). Views of one object err alike, so that together they count as ``n ** (1 - dependence)``
    of them; and now and then a view errs blindly, with the chance ``blunder``, and must not exclude
    what all others say. Dependence, blunder and prior are learnt, from zero, a hundredth and a
    uniform prior; for a single view the layer is what that view says, whatever was learnt.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        start = keras.initializers.Constant(_BLUNDER)
        self.dependence = self.add_weight((), initializer="zeros", name="dependence")
        self.blunder = self.add_weight((), initializer=start, name="blunder")  # its log-odds
        self.prior = self.add_weight((input_shape[-1],), initializer="zeros", name="prior")

    def call(self, x: Any) -> Any:
        """Logarithms (batch, views, classes) to unnormalised ones (batch, classes)."""
        count = _count(x)
        blind = ops.expand_dims(ops.sigmoid(self.blunder) * (1 - 1 / count), 1)
        x = ops.log((1 - blind) * ops.exp(x) + blind / x.shape[-1])
        weight = ops.power(count, 1 - self.dependence)
        return weight * ops.mean(x, axis=1) - (weight - 1) * self.prior


def build_set_classifier(width: int = 64) -> keras.Model:
    """Joint evidence of all views, corrected, and whether they agree.

    Classes are corrected by a network that knows how the probabilities of the views combine and
    nothing else of them, for there are never as many objects to learn from as it would take to
    judge the views anew. It starts at zero, and is multiplied by ``1 - 1/n``: of a single view the
    network says what the particle classifier says. Whether all views show one object is asked of
    layers that treat all of them alike and compare each with the rest (Zaheer et al. 2017, "Deep
    sets"). Either way the order of the views is without meaning.

    Parameters
    ----------
    width : int
        Channels of the layers.

    Returns
    -------
    keras.Model
        From ``(batch, views, 330)``, any number of views in rows of `pack_views`, to a dict of
        ``shape`` (batch, 15), ``corners`` (batch, 9) and ``orbit`` (batch, 46), probabilities as
        those of `build_particle_classifier`, and ``same_object`` (batch, 1), the probability that
        all views show one object; 1 for a single one.
    """
    views = keras.Input((None, VIEW), name="views", dtype="float32")
    parts, count = split_views(views), _count(views)
    joint = {name: JointEvidence(name=f"joint_{name}")(parts[name]) for name in HEADS}
    evidence = [*_combined(parts, joint), 1 / count]

    opinion = layers.Concatenate(name="evidence", dtype="float32")(evidence)
    opinion = layers.Dropout(0.2, name="doubts", dtype="float32")(opinion)
    opinion = _dense(width, "weigh")(opinion)
    outputs = {}
    for name in HEADS:
        correction = _scores(PARTS[name], f"{name}_correction")(opinion)
        outputs[name] = layers.Softmax(name=name, dtype="float32")(
            joint[name] + (1 - 1 / count) * correction
        )

    x = layers.LayerNormalization(name="level", dtype="float32")(parts["features"])
    x = layers.Dropout(0.3, name="forget", dtype="float32")(x)
    x = _dense(width // 2, "impression")(x)
    x = ops.concatenate([x, *(_told(parts[name]) for name in HEADS), _lengths(parts)], axis=-1)
    for k in (1, 2):
        x = _dense(width, f"compare{k}")(_beside_others(x))
    x = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1), *evidence], axis=-1)
    x = _dense(width, "agree")(layers.Dropout(0.2, name="differ", dtype="float32")(x))
    strange = ops.sigmoid(_scores(1, "strange")(x)) * ops.minimum(count - 1, 1.0)
    outputs["same_object"] = layers.Activation("linear", name="same_object", dtype="float32")(
        1 - strange
    )
    return keras.Model(views, outputs, name="set_classifier")


def _count(x: Any) -> Any:
    """Return the number of views, shape (batch, 1)."""
    return ops.sum(ops.ones_like(x[..., :1]), axis=1)


def _told(scores: Any) -> Any:
    """Logarithms of probabilities in a range that a layer can work with: 0 to -3."""
    return ops.maximum(ops.log_softmax(scores), -12.0) / 4


def _lengths(parts: Mapping[str, Any]) -> Any:
    """Radius and edges of each view, relative to the pixel and to the mean over the views."""
    sizes = ops.concatenate([parts["radius"], parts["edges"] + parts["radius"]], axis=-1)
    apart = sizes - ops.mean(sizes, axis=1, keepdims=True)
    # Differences of a tenth are what tells objects apart, and their sign is not.
    return ops.concatenate(
        [parts["radius"], parts["edges"], 5 * apart, 5 * ops.abs(apart)], axis=-1
    )


def _beside_others(x: Any) -> Any:
    """Each view, how it differs from the mean of all, and from the largest of all."""
    mean = ops.mean(x, axis=1, keepdims=True)
    return ops.concatenate([x, x - mean, ops.max(x, axis=1, keepdims=True) - x], axis=-1)


def _combined(parts: Mapping[str, Any], joint: Mapping[str, Any]) -> list[Any]:
    """Combine what the views say: product and mean of probabilities, and how far they agree."""
    evidence = [_told(joint[name]) for name in HEADS]
    for name in HEADS:
        evidence.append(_told(ops.log(ops.mean(ops.exp(parts[name]), axis=1) + RAREST)))
        # The logarithm of the chance that as many independent views name one class, per view.
        chance = ops.logsumexp(ops.sum(parts[name], axis=1), axis=-1, keepdims=True)
        evidence.append(ops.maximum(chance / _count(parts[name]), -12.0) / 4)
    # How often 0 to 8 corners are deformed among the joint orbits: views that agree on a number
    # may have different corners in mind.
    numbers = np.eye(MOST_CORNERS + 1, dtype=np.float32)[np.array(ORBIT_CORNERS)]
    told = ops.matmul(ops.softmax(joint["orbit"]), numbers)
    return [*evidence, _told(ops.log(told + RAREST))]


def _dense(width: int, name: str) -> layers.Layer:
    return layers.Dense(
        width, activation="relu", kernel_initializer="he_normal", name=name, dtype="float32"
    )


def _scores(count: int, name: str) -> layers.Layer:
    """Scores that are zero before the training."""
    return layers.Dense(count, kernel_initializer="zeros", name=name, dtype="float32")
