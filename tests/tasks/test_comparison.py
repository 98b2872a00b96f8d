"""Transfer learning beside networks from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_stem3d.networks import store
from napari_stem3d.networks.last_layer import LastLayer
from napari_stem3d.tasks.comparison import SCRATCH, compare
from napari_stem3d.tasks.simulated import Simulated

pytestmark = pytest.mark.tensorflow


def test_both_ways_are_told_of_on_the_same_images(tmp_path: Path) -> None:
    """ML-09: same split, seeds, interval, time and size on disk."""
    import keras

    shown = keras.Input((16, 16, 1))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(4)(shown))
    path = tmp_path / "tiny.keras"
    store.write(keras.Model(shown, {"features": features}), path, {})
    table = compare(
        Simulated(count=30, seed=1),
        Simulated(count=5, seed=2),
        "mobilenet-v2",
        weights=path,
        settings=LastLayer(steps=20),
        seeds=1,
        effort=0.02,
        cache=tmp_path,
    )
    networks = ["mobilenet-v2, last layer", *(f"{name}, from scratch" for name in SCRATCH)]
    assert table["network"].tolist() == networks
    assert table["seed"].tolist() == [0] * 4
    assert table["trained_on"].nunique() == 1
    assert (table["objects"] == 10).all() and (table["baseline"] == 50).all()
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()
    first = table.iloc[0]
    assert first["trained"] == first["parameters"] == 16 * 2 + 2
    from_scratch = table[table["network"].str.contains("scratch")]
    assert (from_scratch["MB_with_optimizer"] > 1.4 * from_scratch["MB"]).all()
