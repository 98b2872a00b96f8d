"""Networks to be trained from nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def built(function: str, **options: Any) -> Any:
    from napari_stem3d.networks import scratch

    return getattr(scratch, function)(**options)


@pytest.mark.parametrize(
    ("build", "outputs", "parameters"),
    [
        ("build_vgg_like", 1, 13_844_449),
        ("build_vgg_like", 6, 13_845_734),
        ("build_deepdog", 1, 2_154_017),
        ("build_deepdog", 6, 2_159_142),
    ],
)
def test_the_published_networks_have_their_parameters(build, outputs, parameters) -> None:
    """ST-01, ST-02: layer for layer those of the published classifiers."""
    assert built(build, classes=outputs, activation="sigmoid").count_params() == parameters


@pytest.mark.parametrize("build", ["build_small_cnn", "build_vgg_like", "build_deepdog"])
def test_they_tell_probabilities_at_any_size(build) -> None:
    model = built(build, side=32, classes=3)
    label = np.asarray(model(np.random.default_rng(0).random((2, 32, 32, 1)))["label"])
    assert label.shape == (2, 3)
    np.testing.assert_allclose(label.sum(axis=1), 1, rtol=1e-5)
