"""A panel that sends the frames of an image layer to the engine and shows what comes back."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox, ComboBox
from napari.layers import Image, Labels
from qtpy.QtWidgets import QLabel

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.contrast import inverted, looks_inverted
from napari_stem3d.engine import Progress, Result, shared_engine
from napari_stem3d.networks.cards import figures_in_short
from napari_stem3d.networks.store import read_card
from napari_stem3d.plugins import NetworkSpec, registry
from napari_stem3d.signals import Stack, from_layer
from napari_stem3d.widgets._layers import is_preview, is_thickness
from napari_stem3d.widgets._panel import Panel

DARK = (
    "This looks like bright field, dark particles on a bright support, while the networks know "
    "bright particles on a dark one: {} “bright field”."
)


class ImagePanel(Panel):
    """Menus of images and networks, and the two buttons Preview and All frames.

    A subclass names the `function` of the child process and writes `begin`, `show` and
    `show_table`; and `arguments` and `options` where it has more of them.
    """

    function: str
    task: str

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.image = layer_menu(viewer, Image, label="image", tooltip="an image or a stack")
        self.network = network_menu(self.task, "network")
        self.bright_field = CheckBox(
            label="bright field",
            tooltip="particles are darker than the support: the networks see the negative",
        )
        self.warning, self.summary = QLabel(), QLabel()
        self.warning.setWordWrap(True)
        self._dark = False
        self.job.result.connect(self._show)
        self.job.running.connect(self._complete)
        self._begun, self._table_due = False, 0.0

    def add_run_buttons(self) -> None:
        """Append the buttons, the job bar and the summary of the results."""
        self.add(self.bright_field)
        self.add_buttons(Preview_frame=self.preview, All_frames=self.run_all)
        self.add_part(self.warning)
        self.add_part(self.summary)

    def arguments(self, stack: Stack, indices: range) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of the function for each frame; called in another thread."""
        for index in indices:
            yield (stack.frame(index),)

    def follow(self, events: Iterator[Progress | Result]) -> Iterator[Progress | Result]:
        """Pass on what happens, before the next frame is asked for; called in another thread."""
        return events

    def options(self, stack: Stack) -> dict[str, Any]:
        """Return the keyword arguments of the function."""
        return {"network": required(self.network), "sampling_nm": stack.sampling_nm}

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty result layers, of all frames or for the preview of one."""
        raise NotImplementedError

    def show(self, index: int, value: Any) -> None:
        """Show the result of frame `index`."""
        raise NotImplementedError

    def show_table(self) -> None:
        """Show what is known of all particles so far."""
        raise NotImplementedError

    def finish(self) -> None:
        """Do what is left to do after the last frame."""

    def preview(self) -> None:
        """Work on the frame that is shown."""
        layer = required(self.image)
        stack = from_layer(layer)
        index = current_frame(self.viewer, layer)
        self._start(layer, stack, range(index, index + 1), only=index)

    def run_all(self) -> None:
        """Work on all frames."""
        layer = required(self.image)
        stack = from_layer(layer)
        self._start(layer, stack, range(stack.frame_count))

    def _start(self, layer: Image, stack: Stack, indices: range, only: int | None = None) -> None:
        options = self.options(stack)
        frames = self._upright(self.arguments(stack, indices), self.bright_field.value)
        self.warning.clear()
        self.summary.clear()
        self._first = indices.start
        self._placement = (stack, layer.name, only)
        events = self.follow(shared_engine().run(self.function, frames, **options))
        self.job.start(events, len(indices), shared_engine().cancel)

    def _upright(
        self, arguments: Iterator[tuple[Any, ...]], invert: bool
    ) -> Iterator[tuple[Any, ...]]:
        """Turn the frames over if asked to, and look which side up the first one is then.

        Called in another thread.
        """
        for index, (frame, *rest) in enumerate(arguments):
            image = inverted(frame) if invert else frame
            if index == 0:
                self._dark = looks_inverted(image)
            yield (image, *rest)

    def _show(self, result: Result) -> None:
        if not self._begun:
            self._begun, self._table_due = True, 0.0
            if self._dark:
                self.warning.setText(DARK.format("untick" if self.bright_field.value else "tick"))
            self.begin(*self._placement)
        self.show(self._first + result.index, result.value)
        if time.monotonic() >= self._table_due:
            # The table is made anew of all frames: it may take a fifth of the time, not all of it.
            start = time.monotonic()
            self.show_table()
            self._table_due = time.monotonic() + 4 * (time.monotonic() - start)

    def _complete(self, running: bool) -> None:
        if self._begun and not running:
            self._begun = False
            self.show_table()
            self.finish()


def layer_menu(viewer: Any, kind: type, **options: Any) -> ComboBox:
    """Return a menu of the viewer's layers of one kind, the selected one chosen.

    Thickness maps of ours are left out, and previews too unless they are all there is.
    """

    def choices(_: Any) -> list[Any]:
        layers = [one for one in viewer.layers if isinstance(one, kind) and not is_thickness(one)]
        return [one for one in layers if not is_preview(one)] or layers

    menu = ComboBox(choices=choices, **options)
    active = viewer.layers.selection.active
    if active in menu.choices:
        menu.value = active
    return menu


def network_menu(task: str, label: str) -> ComboBox:
    """Return a menu of the registered networks for a task; its tooltip says what they are."""
    specs = [spec for spec in registry().networks.values() if spec.task == task]
    tooltip = "\n".join(map(_described, specs))
    return ComboBox(label=label, choices=[spec.name for spec in specs], tooltip=tooltip)


def _described(spec: NetworkSpec) -> str:
    """Return what a network does and, as its card says, how right it is."""
    card = read_card(spec.weights_path) if spec.weights_path else {}
    return "\n    ".join([f"{spec.name}: {spec.description}", *figures_in_short(card)])


def required(menu: ComboBox) -> Any:
    """Return the choice of a menu.

    Raises
    ------
    InputError
        If there is nothing to choose.
    """
    if menu.value is None:
        raise InputError(f"Choose the {menu.label} first. Received: nothing to choose from")
    return menu.value


def particle_menus(viewer: Any) -> tuple[ComboBox, ComboBox]:
    """Return a menu of labels that may be left open, and one of networks that then search."""
    labels = layer_menu(
        viewer,
        Labels,
        label="particles",
        tooltip="labels of the particles; none: they are searched first",
        nullable=True,
    )
    search = network_menu("segmentation", "search with")
    search.tooltip = "network that searches the particles where no labels are given"
    search.enabled = labels.value is None
    labels.changed.connect(lambda layer: setattr(search, "enabled", layer is None))
    return labels, search


def labels_for(menu: ComboBox, stack: Stack) -> Stack | None:
    """Return the labels of a menu that may be left open, once it is known that they fit.

    Raises
    ------
    InputError
        If they have another shape than the image.
    """
    if menu.value is None:
        return None
    labels = from_layer(menu.value)
    if labels.data.shape != stack.data.shape:
        raise InputError(
            f"The particles must have the shape of the image, {stack.data.shape}. "
            f"Received: {labels.data.shape}"
        )
    return labels


def current_frame(viewer: Any, layer: Any) -> int:
    """Return the frame of a layer that the viewer shows, counted in C order."""
    shape = layer.data.shape[:-2]
    if not shape:
        return 0
    point = layer.world_to_data(viewer.dims.point[-layer.ndim :])[:-2]
    place = np.clip(np.round(point).astype(int), 0, np.array(shape) - 1)
    return int(np.ravel_multi_index(tuple(place), shape))
