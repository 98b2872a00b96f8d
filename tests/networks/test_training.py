"""Losses against NumPy, and a training that is interrupted and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.tensorflow

PER_EPOCH, STEPS = 5, 20


@pytest.fixture(scope="module")
def training() -> Iterator[Any]:
    import keras

    from napari_stem3d.networks import training

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "STEPS_PER_EPOCH", PER_EPOCH)
        yield training
    keras.mixed_precision.set_global_policy("float32")


def test_marks_weigh_ten_times_as_much(training: Any) -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random((2, 3, 8, 8, 2)).astype(np.float32)
    entropy = -truth * np.log(score) - (1 - truth) * np.log(1 - score)
    expected = ((1 + 10 * truth) * entropy).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.asarray(training.weighted_marks(truth, score)), expected, 1e-5)


def test_certainty_costs_much_but_not_infinitely(training: Any) -> None:
    truth = np.array([0.0, 1.0], np.float32).reshape(2, 1, 1, 1)
    assert np.asarray(training.weighted_marks(truth, truth)).max() < 1e-4
    wrong = np.asarray(training.weighted_marks(truth, 1 - truth))
    assert np.isfinite(wrong).all()
    np.testing.assert_allclose(wrong, -np.log(1e-6) * np.array([1, 11]), rtol=0.02)


def test_thickness_counts_by_its_logarithm(training: Any) -> None:
    rng = np.random.default_rng(1)
    truth, guess = rng.gamma(2, 10, (2, 3, 8, 8, 1)).astype(np.float32)
    expected = abs(np.log1p(guess) - np.log1p(truth)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.asarray(training.log_thickness(truth, guess)), expected, 1e-5)


def build() -> Any:
    import keras

    keras.utils.set_random_seed(7)
    crop = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(crop)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(crop, {"side": keras.layers.Softmax(dtype="float32", name="side")(scores)})


def batch(number: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Noise, brighter in half of the images: an easy task."""
    rng = np.random.default_rng([9, number])
    side = rng.integers(0, 2, 32)
    images = rng.normal(0, 0.3, (32, 8, 8, 1)) + side[:, None, None, None]
    return images.astype(np.float32), {"side": side}


def stream(until: float = np.inf, asked: list[int] | None = None) -> Callable[[int], Iterator]:
    """Batches from a number on; the power fails at batch `until`."""

    def batches(start: int) -> Iterator:
        number = start
        while True:
            if number >= until:
                raise ConnectionAbortedError("power failure")
            if asked is not None:
                asked.append(number)
            yield batch(number)
            number += 1

    return batches


def train(training: Any, folder: Path, batches: Callable[[int], Iterator], **options: Any) -> Any:
    return training.train(
        build,
        batches,
        folder,
        steps=STEPS,
        loss={"side": "sparse_categorical_crossentropy"},
        loss_weights={"side": 1.0},
        metrics={"side": ["accuracy"]},
        **{"rate": 0.02, **options},
    )


def accuracy(model: Any) -> float:
    images, targets = batch(10_000)
    return float((np.asarray(model(images)["side"]).argmax(-1) == targets["side"]).mean())


class Run(NamedTuple):
    folder: Path
    model: Any


@pytest.fixture(scope="module")
def through(training: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("through")
    return Run(folder, train(training, folder, stream()))


def assert_same_weights(one: Any, other: Any, tolerance: float) -> None:
    for a, b in zip(one.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 10)


def test_the_trained_model_is_good_and_in_single_precision(through: Run) -> None:
    assert accuracy(through.model) > 0.9
    assert {layer.compute_dtype for layer in through.model.layers} == {"float32"}


def test_an_interrupted_training_ends_as_if_nothing_had_happened(
    training: Any, through: Run, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="power failure"):
        train(training, tmp_path, stream(until=12))
    asked: list[int] = []
    resumed = train(training, tmp_path, stream(asked=asked))
    assert asked[0] == 10  # two whole epochs were saved
    assert_same_weights(resumed, through.model, 1e-4)
    twice, once = (pd.read_csv(folder / "history.csv") for folder in (tmp_path, through.folder))
    assert twice["epoch"].tolist() == once["epoch"].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(twice["loss"], once["loss"], rtol=1e-3)


def test_a_finished_training_gives_the_same_model_again(training: Any, through: Run) -> None:
    before = pd.read_csv(through.folder / "history.csv")
    again = train(training, through.folder, stream())
    assert_same_weights(again, through.model, 1e-5)
    assert pd.read_csv(through.folder / "history.csv").equals(before)


def test_a_further_round_starts_from_a_model_and_with_fresh_batches(
    training: Any, through: Run, tmp_path: Path
) -> None:
    asked: list[int] = []
    further = train(
        training, tmp_path, stream(asked=asked), start=through.model, first=STEPS, rate=1e-9
    )
    assert asked[0] == STEPS
    trained = [w for layer in further.layers for w in layer.trainable_weights]
    started = [w for layer in through.model.layers for w in layer.trainable_weights]
    for one, other in zip(trained, started):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-4)


def test_the_model_has_the_average_of_the_weights(through: Run) -> None:
    import keras

    last = keras.models.load_model(through.folder / "state.keras", compile=False)
    averaged, newest = (np.asarray(m.layers[1].kernel) for m in (through.model, last))
    assert abs(averaged - newest).max() > 1e-4
