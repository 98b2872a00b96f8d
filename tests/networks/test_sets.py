"""The network of several views: one view alone, their order, their product, strangers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d._errors import InputError

pytestmark = pytest.mark.tensorflow


def outputs_of(rng: np.random.Generator, count: int) -> dict[str, NDArray[np.float32]]:
    """What a classifier might say of some particles."""
    from napari_stem3d.networks.set_views import HEADS, PARTS

    told = {name: rng.dirichlet(np.full(PARTS[name], 0.3), count) for name in HEADS}
    told["edges"] = rng.uniform(0.4, 1.6, (count, 3))
    told["features"] = rng.exponential(size=(count, PARTS["features"]))
    return {name: values.astype(np.float32) for name, values in told.items()}


def views_of(rng: np.random.Generator, sets: int, views: int) -> NDArray[np.float32]:
    from napari_stem3d.networks.set_views import VIEW, pack_views

    told = outputs_of(rng, sets * views)
    rows = pack_views(told, rng.uniform(5, 40, sets * views))
    return rows.reshape(sets, views, VIEW)


@pytest.fixture(scope="module")
def taught() -> Any:
    """A network whose every weight has been moved somewhere."""
    from napari_stem3d.networks.sets import build_set_classifier

    model, rng = build_set_classifier(width=16), np.random.default_rng(3)
    model.set_weights([w + rng.normal(0, 0.2, w.shape) for w in model.get_weights()])
    return model


def test_a_single_view_says_what_the_particle_classifier_says(taught: Any) -> None:
    """ML-08: one image gives the answer of the model for single images."""
    from napari_stem3d.networks.set_views import HEADS, pack_views

    told = outputs_of(np.random.default_rng(0), 5)
    outputs = taught(pack_views(told, np.full(5, 20.0))[:, None], training=False)
    for name in HEADS:
        np.testing.assert_allclose(outputs[name], told[name], atol=3e-6)
    np.testing.assert_array_equal(outputs["same_object"], 1)


def test_the_order_of_the_views_does_not_matter(taught: Any) -> None:
    """ML-08: permutation-invariant."""
    views = views_of(np.random.default_rng(1), 3, 5)
    first = taught(views, training=False)
    again = taught(views[:, [4, 2, 0, 3, 1]], training=False)
    for name, values in first.items():
        np.testing.assert_allclose(again[name], values, atol=1e-5)


def test_an_untrained_network_nearly_multiplies_the_probabilities() -> None:
    from napari_stem3d.networks.set_views import HEADS, split_views
    from napari_stem3d.networks.sets import build_set_classifier

    views = views_of(np.random.default_rng(2), 4, 3)
    outputs = build_set_classifier(width=8)(views, training=False)
    for name in HEADS:
        told = np.exp(split_views(views)[name])
        # One view in a hundred errs blindly; with three views two thirds of that are granted.
        blind = 2 / 3 / (1 + np.exp(4.6))
        products = ((1 - blind) * told + blind / told.shape[-1]).prod(axis=1)
        np.testing.assert_allclose(
            outputs[name], products / products.sum(axis=1, keepdims=True), atol=1e-5
        )


def test_views_that_err_alike_count_as_one_and_none_excludes_what_the_others_say() -> None:
    import keras

    from napari_stem3d.networks.sets import JointEvidence

    layer = JointEvidence()
    alike = np.log(np.array([[[0.7, 0.2, 0.1]] * 4], np.float32))
    layer.build(alike.shape)
    layer.blunder.assign(-30.0)
    layer.dependence.assign(1.0)
    np.testing.assert_allclose(keras.ops.softmax(layer(alike)), [[0.7, 0.2, 0.1]], rtol=1e-5)
    layer.dependence.assign(0.0)
    # A prior that every view contains counts once in the product.
    layer.prior.assign(alike[0, 0])
    np.testing.assert_allclose(keras.ops.softmax(layer(alike)), [[0.7, 0.2, 0.1]], rtol=1e-5)
    layer.prior.assign(np.zeros(3))
    blunder = np.log(np.array([[[0.98, 0.01, 0.01]] * 3 + [[1e-7, 1 - 2e-7, 1e-7]]], np.float32))
    assert np.argmax(layer(blunder)) == 1
    layer.blunder.assign(-4.0)
    assert np.argmax(layer(blunder)) == 0


def test_it_learns_to_tell_strangers() -> None:
    import keras

    from napari_stem3d.networks.sets import build_set_classifier

    keras.utils.set_random_seed(0)
    model = build_set_classifier(width=32)
    model.compile(keras.optimizers.Adam(3e-3), {"same_object": "binary_crossentropy"})

    def batch(number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Objects of some size and look, half of them with a view of another one."""
        rng = np.random.default_rng([7, number])
        views = np.repeat(views_of(rng, 64, 1), 4, axis=1)
        views += rng.normal(0, 0.02, views.shape).astype(np.float32)
        views[32:, 0] = views[:32, 0]
        return views, (np.arange(64) < 32).astype(np.float32)[:, None]

    for number in range(60):
        views, same = batch(number)
        model.train_on_batch(views, {"same_object": same})
    views, same = batch(1000)
    told = np.asarray(model(views, training=False)["same_object"]) > 0.5
    assert np.mean(told == (same > 0.5)) > 0.9


@pytest.mark.parametrize("wrong", [{"orbit": None}, {"shape": np.ones((2, 8))}])
def test_other_classifiers_are_refused(wrong: dict[str, Any]) -> None:
    from napari_stem3d.networks.set_views import pack_views

    told = {**outputs_of(np.random.default_rng(0), 2), **wrong}
    with pytest.raises(InputError, match=f"must tell '{next(iter(wrong))}'.* Received: "):
        pack_views({name: v for name, v in told.items() if v is not None}, np.ones(2))
