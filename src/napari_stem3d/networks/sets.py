"""One answer from several images of one object, whose poses nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import CLASSES, MOST_CORNERS, ORBIT_CORNERS, ORBITS

FEATURES = 256  # numbers from which the particle classifier tells its classes
#: What is known of one view, in this order: of the particle classifier, and the radius.
PARTS = {
    "features": FEATURES,
    "shape": len(CLASSES),
    "corners": MOST_CORNERS + 1,
    "orbit": len(ORBITS),
    "edges": 3,
    "radius": 1,
}
VIEW = sum(PARTS.values())
HEADS = ("shape", "corners", "orbit")
_RAREST = 1e-7  # probability below which a class counts as excluded, which no image does for sure
_BLUNDER = -4.6  # log-odds of one in a hundred
_MIDDLE = 20.0  # pixels; a particle's radius is told relative to this one


def pack_views(outputs: Mapping[str, ArrayLike], radius: ArrayLike) -> NDArray[np.float32]:
    """Describe each view of an object by one row of numbers, as `build_set_classifier` reads it.

    Parameters
    ----------
    outputs : mapping of array_like, shape (n, ...)
        What the particle classifier says of each view: probabilities in ``shape``, ``corners``
        and ``orbit``, lengths in ``edges``, and ``features``.
    radius : array_like, shape (n,)
        Radius of the circle around the particle in each view [pixels]; all views must have pixels
        of one size.

    Returns
    -------
    ndarray, shape (n, 330), float32
        Features, logarithms of the probabilities, of the edges' lengths and of the radius.

    Raises
    ------
    InputError
        If the outputs are not those of such a classifier.
    """
    known = {**outputs, "radius": np.reshape(radius, (-1, 1))}
    parts = []
    for name, length in PARTS.items():
        values = np.asarray(known.get(name, ()), np.float64)
        if values.ndim != 2 or values.shape[1] != length:
            raise InputError(
                f"The classifier must tell {name!r} with {length} numbers of each particle, as "
                f"'particle-classes' does. Received: the shape {values.shape}"
            )
        if name == "radius":
            values = np.log(values / _MIDDLE)
        elif name == "edges":
            values = np.log(np.maximum(values, 0.01))
        elif name in HEADS:
            values = np.log(np.maximum(values, _RAREST))
        parts.append(values)
    return np.concatenate(parts, axis=1).astype(np.float32)


def split_views(views: Any) -> dict[str, Any]:
    """Parts of rows, as `pack_views` made them, by name; of arrays and of Keras tensors."""
    ends = np.cumsum(list(PARTS.values())).tolist()
    return {
        name: views[..., end - length : end] for (name, length), end in zip(PARTS.items(), ends)
    }


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
        evidence.append(_told(ops.log(ops.mean(ops.exp(parts[name]), axis=1) + _RAREST)))
        # The logarithm of the chance that as many independent views name one class, per view.
        chance = ops.logsumexp(ops.sum(parts[name], axis=1), axis=-1, keepdims=True)
        evidence.append(ops.maximum(chance / _count(parts[name]), -12.0) / 4)
    # How often 0 to 8 corners are deformed among the joint orbits: views that agree on a number
    # may have different corners in mind.
    numbers = np.eye(MOST_CORNERS + 1, dtype=np.float32)[np.array(ORBIT_CORNERS)]
    told = ops.matmul(ops.softmax(joint["orbit"]), numbers)
    return [*evidence, _told(ops.log(told + _RAREST))]


def _dense(width: int, name: str) -> layers.Layer:
    return layers.Dense(
        width, activation="relu", kernel_initializer="he_normal", name=name, dtype="float32"
    )


def _scores(count: int, name: str) -> layers.Layer:
    """Scores that are zero before the training."""
    return layers.Dense(count, kernel_initializer="zeros", name=name, dtype="float32")
