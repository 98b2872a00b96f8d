"""Classifier of single particles that is taught where their corners are."""

from __future__ import annotations

import keras
from keras import layers

from napari_stem3d.networks.blocks import SecondDifferences, decoder, encoder, relate, stem, unfold
from napari_stem3d.networks.contracts import CLASSES, CROP, MOST_CORNERS, ORBITS


def build_particle_classifier(
    widths: tuple[int, ...] = (64, 128, 192), differences: bool = True
) -> keras.Model:
    """U-Net at half resolution with dense supervision of the corners.

    Two maps say where intact and where deformed corners lie, visible or on the far side. They
    are trained along with the labels because dense supervision of what the eye looks for is
    worth many images, and they feed the heads that count, and a part in which all places look
    at each other, for how corners lie to each other.

    Parameters
    ----------
    widths : tuple of int
        Channels at 1/2, 1/4 and 1/8 of the crop's size.
    differences : bool
        Whether the input is accompanied by its `SecondDifferences`.

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 2)``, a crop as `normalize_crop` returns it and the particle's
        mask, to a dict of ``corner_maps`` (batch, 64, 64, 2), probabilities of an intact and of
        a deformed corner; ``edge_maps`` (batch, 64, 64, 3), of the shortest, middle and longest
        edges of a cuboid; ``shape`` (batch, 15), the probabilities of `CLASSES`; ``corners``
        (batch, 9), those of 0 to 8 deformed corners; ``orbit`` (batch, 46), those of `ORBITS`;
        ``edges`` (batch, 3), the lengths of a cuboid's edges, ascending, over the radius of the
        circle around the particle; and ``features`` (batch, 256), from which all but the maps
        are told.
    """
    crop = keras.Input((CROP, CROP, 2), name="crop")
    x = SecondDifferences(name="differences")(crop) if differences else crop
    stages = encoder(stem(x, widths[0]), widths)
    deep, x = stages[-1], decoder(stages, widths)
    outputs, marks = {}, []
    for name, channels in (("corner_maps", 2), ("edge_maps", 3)):
        scores = layers.Conv2D(4 * channels, 1, name=f"{name}_scores")(x)
        marks.append(layers.Activation("sigmoid", name=f"{name}_folded")(scores))
        unfolded = unfold(scores, f"{name}_unfolded")
        outputs[name] = layers.Activation("sigmoid", dtype="float32", name=name)(unfolded)

    evidence = layers.Concatenate(name="evidence")([x, *marks])
    for k, filters in enumerate((96, 128), start=1):
        evidence = layers.Conv2D(
            filters,
            3,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"count{k}",
        )(evidence)
    places = relate(layers.Concatenate(name="far_and_near")([evidence, deep]), widths[-1])
    features = layers.Concatenate(name="pooled")(
        [
            layers.GlobalAveragePooling2D(name="count_mean")(evidence),
            layers.GlobalAveragePooling1D(name="places_mean")(places),
            layers.GlobalMaxPooling1D(name="places_most")(places),
        ]
    )
    features = layers.Dense(256, activation="relu", name="combine")(features)
    for name, count in (
        ("shape", len(CLASSES)),
        ("corners", MOST_CORNERS + 1),
        ("orbit", len(ORBITS)),
    ):
        scores = layers.Dense(count, name=f"{name}_scores")(features)
        outputs[name] = layers.Softmax(dtype="float32", name=name)(scores)
    lengths = layers.Dense(3, name="edge_scores")(features)
    outputs["edges"] = layers.Activation("softplus", dtype="float32", name="edges")(lengths)
    outputs["features"] = layers.Activation("linear", dtype="float32", name="features")(features)
    return keras.Model(crop, outputs, name="particle_classifier")
