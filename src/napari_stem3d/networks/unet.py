"""U-Net that finds particles pixel by pixel."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from napari_stem3d.networks.blocks import decoder, encoder, stem
from napari_stem3d.networks.contracts import REGIONS

_SCALE = 32.0  # pixels of thickness that a grey value of 1 stands for, roughly


def build_particle_unet(widths: tuple[int, ...] = (32, 64, 96, 128), fine: int = 8) -> keras.Model:
    """U-Net (Ronneberger et al. 2015) at half resolution, its heads at full resolution.

    Parameters
    ----------
    widths : tuple of int
        Channels at 1/2, 1/4, 1/8 ... of the image's size. The sides of the input must be
        multiples of ``2 ** len(widths)``.
    fine : int
        Channels of the features at full size, which sharpen the outlines.

    Returns
    -------
    keras.Model
        From ``(batch, y, x, 1)`` grey values, as `normalize_frame` returns them, to a dict of
        ``regions`` (batch, y, x, 3), the probabilities of `REGIONS`; ``thickness``
        (batch, y, x, 1), the thickness in units of the pixel size; ``edges`` and ``corners``
        (batch, y, x, 1), marks between 0 and 1 where edges and corners of bodies are seen.
    """
    image = keras.Input((None, None, 1), name="image")
    sharp = layers.Conv2D(fine, 3, padding="same", activation="relu", name="sharp")(image)
    x = decoder(encoder(stem(sharp, widths[0]), widths), widths)
    x = layers.Conv2D(2 * fine, 1, name="narrow")(x)
    x = layers.UpSampling2D(2, name="enlarge")(x)
    x = layers.Concatenate(name="sharpen")([x, sharp])
    outline, crease = (
        layers.Conv2D(2 * fine, 3, padding="same", activation="relu", name=name)(x)
        for name in ("outline", "crease")
    )
    outputs = {
        "regions": _head(outline, len(REGIONS), "softmax", "regions"),
        "thickness": _thickness(outline, image),
        "edges": _head(crease, 1, "sigmoid", "edges"),
        "corners": _head(crease, 1, "sigmoid", "corners"),
    }
    return keras.Model(image, outputs, name="particle_unet")


def _head(x: Any, channels: int, activation: str, name: str) -> Any:
    """Scores in the network's own precision, what they mean in single precision."""
    scores = layers.Conv2D(channels, 1, name=f"{name}_scores")(x)
    return layers.Activation(activation, dtype="float32", name=name)(scores)


def _thickness(x: Any, image: Any) -> Any:
    """Thickness as the grey values tell it: an offset and a gain, which the features tell.

    Convolutions cannot multiply; without a gain at hand, the network would have to learn every
    product of a grey value and a scale by heart.
    """
    grey = layers.AveragePooling2D(3, strides=1, padding="same", dtype="float32", name="grey")(
        image
    )
    grey = layers.Rescaling(_SCALE, dtype="float32", name="grey_scaled")(grey)
    offset = layers.Conv2D(1, 1, name="thickness_scores")(x)
    gain = layers.Conv2D(1, 1, kernel_initializer="zeros", name="gain")(x)
    signal = layers.Multiply(dtype="float32", name="signal")([gain, grey])
    total = layers.Add(dtype="float32", name="thickness_sum")([offset, signal])
    return layers.Activation("softplus", dtype="float32", name="thickness")(total)
