"""The last layer alone, and all layers gently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks.last_layer import FEATURES, PRESETS, Examples, LastLayer

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def transfer() -> Any:
    from napari_stem3d.networks import transfer

    return transfer


def blobs(seed: int, count: int = 60) -> Examples:
    """Features in three clouds, two views each, of very different scales."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    middles = np.array([[0, 0, 5], [4, 0, 5], [0, 4, 5]])[labels][:, None]
    views = middles + rng.normal(0, 0.7, (count, 2, 3))
    return Examples((views * [100, 1, 0.01]).astype(np.float32), labels)


def accuracy(examples: Examples, kernel: np.ndarray, bias: np.ndarray) -> float:
    from napari_stem3d.networks import transfer

    told = transfer.probabilities(examples.views, kernel, bias)
    return float(np.mean(told.argmax(axis=1) == examples.labels))


def test_the_layer_learns_whatever_the_scale_of_the_features(transfer: Any) -> None:
    kernel, bias = transfer.train_last_layer(
        blobs(0, 300), blobs(1), 3, LastLayer(steps=600, rate=0.02)
    )
    assert accuracy(blobs(2, 300), kernel, bias) > 0.97


def test_the_same_seed_gives_the_same_layer(transfer: Any) -> None:
    first, again, other = (
        transfer.train_last_layer(blobs(0), blobs(1), 3, LastLayer(steps=20), seed=seed)[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_the_preset_has_the_settings_of_the_original_script(transfer: Any) -> None:
    """ML-01: 4,000 steps of plain descent at 0.01, 100 images each, first weights of 0.001."""
    retrain = PRESETS["retrain"]
    assert (retrain.steps, retrain.batch, retrain.rate) == (4000, 100, 0.01)
    assert (retrain.optimizer, retrain.standardize, retrain.best) == ("sgd", False, False)
    assert transfer.DEVIATION == 0.001


def test_plain_descent_takes_the_step_that_calculus_gives(transfer: Any) -> None:
    one = Examples(np.ones((1, 1, 2), np.float32), np.array([0]))
    how = LastLayer(1, 1, 0.5, "sgd", standardize=False, best=False)
    kernel, bias = transfer.train_last_layer(one, one, 2, how)
    # From probabilities of one half the scores move by the rate times the error.
    np.testing.assert_allclose(bias, [0.25, -0.25], atol=2e-3)
    np.testing.assert_allclose(kernel, [[0.25, -0.25]] * 2, atol=5e-3)


@pytest.mark.parametrize("wrong", [{"optimizer": "magic"}, {"steps": 0}, {"rate": -1.0}])
def test_settings_that_cannot_work_are_one_sentence(wrong: dict) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))} must"):
        LastLayer(**wrong)


def images(seed: int, count: int = 40) -> Examples:
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=count)
    views = rng.normal(0, 0.3, (count, 1, 8, 8, 1)) + labels[:, None, None, None, None]
    return Examples(views.astype(np.float32), labels)


def test_fine_tuning_moves_all_weights_but_statistics_and_never_makes_it_worse(
    transfer: Any,
) -> None:
    import keras

    from napari_stem3d.networks.backbones import fingerprint

    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 1))
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Conv2D(4, 3)(image))
    backbone = keras.Model(image, {FEATURES: keras.layers.GlobalAveragePooling2D()(x)})
    before = fingerprint(backbone)
    model = transfer.with_last_layer(backbone, np.zeros((4, 2)), np.zeros(2))
    assert fingerprint(backbone) == before

    def loss() -> float:
        told = transfer.label(model, images(1).views)
        return transfer.cross_entropy(told, images(1).labels)

    start, statistics = loss(), model.get_layer("norm").get_weights()
    assert transfer.fine_tune(model, images(0), images(1), steps=120, rate=0.01) > 0
    assert loss() < start
    assert fingerprint(backbone) != before
    for old, new in zip(statistics, model.get_layer("norm").get_weights()):
        np.testing.assert_array_equal(old, new)
    best = loss()
    wrong = images(0)._replace(labels=1 - images(0).labels)
    assert transfer.fine_tune(model, wrong, images(1), steps=30, rate=0.01) == 0
    assert loss() == pytest.approx(best)
