"""A training by its parts: what it learns, and that it goes on exactly after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks import precision

pytestmark = pytest.mark.tensorflow

SETTINGS = {
    "steps": 20,
    "rate": 0.02,
    "warmup": 0.05,
    "decay": 1e-3,
    "average": 0.9,
    "precision": "mixed_bfloat16",
    "seed": 7,
    "interval": 5,
    "patience": 0,
    "checkpoint": 0.0,
}


def build(normalised: bool = False) -> Any:
    import keras

    crop = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(crop)
    if normalised:
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dropout(0.1)(keras.layers.GlobalAveragePooling2D()(x))
    scores = keras.layers.Dense(2)(x)
    return keras.Model(crop, {"side": keras.layers.Softmax(dtype="float32", name="side")(scores)})


def batch(number: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Noise, brighter in half of the images: an easy task."""
    rng = np.random.default_rng([9, number])
    side = rng.integers(0, 2, 32)
    images = rng.normal(0, 0.3, (32, 8, 8, 1)) + side[:, None, None, None]
    return images.astype(np.float32), {"side": side}


VALIDATION = [batch(999_999), batch(1_000_000)]


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


def trainer(folder: Path, batches: Any = None, build: Any = build, **options: Any) -> Any:
    from napari_stem3d.networks.training import Trainer

    changes = {name: options.pop(name) for name in SETTINGS if name in options}
    return Trainer(
        build,
        batches or stream(),
        folder,
        settings=SimpleNamespace(**(SETTINGS | changes)),
        loss={"side": "sparse_categorical_crossentropy"},
        loss_weights={"side": 1.0},
        metrics={"side": ["accuracy"]},
        **({"validation": lambda: VALIDATION} | options),
    )


def finish(one: Any) -> Any:
    while not one.finished:
        one.advance()
    one.close()
    return one


def accuracy(model: Any) -> float:
    images, targets = batch(10_000)
    return float((np.asarray(model(images)["side"]).argmax(-1) == targets["side"]).mean())


class Run(NamedTuple):
    folder: Path
    trainer: Any
    model: Any


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("through")
    done = finish(trainer(folder))
    return Run(folder, done, done.result())


def assert_same_weights(one: Any, other: Any, tolerance: float = 1e-5) -> None:
    for a, b in zip(one.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance / 10)


def test_the_trained_model_is_good_and_its_weights_in_single_precision(through: Run) -> None:
    import keras

    assert accuracy(through.model) > 0.9
    assert {weights.dtype for weights in through.model.get_weights()} == {np.dtype("float32")}
    assert {layer.compute_dtype for layer in through.trainer.model.layers[1:2]} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"


def test_the_history_tells_the_course(through: Run) -> None:
    table = pd.read_csv(through.folder / "history.csv")
    assert table["step"].tolist() == [5, 10, 15, 20]
    assert table["val_loss"].iloc[-1] < table["val_loss"].iloc[0]
    assert table["val_accuracy"].iloc[-1] > 0.9
    assert (np.diff(table["seconds"]) > 0).all()


