"""Simulated samples as layers: the images, and what is true about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.signals import Axis, Stack, to_layer_data
from napari_stem3d.simulation import Experiment, Grid, Microscope, Sample, metadata
from napari_stem3d.widgets._layers import LayerData, features_table, place_layer, raise_labels


def sample_layers(
    samples: Sequence[Sample], name: str, made: Experiment | None = None
) -> list[LayerData]:
    """Describe samples as three layers: image, thickness [nm] and labels with the truth.

    A single sample makes 2-D layers, several a stack with the axes (frame, y, x), or (time, y, x)
    with the time in seconds where they are the frames of a movie.
    """
    made = made or Experiment()
    tables = [pd.DataFrame(sample.truth()) for sample in samples]
    starts = np.cumsum([0, *map(len, tables)])
    images = np.stack([sample.image for sample in samples])
    thickness = np.stack([sample.thickness for sample in samples])
    labels = np.stack([raise_labels(s.labels, start) for s, start in zip(samples, starts)])
    grid = samples[0].grid
    axes = image_axes(grid, made.microscope if made.movie else None)
    described = simulated_metadata(made.microscope, grid, name)

    def layer(data: Any, title: str, kind: str = "image", **options: Any) -> LayerData:
        data, shown = (data[0], axes[1:]) if len(samples) == 1 else (data, axes)
        return to_layer_data(Stack(data, shown, title, described), kind, **options)

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
    viewer: Any, samples: Sequence[Sample], name: str, made: Experiment | None = None
) -> None:
    """Add the layers of samples to a viewer, the images in place of their preview."""
    roles = ("image", "thickness", "truth")
    for described, role in zip(sample_layers(samples, name, made), roles):
        layer = place_layer(viewer, described, f"generate {role}", preview=False)
        if role != "truth":
            layer.reset_contrast_limits()
    if made is not None and made.movie:
        # The slider itself counts frames, whatever the scale and the unit of its axis.
        viewer.canvas.overlays.current_slice.visible = True
        viewer.dims.axis_labels = (*viewer.dims.axis_labels[:-3], "t (s)", "y", "x")


def show_sample(viewer: Any, sample: Any, name: str, role: str = "generate image") -> None:
    """Show one image in place of the last preview, the whole of it where its size is another."""
    stack = Stack(sample.image, image_axes(sample.grid)[1:], name)
    before = [tuple(one.extent.world[1][-2:]) for one in viewer.layers]
    layer = place_layer(viewer, to_layer_data(stack), role, preview=True)
    layer.reset_contrast_limits()
    if len(before) == 1 and before[0] != tuple(layer.extent.world[1][-2:]):
        viewer.reset_view()


def image_axes(grid: Grid, movie: Microscope | None = None) -> tuple[Axis, ...]:
    """Return the axes of a stack: frames, or the time [s] of a movie, then y and x [nm]."""
    frames = Axis("frame")
    if movie is not None:
        frames = Axis("time", grid.gpts[0] * movie.scan.line_time(grid), 0.0, "s")
    return frames, *(Axis(n, d, 0.0, "nm") for n, d in zip("yx", grid.sampling))


def simulated_metadata(microscope: Microscope, grid: Grid, title: str) -> dict[str, Any]:
    """Return what HyperSpy has names for."""
    described = metadata(microscope, grid)
    return {**described, "General": {**described.get("General", {}), "title": title}}
