"""Network that names whole images and shows where it looked, taught by labels of images alone.

How many corners of a body are deformed is all that it is told. Where they lie it finds out by
itself: the number is the sum of a map, and each point of the map sees only its surroundings, so
that no other place can account for what is deformed there. Read as the intensity of a Poisson
process (Lempitsky & Zisserman 2010 sum such maps, from dots drawn by hand), the map's sum N gives
the probability ``exp(-N)`` that nothing is deformed at all, the pooling that learning from weak
labels calls "noisy or".
"""

from __future__ import annotations

import keras
from keras import layers, ops

from napari_stem3d.networks.blocks import conv_block, stem
from napari_stem3d.networks.channels import CHANNELS, SIDE

_START = -6.0  # of the scores: a map that adds up to 2 to 3 before the training


def build_image_classifier(
    widths: tuple[int, ...] = (16, 32, 32),
) -> keras.Model:
    """Network without a way round its map: what is not on the map cannot be told.

    Parameters
    ----------
    widths : tuple of int
        Channels of the first convolution and of the residual blocks behind it, all at half the
        resolution of the input. Two blocks see 42 pixels of the image around each point.

    Returns
    -------
    keras.Model
        From ``(batch, 64, 64, 6)``, as `pixel_channels` returns it, to a dict of ``label``
        (batch, 2), the probabilities of `LABELS`; ``number`` (batch, 1), the expected number of
        deformed corners; and ``map`` (batch, 32, 32, 1), which adds up to that number.
    """
    image = keras.Input((SIDE, SIDE, len(CHANNELS)), name="image")
    x = stem(image, widths[0])
    for level, filters in enumerate(widths[1:]):
        x = conv_block(x, filters, f"block{level}")
    x = layers.Conv2D(2 * widths[-1], 1, activation="relu", name="combine")(x)
    start = keras.initializers.Constant(_START)
    x = layers.Conv2D(1, 1, bias_initializer=start, name="map_scores")(x)
    places = layers.Activation("softplus", dtype="float32", name="map")(x)
    number = layers.GlobalAveragePooling2D(dtype="float32", name="map_mean")(places)
    points = float(places.shape[1] * places.shape[2])
    number = layers.Rescaling(points, dtype="float32", name="number")(number)
    outputs = {
        "label": ops.concatenate([ops.exp(-number), -ops.expm1(-number)], axis=-1),
        "number": number,
        "map": places,
    }
    return keras.Model(image, outputs, name="image_classifier")
