"""Classifier of single particles that is taught where their corners are."""

from __future__ import annotations

import keras
from keras import layers

from napari_stem3d.networks.blocks import decoder, encoder, stem
from napari_stem3d.networks.contracts import CROP, MOST_CORNERS, SHAPES


def build_particle_classifier(widths: tuple[int, ...] = (48, 96, 160)) -> keras.Model:
    """U-Net at half resolution with dense supervision of the corners.

    Two maps say where intact and where deformed corners lie, visible or on the far side. They
    are trained along with the labels because dense supervision of what the eye looks for is
    worth many images, and they feed the heads that count.

    Parameters
    ----------
    widths : tuple of int
        Channels at 1/2, 1/4 and 1/8 of the crop's size.

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 2)``, a crop as `normalize_crop` returns it and the particle's
        mask, to a dict of ``corner_maps`` (batch, 32, 32, 2), probabilities of an intact and of
        a deformed corner, ``shape`` (batch, 8), the probabilities of `SHAPES`, and ``corners``
        (batch, 9), those of 0 to 8 deformed corners.
    """
    crop = keras.Input((CROP, CROP, 2), name="crop")
    stages = encoder(stem(crop, widths[0]), widths)
    deep, x = stages[-1], decoder(stages, widths)
    scores = layers.Conv2D(2, 1, name="corner_scores")(x)
    maps = layers.Activation("sigmoid", dtype="float32", name="corner_maps")(scores)

    evidence = layers.Concatenate(name="evidence")([x, layers.Activation("sigmoid")(scores)])
    for k, filters in enumerate((64, 96), start=1):
        evidence = layers.Conv2D(
            filters, 3, strides=2, padding="same", use_bias=False, name=f"count_conv{k}"
        )(evidence)
        evidence = layers.BatchNormalization(momentum=0.98, name=f"count_norm{k}")(evidence)
        evidence = layers.ReLU(name=f"count_relu{k}")(evidence)
    features = layers.Concatenate(name="features")(
        [
            layers.GlobalAveragePooling2D(name="count_sum")(evidence),
            layers.GlobalAveragePooling2D(name="map_sum")(maps),
            layers.GlobalAveragePooling2D(name="deep_mean")(deep),
            layers.GlobalMaxPooling2D(name="deep_most")(deep),
        ]
    )
    features = layers.Dense(192, activation="relu", name="combine")(features)
    shape = layers.Dense(len(SHAPES), name="shape_scores")(features)
    corners = layers.Dense(MOST_CORNERS + 1, name="corners_scores")(features)
    outputs = {
        "corner_maps": maps,
        "shape": layers.Softmax(dtype="float32", name="shape")(shape),
        "corners": layers.Softmax(dtype="float32", name="corners")(corners),
    }
    return keras.Model(crop, outputs, name="particle_classifier")
