"""Speed of the networks that ship, beside plain networks of the field on the same cores.

The plain U-Net has the layout of AtomAI's default one (16 to 128 filters, 1, 2, 2 and 3
convolutions, batch normalisation, bilinear upsampling), in Keras and single precision. Weights do
not matter here, so that those of others need not be fetched.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.simulation import show
from numpy.typing import NDArray

SIDES = (512, 4096)
BATCH, ROUNDS = 64, 20
INCEPTION = 299  # pixels


def main(seed: int) -> None:
    import keras

    from napari_stem3d.networks import store
    from napari_stem3d.networks.prediction import predict_maps

    rng = np.random.default_rng(seed)
    ours, plain = store.load("particle-unet").model, plain_unet()
    rows = []
    for side in SIDES:
        image = rng.random((side, side), np.float32)
        speeds = [
            side**2 / 1e6 / seconds(work, 3 if side < 1000 else 1)
            for work in (
                lambda image=image: predict_maps(ours.predict_on_batch, image),
                lambda image=image: by_tiles(plain, image),
            )
        ]
        rows.append((f"{side} x {side}", *(f"{s:.2f}" for s in speeds), ratio(*speeds)))
    columns = ("image", "particle-unet, Mpx/s", "plain U-Net, Mpx/s", "times faster")
    show("Segmentation, the network alone", columns, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"largest memory so far: {peak:.2f} GiB")

    classes = store.load("particle-classes").model
    inception = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    speeds = [
        BATCH / seconds(lambda m=model, b=batch: m.predict_on_batch(b), ROUNDS)
        for model, batch in (
            (classes, rng.random((BATCH, 64, 64, 2), np.float32)),
            (inception, rng.random((BATCH, INCEPTION, INCEPTION, 3), np.float32)),
        )
    ]
    show(
        f"Classification, batches of {BATCH}",
        ("particle-classes, crops/s", "Inception-v3 without its last layer, images/s", "ratio"),
        [(*(f"{s:,.0f}" for s in speeds), ratio(*speeds))],
    )


def ratio(one: float, other: float) -> str:
    return f"{one / other:.1f}"


def seconds(work: Callable[[], Any], rounds: int) -> float:
    """Median time of a round, after one that compiles."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def plain_unet() -> Any:
    import keras
    from keras import layers

    def convolve(x: Any, filters: int, count: int) -> Any:
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(layers.LeakyReLU(0.01)(x))
        return x

    image = x = keras.Input((None, None, 1))
    passed = []
    for filters, count in ((16, 1), (32, 2), (64, 2)):
        passed.append(convolve(x, filters, count))
        x = layers.MaxPooling2D()(passed[-1])
    x = convolve(x, 128, 3)
    for filters, count in ((64, 2), (32, 2), (16, 1)):
        x = layers.Conv2D(filters, 1)(layers.UpSampling2D(interpolation="bilinear")(x))
        x = convolve(layers.Concatenate()([x, passed.pop()]), filters, count)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def by_tiles(model: Any, image: NDArray[np.float32], side: int = 512) -> None:
    """Run a network over tiles side by side, without overlap."""
    for y in range(0, image.shape[0], side):
        for x in range(0, image.shape[1], side):
            model.predict_on_batch(image[None, y : y + side, x : x + side, None])
