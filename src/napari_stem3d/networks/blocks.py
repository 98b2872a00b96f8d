"""Building blocks of the networks."""

from __future__ import annotations

from typing import Any

from keras import layers


def stem(x: Any, filters: int, name: str = "stem") -> Any:
    """Halve the resolution at once: most of a network's time goes into its largest images."""
    x = layers.Conv2D(filters, 5, strides=2, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def conv_block(x: Any, filters: int, name: str) -> Any:
    """Two 3 x 3 convolutions, each with batch normalisation and ReLU, around a shortcut.

    Parameters
    ----------
    x : keras.KerasTensor
        Input (batch, y, x, channels).
    filters : int
        Number of output channels.
    name : str
        Prefix of the layers' names.

    Returns
    -------
    keras.KerasTensor
        Output (batch, y, x, filters).
    """
    shortcut = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_shortcut")(x)
    for k in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv{k}")(x)
        x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm{k}")(x)
        if k == 1:
            x = layers.ReLU(name=f"{name}_relu{k}")(x)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu2")(x)


def up_block(x: Any, skip: Any, filters: int, name: str) -> Any:
    """Upsample by two, join the encoder's features of that size, convolve.

    Parameters
    ----------
    x : keras.KerasTensor
        Coarse features (batch, y, x, channels).
    skip : keras.KerasTensor
        Features of the encoder (batch, 2 y, 2 x, channels).
    filters : int
        Number of output channels.
    name : str
        Prefix of the layers' names.

    Returns
    -------
    keras.KerasTensor
        Output (batch, 2 y, 2 x, filters).
    """
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_reduce")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
    x = layers.Concatenate(name=f"{name}_join")([x, skip])
    return conv_block(x, filters, name)


def decoder(stages: list[Any], widths: tuple[int, ...], name: str = "decode") -> Any:
    """Features at the resolution of the first of the encoder's `stages`, from all of them."""
    x = stages[-1]
    for level in reversed(range(len(stages) - 1)):
        x = up_block(x, stages[level], widths[level], f"{name}{level}")
    return x


def encoder(x: Any, widths: tuple[int, ...], name: str = "encode") -> list[Any]:
    """Features at falling resolution, one entry per width, halved in size between them."""
    stages = []
    for level, filters in enumerate(widths):
        if level:
            x = layers.MaxPooling2D(2, name=f"{name}{level}_pool")(x)
        x = conv_block(x, filters, f"{name}{level}")
        stages.append(x)
    return stages
