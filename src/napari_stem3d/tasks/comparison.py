"""Transfer learning beside networks from scratch: same images, same split, several seeds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d.analysis.inputs import reader_of
from napari_stem3d.networks.last_layer import Examples, LastLayer
from napari_stem3d.tasks import bottlenecks
from napari_stem3d.tasks.transfer import Source, Split, Told, figures

SEEDS = 3
_BATCH = 32
SIDE = 64  # pixels of the sides of the images for networks from scratch


@dataclass(frozen=True)
class Scratch:
    """How a network is trained from scratch: with the optimizer that it was published with.

    Attributes
    ----------
    build : str
        Its builder in `napari_stem3d.networks.scratch`.
    optimizer : callable
        Makes the optimizer.
    epochs : float
        Times that each training image is seen, each time turned or mirrored at random.
    """

    build: str
    optimizer: Callable[[], Any]
    epochs: float


def _adam() -> Any:
    import keras

    return keras.optimizers.Adam(1e-3)


def _nesterov() -> Any:
    import keras

    return keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)


def _rmsprop() -> Any:
    import keras

    return keras.optimizers.RMSprop()


SCRATCH = {
    "small-cnn": Scratch("build_small_cnn", _adam, 20),
    "vgg-like": Scratch("build_vgg_like", _nesterov, 6),
    "deepdog": Scratch("build_deepdog", _rmsprop, 6),
}


def compare(
    source: Source,
    fresh: Source | None = None,
    backbone: str = "particle-classes",
    *,
    weights: Path | None = None,
    settings: LastLayer | None = None,
    seeds: int = SEEDS,
    effort: float = 1.0,
    cache: Path | None = None,
    progress: Told | None = None,
) -> pd.DataFrame:
    """Train a backbone's last layer, and networks from scratch, on the same images.

    Parameters
    ----------
    source : Source
        Images with their classes; 80 % of the objects to train on, 10 % to choose the weights on.
    fresh : Source, optional
        Images to test on, of objects of their own; by default the other 10 %.
    backbone, weights, settings, cache
        As for `transfer_to`.
    seeds : int
        Number of splits, each with first weights and batches of its own.
    effort : float
        Factor on the epochs of the networks from scratch.
    progress : callable, optional
        As for `transfer_to`.

    Returns
    -------
    pandas.DataFrame
        One row per network and seed: ``trained_on`` and ``objects`` tested, ``accuracy`` with the
        ends ``low`` and ``high`` of its Wilson 95 % interval and the ``baseline`` of always naming
        the commonest class, all in percent; ``seconds`` of training, features included if they were
        not known, and without testing; ``parameters`` and how many of them were ``trained``; the
        size of the file in MB without and with the optimizer.
    """
    from napari_stem3d.networks import backbones, transfer

    say = progress or (lambda what, done, total: None)
    classes = len(source.classes)
    base = backbones.load_backbone(backbone, weights)
    started = time.perf_counter()
    own = bottlenecks.compute(
        base, source, cache, lambda k: say("Compute features", k, len(source))
    )
    spent = time.perf_counter() - started
    test = own
    if fresh is not None:
        test = bottlenecks.compute(
            base, fresh, cache, lambda k: say("Compute features to test", k, len(fresh))
        )
    images = _images(source)
    shown = images if fresh is None else _images(fresh)
    table = []
    for seed in range(seeds):
        rows = Split(seed=seed).rows(own.groups)
        tested = rows["test"] if fresh is None else np.arange(len(test.labels))
        truth = test.labels[tested]
        facts = {"seed": seed, "trained_on": len(rows["training"])}

        learn = [rows[part] for part in ("training", "validation")]
        started = time.perf_counter()
        training, validation = (Examples(own.features[r], own.labels[r]) for r in learn)
        kernel, bias = transfer.train_last_layer(training, validation, classes, settings, seed=seed)
        seconds = spent + time.perf_counter() - started
        told = transfer.probabilities(test.features[tested], kernel, bias)
        model = transfer.with_last_layer(base, kernel, bias)
        table.append(_row(f"{backbone}, last layer", facts, told, truth, seconds, model))
        for name, how in SCRATCH.items():
            say(f"Train {name}", seed + 1, seeds)
            training = Examples(_turned(images[learn[0]]), own.labels[learn[0]])
            validation = Examples(images[learn[1]][:, None], own.labels[learn[1]])
            started = time.perf_counter()
            model = _trained(how, training, validation, classes, seed, effort)
            seconds = time.perf_counter() - started
            told = transfer.label(model, shown[tested][:, None])
            table.append(_row(f"{name}, from scratch", facts, told, truth, seconds, model))
    return pd.DataFrame(table)


def _images(source: Source) -> NDArray[np.float32]:
    """Images (n, side, side, 1) as networks from scratch are shown them."""
    read = reader_of((None, SIDE, SIDE, 1))
    return np.concatenate(read([picture.image for picture in source]))


def _turned(images: NDArray[np.float32]) -> NDArray[np.float16]:
    """Turn and mirror every image in all ways: views (n, 8, side, side, 1)."""
    turned = [np.rot90(images, k, (1, 2)) for k in range(4)]
    return np.stack([*turned, *(view[:, :, ::-1] for view in turned)], axis=1).astype(np.float16)


def _trained(
    how: Scratch,
    training: Examples,
    validation: Examples,
    classes: int,
    seed: int,
    effort: float,
) -> Any:
    import keras

    from napari_stem3d.networks import scratch, transfer

    keras.utils.set_random_seed(seed)  # first weights and dropout
    model = getattr(scratch, how.build)(side=SIDE, classes=classes)
    steps = max(1, round(effort * how.epochs * len(training.labels) / _BATCH))
    transfer.fit(model, training, validation, how.optimizer(), steps=steps, batch=_BATCH, seed=seed)
    return model


def _row(
    network: str,
    facts: dict[str, Any],
    told: NDArray[np.floating],
    truth: NDArray[np.int64],
    seconds: float,
    model: Any,
) -> dict[str, Any]:
    (figure,) = figures(told, truth)
    shares = ("objects", "accuracy", "low", "high", "baseline")
    return {
        "network": network,
        **facts,
        **{name: figure[name] for name in shares},
        "seconds": round(seconds, 1),
        "parameters": model.count_params(),
        "trained": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        **_sizes(model),
    }


def _sizes(model: Any) -> dict[str, float]:
    """Sizes of a model's file without and with what its optimizer remembers [MB]."""
    import keras

    plain = keras.Model(model.inputs[0], model.output)
    if not model.compiled:
        model.compile(keras.optimizers.Adam(), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in (("MB", plain), ("MB_with_optimizer", model)):
            path = Path(folder) / "model.keras"
            kind.save(path)
            sizes[name] = round(path.stat().st_size / 1e6, 1)
    return sizes
