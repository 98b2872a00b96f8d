"""Classify particles: shape and deformation of every particle, in colours and as a table."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import registry
from napari_stem3d.signals import Stack, from_layer
from napari_stem3d.widgets._image_panel import ImagePanel, layer_menu, network_menu, required
from napari_stem3d.widgets._layers import COLOURS, ParticleLayer


class ClassifyWidget(ImagePanel):
    """Image, labels and network in; labels coloured by class, their table and a summary out."""

    function = "napari_stem3d.widgets._work:classify"
    task = "classification"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.labels = layer_menu(
            napari_viewer,
            Labels,
            label="particles",
            tooltip="labels of the particles; none: they are searched first",
            nullable=True,
        )
        self.segmentation = network_menu("segmentation", "search with")
        self.segmentation.tooltip = "network that searches the particles where no labels are given"
        self.add(self.image, self.labels, self.segmentation, self.network)
        self.add_run_buttons()
        self.labels.changed.connect(lambda layer: setattr(self.segmentation, "enabled", not layer))

    def options(self, stack: Stack) -> dict[str, Any]:
        """Return the keyword arguments of the function."""
        return super().options(stack) | {"segmentation": required(self.segmentation)}

    def arguments(self, stack: Stack, indices: range) -> Iterator[tuple[Any, ...]]:
        """Return the frames with their labels, once it is known that they fit."""
        labels = None if self.labels.value is None else from_layer(self.labels.value)
        if labels is not None and labels.data.shape != stack.data.shape:
            raise InputError(
                f"The particles must have the shape of the image, {stack.data.shape}. "
                f"Received: {labels.data.shape}"
            )
        return (
            (stack.frame(index), None if labels is None else labels.frame(index))
            for index in indices
        )

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty layer."""
        self.particles = ParticleLayer(
            self.viewer, stack, f"{name} classes", "classify", only=only, opacity=0.5
        )

    def show(self, index: int, value: Any) -> None:
        """Show the particles of a frame."""
        self.particles.add(index, *value)

    def show_table(self) -> None:
        """Colour all particles so far by their class, and count the classes."""
        features = self.particles.update_features()
        if not len(features):
            self.summary.setText("No particles yet.")
            return
        colours = class_colours(features["shape"])
        shown = dict(zip(features["index"], features["shape"].map(colours)))
        self.particles.layer.colormap = DirectLabelColormap(
            color_dict={None: "transparent", 0: "transparent", **shown}
        )
        self.summary.setText(summary_text(features, colours))


def class_colours(classes: pd.Series) -> dict[str, str]:
    """Return the colour of every class, the same one in every image."""
    known = list(registry().shapes)
    others = sorted(set(classes) - set(known))
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate([*known, *others])}


def summary_text(features: pd.DataFrame, colours: dict[str, str]) -> str:
    """Return the legend and the counts of the classes as rich text."""
    rows = "".join(
        f"<tr><td><font color='{colours[name]}'>■</font> {name.replace('_', ' ')}</td>"
        f"<td align='right'>{len(group)}</td>"
        f"<td align='right'>{int(group['deformed'].astype(bool).sum())}</td>"
        f"<td align='right'>{group['shape_probability'].mean():.2f}</td></tr>"
        for name, group in sorted(features.groupby("shape"), key=lambda item: -len(item[1]))
    )
    heads = "".join(f"<th>{head}</th>" for head in ("shape", "count", "deformed", "mean p"))
    return f"<table cellspacing='5'><tr>{heads}</tr>{rows}</table>"
