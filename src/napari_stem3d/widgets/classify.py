"""Classify particles: shape and deformation of every particle, in colours and as a table."""

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd
from magicgui.widgets import CheckBox
from napari.utils.colormaps import DirectLabelColormap

from napari_stem3d.analysis.joint.outlook import more_words
from napari_stem3d.engine import Progress, Result
from napari_stem3d.plugins import registry
from napari_stem3d.signals import Stack
from napari_stem3d.widgets._image_panel import (
    ImagePanel,
    labels_for,
    network_menu,
    particle_menus,
    required,
)
from napari_stem3d.widgets._layers import COLOURS, PALE, ParticleLayer


class ClassifyWidget(ImagePanel):
    """Image, labels and network in; labels coloured by class, their table and a summary out."""

    function = "napari_stem3d.widgets._work:classify"
    object_function = "napari_stem3d.widgets._work:classify_object"
    task = "classification"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.labels, self.segmentation = particle_menus(napari_viewer)
        self.same_object = CheckBox(
            label="same object",
            tooltip="all frames show one object in unknown poses: they are judged together",
        )
        self.ground_truth = network_menu("ground-truth", "judge with")
        self.ground_truth.enabled = False
        self.add(self.image, self.labels, self.segmentation, self.network)
        self.add(self.same_object, self.ground_truth)
        self.add_run_buttons()
        self.same_object.changed.connect(self._choose)
        self._views: list[Any] | None = None  # of the same object in the frames so far
        self._said = ""  # of the object, from all of them

    def _choose(self, together: bool) -> None:
        """Judge frame by frame, or all frames together."""
        self.ground_truth.enabled = together
        self.function = self.object_function if together else type(self).function

    def options(self, stack: Stack) -> dict[str, Any]:
        """Return the keyword arguments of the function."""
        options = super().options(stack) | {"segmentation": required(self.segmentation)}
        if self.same_object.value:
            options["ground_truth"] = required(self.ground_truth)
        return options

    def arguments(self, stack: Stack, indices: range) -> Iterator[tuple[Any, ...]]:
        """Return the frames with their labels, once it is known that they fit."""
        labels = labels_for(self.labels, stack)
        views = self._views = [] if self.same_object.value else None
        return (
            (
                stack.frame(index),
                None if labels is None else labels.frame(index),
                *([] if views is None else [list(views)]),
            )
            for index in indices
        )

    def follow(self, events: Iterator[Progress | Result]) -> Iterator[Progress | Result]:
        """Keep each view of the object: the next frame is judged together with it."""
        views = self._views
        for event in events:
            if views is not None and isinstance(event, Result):
                views.append(event.value[2])
            yield event

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty layer."""
        self._said = ""
        self.particles = ParticleLayer(
            self.viewer, stack, f"{name} classes", "classify", only=only, opacity=0.5
        )

    def show(self, index: int, value: Any) -> None:
        """Show the particles of a frame, or the object in it and what it is by now."""
        labels, table, *together = value
        self.particles.add(index, labels, table)
        if together and len(together[1]):
            self._said = object_text(together[1].iloc[0])

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
        self.summary.setText(self._said + summary_text(features, colours))


def class_colours(classes: pd.Series) -> dict[str, str]:
    """Return the colour of every class, the same one in every image."""
    known = list(registry().shapes)
    others = sorted(set(classes) - set(known))
    return dict(zip([*known, *others], itertools.cycle(COLOURS + PALE)))


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


def object_text(told: pd.Series) -> str:
    """Return what all images together say of one object, as rich text."""
    images, number = told["images"], told["corners"]
    lines = [
        f"<b>{told['shape'].replace('_', ' ')}</b> (p = {told['shape_probability']:.2f})",
        f"<b>{number}</b> deformed corner{'' if number == 1 else 's'} "
        f"(p = {told['corners_probability']:.2f})",
        f"one object: p = {told['same_object']:.2f}",
        more_words(told["more_images"]),
    ]
    return f"<p>{images} image{'' if images == 1 else 's'} together: {', '.join(lines)}</p>"
