"""Image classifiers to be trained from nothing: what transfer learning is measured against."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from napari_stem3d.networks.blocks import encoder, stem


def build_small_cnn(
    side: int = 64, classes: int = 2, widths: tuple[int, ...] = (24, 48, 96)
) -> keras.Model:
    """Small residual network without normalisation, the cheapest to train.

    Parameters
    ----------
    side : int
        Sides of the image [pixels].
    classes : int
        Number of classes.
    widths : tuple of int
        Channels at 1/2, 1/4 and so on of the image's size.

    Returns
    -------
    keras.Model
        From ``(batch, side, side, 1)``, grey values in 0..1, to ``label`` (batch, classes),
        probabilities.
    """
    image = keras.Input((side, side, 1), name="image")
    x = encoder(stem(image, widths[0]), widths)[-1]
    x = layers.Concatenate(name="pooled")(
        [layers.GlobalAveragePooling2D(name="mean")(x), layers.GlobalMaxPooling2D(name="most")(x)]
    )
    return keras.Model(image, {"label": _label(x, classes, "softmax")}, name="small_cnn")


def build_vgg_like(side: int = 128, classes: int = 2, activation: str = "softmax") -> keras.Model:
    """VGG-like network of the Pied-Ho classifiers of STM images.

    Two pairs of 3 x 3 convolutions, each pair with pooling and dropout, and one hidden layer.
    Nearly all parameters lie between the last image and that layer. The original ended in a
    softmax over categories that exclude nothing; ``activation="sigmoid"`` is what it meant.

    Parameters
    ----------
    side : int
        Sides of the image [pixels].
    classes : int
        Number of outputs.
    activation : str
        Of the outputs: ``"softmax"`` for classes that exclude each other, or ``"sigmoid"``.

    Returns
    -------
    keras.Model
        From ``(batch, side, side, 1)``, grey values in 0..1, to ``label`` (batch, classes).
    """
    image = x = keras.Input((side, side, 1), name="image")
    for k, filters in enumerate((32, 64), start=1):
        for part in "ab":
            x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{k}{part}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{k}")(x)
        x = layers.Dropout(0.25, name=f"drop{k}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dropout(0.5, name="drop3")(layers.Dense(256, activation="relu", name="hidden")(x))
    return keras.Model(image, {"label": _label(x, classes, activation)}, name="vgg_like")


def build_deepdog(side: int = 128, classes: int = 2, activation: str = "softmax") -> keras.Model:
    """DeepDog, the light network of the Pied-Ho classifiers, of separable convolutions.

    Every convolution is 3 x 3 and followed by batch normalisation and ELU, as in the original.

    Parameters
    ----------
    side : int
        Sides of the image [pixels].
    classes : int
        Number of outputs.
    activation : str
        Of the outputs: ``"softmax"`` for classes that exclude each other, or ``"sigmoid"``.

    Returns
    -------
    keras.Model
        From ``(batch, side, side, 1)``, grey values in 0..1, to ``label`` (batch, classes).
    """
    image = keras.Input((side, side, 1), name="image")
    x = layers.Conv2D(32, 3, strides=2, padding="same", name="conv0")(image)
    x = layers.ELU(name="elu0")(layers.BatchNormalization(name="norm0")(x))
    rows = ((32, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), *((512, 1),) * 5)
    for k, (filters, stride) in enumerate((*rows, (512, 2), (1024, 1)), start=1):
        x = layers.SeparableConv2D(
            filters, 3, strides=stride, padding="same", name=f"separable{k}"
        )(x)
        x = layers.ELU(name=f"elu{k}")(layers.BatchNormalization(name=f"norm{k}")(x))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, {"label": _label(x, classes, activation)}, name="deepdog")


def _label(x: Any, classes: int, activation: str) -> Any:
    scores = layers.Dense(classes, name="scores")(x)
    return layers.Activation(activation, dtype="float32", name="label")(scores)
