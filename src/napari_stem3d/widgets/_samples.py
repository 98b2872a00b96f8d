"""Simulated samples as layers: the images, and what is true about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.signals import Axis, Stack, to_layer_data
from napari_stem3d.simulation import Sample
from napari_stem3d.widgets._layers import PREVIEW, features_table, raise_labels

LayerData = tuple[Any, dict[str, Any], str]


def sample_layers(samples: Sequence[Sample], name: str) -> list[LayerData]:
    """Describe samples as three layers: image, thickness [nm] and labels with the truth.

    A single sample makes 2-D layers, several a stack with the axes (frame, y, x).
    """
    tables = [pd.DataFrame(sample.truth()) for sample in samples]
    starts = np.cumsum([0, *map(len, tables)])
    images = np.stack([sample.image for sample in samples])
    thickness = np.stack([sample.thickness for sample in samples])
    labels = np.stack([raise_labels(s.labels, start) for s, start in zip(samples, starts)])
    axes = (Axis("frame"), *(Axis(n, d, 0.0, "nm") for n, d in zip("yx", samples[0].grid.sampling)))
    metadata = {"General": {"title": name}, "Signal": {"signal_origin": "simulation"}}

    def layer(data: Any, title: str, kind: str = "image", **options: Any) -> LayerData:
        data, shown = (data[0], axes[1:]) if len(samples) == 1 else (data, axes)
        return to_layer_data(Stack(data, shown, title, metadata), kind, **options)

    return [
        layer(images, name),
        layer(thickness, f"{name} thickness [nm]", colormap="viridis", visible=False),
        layer(
            labels,
            f"{name} truth",
            "labels",
            features=features_table(tables, range(len(samples))),
            opacity=0.4,
        ),
    ]


def add_samples(viewer: Any, samples: Sequence[Sample], name: str, preview: str = "") -> None:
    """Add the layers of samples to a viewer, marked as the preview of a panel if it is named."""
    from napari.layers import Layer

    for layer_data in sample_layers(samples, name):
        layer = Layer.create(*layer_data)
        if preview:
            layer.metadata[PREVIEW] = preview
        viewer.add_layer(layer)
