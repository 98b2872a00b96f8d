from __future__ import annotations

from typing import Any

import numpy as np

from napari_stem3d.widgets.samples import simulated_cuboids


def test_the_sample_opens_from_the_menu(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer()
    viewer.open_sample("napari-stem3d", "cuboids")
    image, _thickness, truth = viewer.layers
    assert image.data.shape == (8, 256, 256)
    assert image.axis_labels == ("frame", "y", "x")
    assert len(truth.features) == 41
    assert np.unique(truth.data).max() == 40


def test_its_truth_names_two_deformed_corners() -> None:
    _, options, kind = simulated_cuboids()[2]
    assert kind == "labels"
    assert options["features"]["corners"].tolist()[1:] == [2] * 40
