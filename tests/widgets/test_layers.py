from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_stem3d.signals import Axis, Stack
from napari_stem3d.widgets._layers import (
    FrameLayer,
    ParticleLayer,
    features_table,
    is_preview,
    raise_labels,
)

AXES = (Axis("time", 2.0, 10.0, "s"), Axis("y", 0.5, 3.0, "nm"), Axis("x", 0.25, -1.0, "nm"))


@pytest.fixture
def source() -> Stack:
    return Stack(np.zeros((3, 4, 5)), AXES, "movie")


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame({"particle": range(1, count + 1), "size": np.arange(count) + 0.5})


def test_raised_labels_keep_the_background() -> None:
    labels = np.array([[0, 1], [2, 0]], np.int32)
    assert raise_labels(labels, 5).tolist() == [[0, 6], [7, 0]]


def test_row_n_of_the_features_is_label_n() -> None:
    features = features_table([table(2), table(0), table(1)], [0, 1, 2])
    assert features["index"].tolist() == [0, 1, 2, 3]
    assert features["frame"].tolist()[1:] == [0, 0, 2]
    assert features["size"].tolist()[1:] == [0.5, 1.5, 0.5]
    assert features.loc[0].drop("index").isna().all()
    assert list(features) == ["index", "frame", "size"]


def test_labels_are_dense_through_the_stack_and_lie_on_the_image(source: Stack) -> None:
    viewer = ViewerModel()
    particles = ParticleLayer(viewer, source, "found", "test")
    particles.add(0, np.array([[1, 2, 0, 0, 0]] * 4, np.int32), table(2))
    particles.add(1, np.zeros((4, 5), np.int32), table(0))
    particles.add(2, np.array([[0, 0, 0, 0, 1]] * 4, np.int32), table(1))
    assert particles.update_features()["size"].tolist() == [0.5, 1.5, 0.5]
    (layer,) = viewer.layers
    assert np.unique(layer.data).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero((layer.data == 3).any(axis=(1, 2))).tolist() == [2]
    assert layer.scale.tolist() == [2.0, 0.5, 0.25]
    assert layer.translate.tolist() == [10.0, 3.0, -1.0]
    assert [f"{unit:~}" for unit in layer.units] == ["s", "nm", "nm"]
    assert layer.axis_labels == ("time", "y", "x")
    assert len(layer.features) == 4


def test_a_preview_lies_at_its_frame(source: Stack) -> None:
    viewer = ViewerModel()
    FrameLayer(viewer, source, "map", "image", "test", only=2)
    (layer,) = viewer.layers
    assert layer.data.shape == (1, 4, 5)
    assert layer.translate.tolist() == [14.0, 3.0, -1.0]
    assert (layer.name, is_preview(layer)) == ("preview of map", True)


def test_a_result_takes_the_place_of_the_preview_and_not_of_a_result(source: Stack) -> None:
    viewer = ViewerModel()
    for only in (0, 1, None, None):
        FrameLayer(viewer, source, "map", "image", "test", only=only)
    assert [(layer.name, layer.data.shape) for layer in viewer.layers] == [
        ("map", (3, 4, 5)),
        ("map [1]", (3, 4, 5)),
    ]
    assert not any(map(is_preview, viewer.layers))


def test_a_preview_may_change_its_dimension(source: Stack) -> None:
    viewer = ViewerModel()
    flat = Stack(np.zeros((4, 5)), AXES[1:], "image")
    for image in (flat, source, flat):
        FrameLayer(viewer, image, "map", "image", "test", only=0)
    (layer,) = viewer.layers
    assert (layer.data.shape, layer.axis_labels) == ((4, 5), ("y", "x"))
    assert layer.scale.tolist() == [0.5, 0.25]
