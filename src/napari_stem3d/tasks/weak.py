"""Learning from labels of images alone, with and without what another network sees in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from napari_stem3d.networks import store
from napari_stem3d.networks.channels import CHANNELS, FIELD, FOREGROUND, LABELS, SIDE
from napari_stem3d.networks.evaluation import proportion
from napari_stem3d.tasks.evaluation import COUNT, SEED
from napari_stem3d.tasks.images import LabelledImages, hits, labelled_images
from napari_stem3d.tasks.recipes import Recipe
from napari_stem3d.tasks.training_settings import Training

ARMS = ("image alone", "with pixel-wise maps")


def images_batch(seed: int, size: int, number: int) -> tuple[Any, ...]:
    """Batch `number` of ``particle-images``: channels, number of deformed corners, and label."""
    images = labelled_images(size, seed, first=number * size)
    return images.channels, _target(images)


PARTICLE_IMAGES = Recipe(
    images_batch,
    {"number": "poisson", "label": "sparse_categorical_crossentropy"},
    Training(
        steps=12_000,
        batch=32,
        views=8,
        rate=3e-3,
        average=0.99,
        interval=1_200,
        loss_weights={"number": 1.0, "label": 1.0},
        # Evaluations draw from other seeds than training and validation.
        seed=20_005,
        validation_seed=20_105,
    ),
    {
        "input": "images of one cuboid, and what particle-unet sees in them",
        "classes": list(LABELS),
        "labels": "the number of deformed corners of each image, and no places",
    },
)


def learn(
    build: Callable[[], Any],
    samples: tuple[NDArray[Any], dict[str, NDArray[Any]]],
    loss: dict[str, Any],
    settings: Training,
) -> Any:
    """Train on a fixed set of square images, turned and mirrored anew each time.

    Parameters
    ----------
    build : callable
        Builds the untrained model.
    samples : tuple of ndarray and dict of ndarray
        Inputs (n, y, x, channels) and, per output, targets (n, ...).
    loss : dict
        Per output, a loss as Keras takes it.
    settings : Training
        How to train; the validation is left out.

    Returns
    -------
    keras.Model
        Model with the averaged weights.
    """
    from napari_stem3d.networks.batches import reused
    from napari_stem3d.networks.training import Trainer

    inputs, targets = samples

    def block(number: int) -> tuple[Any, ...]:
        # Every passage takes the samples in another order; its last batch begins the next one.
        first = number * settings.batch
        passages = range(first // len(inputs), (first + settings.batch - 1) // len(inputs) + 1)
        orders = np.concatenate([_order(settings.seed, k, len(inputs)) for k in passages])
        chosen = orders[first % len(inputs) :][: settings.batch]
        return inputs[chosen], {name: values[chosen] for name, values in targets.items()}

    with TemporaryDirectory() as folder:
        trainer = Trainer(
            build,
            lambda start: reused(block, 0, start, settings.views),
            Path(folder),
            settings=settings,
            loss=loss,
            loss_weights=settings.loss_weights,
        )
        while not trainer.finished:
            trainer.advance()
        trainer.close()
        return trainer.result()


def _order(seed: int, passage: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, passage]).permutation(count)


class Verdict(NamedTuple):
    """What a network made of some images, one entry per image.

    Attributes
    ----------
    right : ndarray of bool
        Whether intact and deformed ones were told apart.
    number : ndarray of int
        Number of deformed corners that is told.
    hit : ndarray of bool
        Whether the maximum of the map lies on a deformed corner; false for intact ones.
    maps : ndarray, shape (n, 32, 32), float32
        Where the network looked.
    """

    right: NDArray[np.bool_]
    number: NDArray[np.int64]
    hit: NDArray[np.bool_]
    maps: NDArray[np.float32]


def judge(model: Any, images: LabelledImages) -> Verdict:
    """Let a network of `build_image_classifier` name images and show where it looked."""
    outputs = model.predict(images.channels, 128, verbose=0)
    label, number, maps = (outputs[name] for name in ("label", "number", "map"))
    deformed = images.numbers > 0
    brightest = np.array([np.unravel_index(m.argmax(), m.shape)[:2] for m in maps])
    places = pixels_of(brightest, maps.shape[1])
    hit = [len(own) > 0 and bool(hits(place, own)) for place, own in zip(places, images.pieces)]
    return Verdict(
        (label[:, 1] > 0.5) == deformed,
        np.rint(number[:, 0]).astype(np.int64),
        np.array(hit),
        maps[..., 0],
    )


def pixels_of(raster: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    """Places in the image [pixels] of the points of a map with `side` points along its sides."""
    return (raster + 0.5) * FIELD / side - 0.5


def blind_hits(images: LabelledImages) -> NDArray[np.float64]:
    """Probability (n,) that a point of the particle, chosen blindly, lies on a deformed corner."""
    shares = []
    for channels, pieces in zip(images.channels, images.pieces):
        inside = np.argwhere(channels[..., FOREGROUND] > 0.5)
        own = len(pieces) > 0 and len(inside) > 0
        shares.append(hits(pixels_of(inside, SIDE), pieces).mean() if own else 0.0)
    return np.array(shares)


def evaluate_images(
    network: str = "particle-images", *, count: int = COUNT, seed: int = SEED
) -> pd.DataFrame:
    """Measure a network that was taught by labels of images alone, at "corners-128", standard dose.

    Parameters
    ----------
    network : str
        Network of `build_image_classifier`.
    count : int
        Number of images.
    seed : int
        Seed of the objects, those of the task "deformed".

    Returns
    -------
    pandas.DataFrame
        Shares in percent, with the ends of their Wilson 95 % intervals, beside what blind guessing
        reaches: images told intact or deformed rightly, numbers of deformed corners, and deformed
        particles with the maximum of the map at a deformed corner.
    """
    images = labelled_images(count, seed)
    verdict = judge(store.load(network).model, images)
    deformed = images.numbers > 0
    shares = {
        "intact or deformed": (verdict.right, 0.5),
        "number": (verdict.number == images.numbers, np.bincount(images.numbers).max() / count),
        "looked at a deformed corner": (verdict.hit[deformed], blind_hits(images)[deformed].mean()),
    }
    rows = []
    for figure, (right, blind) in shares.items():
        found = np.round([100 * p for p in proportion(int(right.sum()), len(right))], 2)
        rows.append((network, "images", len(right), seed, figure, *found, round(100 * blind, 2)))
    columns = ["network", "task", "images", "seed", "figure"]
    return pd.DataFrame(rows, columns=[*columns, "value", "low", "high", "baseline"])


def compare(
    training: LabelledImages, test: LabelledImages, settings: Training
) -> dict[str, Verdict]:
    """Train the same network, from the same weights, with and without the pixel-wise maps.

    Without them their channels are zero, so that nothing else differs.

    Parameters
    ----------
    training, test : LabelledImages
        Images to learn from and to be judged on.
    settings : Training
        Of both trainings.

    Returns
    -------
    dict of str to Verdict
        For each of `ARMS`.
    """
    from napari_stem3d.networks.images import build_image_classifier

    verdicts = {}
    for arm, used in zip(ARMS, (1, len(CHANNELS))):
        seen = (np.arange(len(CHANNELS)) < used).astype(np.float32)
        model = learn(
            build_image_classifier,
            (training.channels * seen, _target(training)),
            dict(PARTICLE_IMAGES.loss),
            settings,
        )
        verdicts[arm] = judge(model, test._replace(channels=test.channels * seen))
    return verdicts


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Two-sided exact p-value that two classifiers are right equally often (McNemar 1947).

    Parameters
    ----------
    first, second : ndarray of bool
        Whether either was right, about the same images.

    Returns
    -------
    float
        1 where they never differ.
    """
    better, worse = int((second & ~first).sum()), int((first & ~second).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def _target(images: LabelledImages) -> dict[str, NDArray[Any]]:
    numbers = images.numbers
    return {"number": numbers[:, None].astype(np.float32), "label": (numbers > 0).astype(np.int32)}
