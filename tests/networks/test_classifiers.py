from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks.contracts import CLASSES, CROP, MOST_CORNERS, ORBITS

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def classifier() -> Any:
    from napari_stem3d.networks.classifiers import build_particle_classifier

    model = build_particle_classifier((8, 12, 16))
    # Untrained blocks pass their input on and know no neighbours; trained ones do.
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.05, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, CROP, CROP, 2)).astype(np.float32)


def test_every_crop_gets_probabilities(classifier: Any, crops: np.ndarray) -> None:
    output = {name: np.asarray(values) for name, values in classifier(crops).items()}
    assert {name: values.shape for name, values in output.items()} == {
        "corner_maps": (3, CROP, CROP, 2),
        "edge_maps": (3, CROP, CROP, 3),
        "shape": (3, len(CLASSES)),
        "corners": (3, MOST_CORNERS + 1),
        "orbit": (3, len(ORBITS)),
        "edges": (3, 3),
        "features": (3, 256),
    }
    for values in output.values():
        assert values.dtype == np.float32
        assert values.min() >= 0
    for name in ("corner_maps", "edge_maps", "shape", "corners", "orbit"):
        assert output[name].max() <= 1
    for name in ("shape", "corners", "orbit"):
        np.testing.assert_allclose(output[name].sum(axis=-1), 1, atol=1e-5)


def test_crops_do_not_know_of_each_other(classifier: Any, crops: np.ndarray) -> None:
    together = classifier(crops, training=False)
    alone = classifier(crops[1:2], training=False)
    for name, values in alone.items():
        np.testing.assert_allclose(np.asarray(values)[0], np.asarray(together[name])[1], atol=1e-5)


def test_it_survives_a_file(classifier: Any, crops: np.ndarray, tmp_path: Path) -> None:
    import keras

    classifier.save(tmp_path / "classes.keras")
    again = keras.models.load_model(tmp_path / "classes.keras", safe_mode=True)(crops)
    for name, values in classifier(crops).items():
        np.testing.assert_array_equal(np.asarray(again[name]), np.asarray(values))
