"""Predictions in single precision where the processor imitates bfloat16."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def mixed() -> Any:
    import keras

    from napari_stem3d.networks.classifiers import build_particle_classifier

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return build_particle_classifier((8, 12, 16))
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("fast", [True, False])
def test_a_network_predicts_alike_on_every_processor(
    mixed: Any, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_stem3d.networks import precision

    monkeypatch.setattr(precision, "is_bfloat16_fast", lambda: fast)
    model = precision.suited(mixed)
    assert (model is mixed) == fast
    kinds = {layer.compute_dtype for layer in model.layers}
    assert ("bfloat16" in kinds) == fast
    crops = np.random.default_rng(0).normal(size=(4, 64, 64, 2)).astype(np.float32)
    for name, values in mixed(crops, training=False).items():
        told = np.asarray(model(crops, training=False)[name])
        assert told.dtype == np.float32
        np.testing.assert_allclose(told, np.asarray(values), atol=0.03)


def test_what_is_in_single_precision_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_stem3d.networks import precision
    from napari_stem3d.networks.classifiers import build_particle_classifier

    monkeypatch.setattr(precision, "is_bfloat16_fast", lambda: False)
    model = build_particle_classifier((8, 12, 16))
    assert precision.suited(model) is model