def test_validation_is_of_the_averaged_weights(
    through: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    # The validation computes in single precision, the result like the training.
    monkeypatch.setattr(precision, "is_bfloat16_fast", lambda: False)
    model = precision.suited(through.model)
    entropy = keras.losses.sparse_categorical_crossentropy
    losses = [
        np.mean(entropy(targets["side"], model(images)["side"])) for images, targets in VALIDATION
    ]
    best = min(row["val_loss"] for row in through.trainer.history)
    assert best == pytest.approx(np.mean(losses), rel=1e-4)
    newest, averaged = through.trainer.model.get_weights()[0], through.model.get_weights()[0]
    assert abs(newest - averaged).max() > 1e-4


def test_a_training_without_power_goes_on_as_if_nothing_had_happened(
    through: Run, tmp_path: Path
) -> None:
    with pytest.raises(ConnectionAbortedError):
        finish(trainer(tmp_path, stream(until=12)))
    asked: list[int] = []
    resumed = finish(trainer(tmp_path, stream(asked=asked)))
    assert asked[0] == 10
    assert_same_weights(resumed.model, through.trainer.model)
    assert_same_weights(resumed.result(), through.model)
    twice, once = (pd.read_csv(folder / "history.csv") for folder in (tmp_path, through.folder))
    pd.testing.assert_frame_equal(twice.drop(columns="seconds"), once.drop(columns="seconds"))


def test_one_that_is_stopped_goes_on_from_that_very_step(through: Run, tmp_path: Path) -> None:
    first, steps = trainer(tmp_path, checkpoint=1e3), list[int]()
    with pytest.raises(KeyboardInterrupt):
        while not first.finished:
            first.advance(lambda step, means: steps.append(step), lambda: steps[-1] == 13)
    asked: list[int] = []
    resumed = finish(trainer(tmp_path, stream(asked=asked)))
    assert asked[0] == 13
    assert_same_weights(resumed.result(), through.model)
    rows = zip(resumed.history, through.trainer.history)
    for one, other in rows:
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)


def test_a_finished_training_gives_the_same_model_again(through: Run) -> None:
    before = (through.folder / "history.csv").read_bytes()
    again = finish(trainer(through.folder, stream(until=0)))
    assert_same_weights(again.result(), through.model, 0)
    assert (through.folder / "history.csv").read_bytes() == before


def test_it_stops_early_and_keeps_the_best(tmp_path: Path) -> None:
    noise = [(batch(1)[0], batch(2)[1])]  # with the answers to other images
    one = finish(trainer(tmp_path, patience=2, steps=200, rate=0.1, validation=lambda: noise))
    losses = [row["val_loss"] for row in one.history]
    assert one.step < 200
    assert int(np.argmin(losses)) == len(losses) - 3
    assert one.best["val_loss"] == min(losses)
    again = finish(trainer(tmp_path, patience=2, steps=200, rate=0.1, validation=lambda: noise))
    assert_same_weights(again.result(), one.result(), 0)


def test_without_validation_the_last_average_is_the_result(tmp_path: Path) -> None:
    one = finish(trainer(tmp_path, validation=None))
    assert "val_loss" not in one.history[-1]
    assert accuracy(one.result()) > 0.9


def test_it_starts_from_a_trained_model(through: Run, tmp_path: Path) -> None:
    further = trainer(tmp_path, start=through.model, rate=1e-9)
    further.advance()
    assert_same_weights(further.model, through.model, 1e-3)


def test_weights_of_another_network_are_refused(through: Run, tmp_path: Path) -> None:
    import keras

    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(InputError, match=r"network to start from .* Received: 2 arrays, 8 numbers"):
        trainer(tmp_path, start=other)
    with pytest.raises(InputError, match=r"state\.npz must have the weights of the network"):
        trainer(through.folder, build=lambda: build(normalised=True))


def test_statistics_of_normalisation_are_those_of_the_averaged_weights(tmp_path: Path) -> None:
    one = finish(trainer(tmp_path, build=lambda: build(normalised=True)))
    model = one.result()
    images = np.concatenate([batch(k)[0] for k in range(100, 110)])
    values = np.asarray(model.layers[1](images)).astype(np.float32)
    (norm,) = (layer for layer in model.layers if "normalization" in layer.name)
    np.testing.assert_allclose(norm.moving_mean, values.mean((0, 1, 2)), rtol=0.1, atol=0.02)


def test_a_loss_that_is_no_number_is_said(tmp_path: Path) -> None:
    def broken(start: int) -> Iterator:
        yield *batch(start), {"side": np.full(32, np.nan, np.float32)}

    with pytest.raises(InputError, match=r"finite number; .* Received: nan at step 1"):
        trainer(tmp_path, broken).advance()


def test_a_torn_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state.npz").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"state\.npz must be a checkpoint of a training"):
        trainer(tmp_path)
