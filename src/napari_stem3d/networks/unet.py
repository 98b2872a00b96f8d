"""U-Net that finds particles pixel by pixel."""

from __future__ import annotations

import keras
from keras import layers

from napari_stem3d.networks.blocks import decoder, encoder, stem
from napari_stem3d.networks.contracts import REGIONS


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
        ``regions`` (batch, y, x, 3), the probabilities of `REGIONS`, and ``thickness``
        (batch, y, x, 1), the thickness in units of the pixel size.
    """
    image = keras.Input((None, None, 1), name="image")
    sharp = layers.Conv2D(fine, 3, padding="same", activation="relu", name="sharp")(image)
    x = decoder(encoder(stem(sharp, widths[0]), widths), widths)
    x = layers.Conv2D(2 * fine, 1, name="narrow")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="enlarge")(x)
    x = layers.Concatenate(name="sharpen")([x, sharp])
    x = layers.Conv2D(2 * fine, 3, padding="same", activation="relu", name="outline")(x)
    regions = layers.Conv2D(len(REGIONS), 1, name="region_scores")(x)
    thickness = layers.Conv2D(1, 1, name="thickness_scores")(x)
    outputs = {
        "regions": layers.Softmax(dtype="float32", name="regions")(regions),
        "thickness": layers.Activation("softplus", dtype="float32", name="thickness")(thickness),
    }
    return keras.Model(image, outputs, name="particle_unet")
