"""Simulated samples as layers: the images, and what is true about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.signals import Axis, Stack, to_layer_data
from napari_stem3d.simulation import Sample
from napari_stem3d.widgets._layers import LayerData, features_table, place_layer, raise_labels


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


def add_samples(
    viewer: Any, samples: Sequence[Sample], name: str, *, preview: bool = False
) -> None:
    """Add the layers of samples to a viewer, in place of their preview."""
    for described, role in zip(sample_layers(samples, name), ("image", "thickness", "truth")):
        layer = place_layer(viewer, described, f"generate {role}", preview=preview)
        if role != "truth":
            layer.reset_contrast_limits()
