"""Building blocks of the networks.

Nothing here normalises over a batch: on processors that takes two thirds of a training step.
Every block starts as its shortcut instead (Zhang, Dauphin & Ma 2019, "Fixup"), so that deep
networks train without it, and a sample's answer never depends on its batch.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops


def stem(x: Any, filters: int, name: str = "stem") -> Any:
    """Halve the resolution at once: most of a network's time goes into its largest images."""
    return layers.Conv2D(
        filters,
        5,
        strides=2,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def conv_block(x: Any, filters: int, name: str) -> Any:
    """Two 3 x 3 convolutions around a shortcut, which is all there is before the training.

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
    shortcut = x
    if x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_shortcut")(x)
    y = layers.Conv2D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=f"{name}_conv1",
    )(x)
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=f"{name}_conv2")(
        y
    )
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([shortcut, y]))


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
    x = layers.UpSampling2D(2, name=f"{name}_up")(x)
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


def unfold(x: Any, name: str) -> Any:
    """Make maps of twice the size, whose pixels lie in the channels of `x` (Shi et al. 2016)."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, 2, 2, channels // 4), name=f"{name}_split")(x)
    x = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_swap")(x)
    return layers.Reshape((2 * height, 2 * width, channels // 4), name=name)(x)


def relate(x: Any, width: int, depth: int = 2, heads: int = 4, name: str = "relate") -> Any:
    """Let every place of a small map look at all others (Vaswani et al. 2017, pre-normalised).

    Convolutions see what is near. How two corners lie to each other across a particle is a
    question about far places.

    Parameters
    ----------
    x : keras.KerasTensor
        Map (batch, y, x, channels) of a known size.
    width : int
        Channels of the output, a multiple of `heads`.
    depth : int
        Number of times that the places look at each other.
    heads : int
        Number of questions that each place asks at a time.
    name : str
        Prefix of the layers' names.

    Returns
    -------
    keras.KerasTensor
        Places (batch, y * x, width).
    """
    height, across = x.shape[1:3]
    x = layers.Dense(width, name=f"{name}_enter")(x)
    x = layers.Reshape((height * across, width), name=f"{name}_places")(x)
    x = PlaceCodes(name=f"{name}_codes")(x)
    for k in range(depth):
        y = layers.LayerNormalization(name=f"{name}{k}_level")(x)
        y = layers.MultiHeadAttention(heads, width // heads, name=f"{name}{k}_look")(y, y)
        x = layers.Add(name=f"{name}{k}_seen")([x, y])
        y = layers.LayerNormalization(name=f"{name}{k}_steady")(x)
        y = layers.Dense(2 * width, activation="relu", name=f"{name}{k}_think")(y)
        y = layers.Dense(width, kernel_initializer="zeros", name=f"{name}{k}_conclude")(y)
        x = layers.Add(name=f"{name}{k}_known")([x, y])
    return x


@keras.saving.register_keras_serializable("napari_stem3d")
class PlaceCodes(layers.Layer):
    """Add learned numbers to each of a fixed number of places, by which they can be told apart."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the numbers."""
        start = keras.initializers.RandomNormal(stddev=0.1)
        self.codes = self.add_weight(input_shape[1:], initializer=start, name="codes")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + ops.cast(self.codes, x.dtype)


@keras.saving.register_keras_serializable("napari_stem3d")
class SecondDifferences(layers.Layer):
    """Append learned second differences of the first channel, where edges and corners show.

    The thickness of a body with flat faces is linear within each pair of faces, so that its second
    derivatives vanish but on edges, are largest on corners, and ignore gain, offset and slope of
    the background. The three kernels start as second derivatives of a Gaussian along x, along y
    and across both, and are trained from there.

    Parameters
    ----------
    scale : float
        Standard deviation of the Gaussian [pixels].
    **kwargs
        Of every Keras layer.
    """

    def __init__(self, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the kernels."""
        self.kernel = self.add_weight(
            (7, 7, 1, 3), initializer=lambda *_, **__: self._start(), name="kernel"
        )

    def _start(self) -> Any:
        y, x = np.mgrid[-3:4, -3:4] / self.scale
        bell = np.exp(-(x**2 + y**2) / 2)
        kernels = np.stack([(x**2 - 1) * bell, (y**2 - 1) * bell, x * y * bell], axis=-1)
        kernels[..., :2] -= kernels[..., :2].mean(axis=(0, 1))
        return ops.convert_to_tensor(kernels[:, :, None].astype(np.float32))

    def call(self, x: Any) -> Any:
        """Append three channels."""
        kernel = ops.cast(self.kernel, x.dtype)
        return ops.concatenate([x, ops.conv(x[..., :1], kernel, padding="same")], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Say how to build it again."""
        return {**super().get_config(), "scale": self.scale}
