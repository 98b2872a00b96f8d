"""Match my image: the microscope whose images have the noise of a real one, shown beside it."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Shapes
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel
from skimage.draw import polygon2mask

from napari_stem3d._errors import InputError
from napari_stem3d.engine import Result, shared_engine
from napari_stem3d.signals import Stack, from_layer, to_layer_data
from napari_stem3d.simulation import (
    Experiment,
    Microscope,
    microscope_of_metadata,
    write_experiment,
)
from napari_stem3d.widgets._estimates import EstimateTable
from napari_stem3d.widgets._files import SETTINGS, ask_save
from napari_stem3d.widgets._forms import FieldsForm, Group
from napari_stem3d.widgets._image_panel import current_frame, layer_menu, required
from napari_stem3d.widgets._layers import place_layer
from napari_stem3d.widgets._panel import Panel

FUNCTION = "napari_stem3d.widgets._work:match"
# What one image does not tell of its microscope.
KNOWN = {
    "contrast": ("material", "inner", "outer"),
    "beam": ("high_voltage", "convergence"),
    "scan": ("dwell", "flyback"),
}
GAP = 1.02  # between the images, in widths of an image


class MatchWidget(Panel):
    """An image and what is known of it in; estimates, a simulated image and settings out."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.image = layer_menu(
            napari_viewer, Image, label="image", tooltip="the frame that is shown is matched"
        )
        self.vacuum = layer_menu(
            napari_viewer,
            Shapes,
            label="vacuum",
            tooltip="rectangles or polygons where the beam meets no matter: the selected ones, or "
            "all; they tell the black level, which is guessed without",
            nullable=True,
        )
        self.known = {
            name: FieldsForm(
                f for f in dataclasses.fields(getattr(Microscope(), name)) if f.name in told
            )
            for name, told in KNOWN.items()
        }
        self.table, self.notes = EstimateTable(), QLabel()
        self.notes.setWordWrap(True)
        self.found: Any = None
        self.add(self.image, self.vacuum)
        self.add_part(Group("What is known of the microscope", *self.known.values(), expanded=True))
        self.add_part(self.table)
        self.add_part(self.notes)
        self.pin()
        self.add_buttons(Match=self.match)
        self.uses = self.add_actions(
            **{"Save settings…": self.save_settings, "Use in Generate": self.use_in_generate}
        )
        for button in self.uses.values():
            button.setDisabled(True)
        self.job.result.connect(self._show)
        self.image.changed.connect(self._read_metadata)
        self._read_metadata(self.image.value)

    def match(self) -> None:
        """Match the frame that is shown."""
        layer = required(self.image)
        stack = from_layer(layer)
        frame = stack.frame(current_frame(self.viewer, layer))
        vacuum = None if self.vacuum.value is None else vacuum_mask(self.vacuum.value, layer)
        self._source = layer, stack
        arguments = (frame, stack.sampling_nm, vacuum, self._known())
        self.job.start(shared_engine().run(FUNCTION, [arguments]), 1, shared_engine().cancel)

    def save_settings(self) -> None:
        """Write the microscope that was found, and the pixels of the image, to a file."""
        path = ask_save(self, "Save settings", f"{Path(self._source[0].name).stem}.toml", SETTINGS)
        if path is not None:
            grid, microscope = self.found.grid, self.found.microscope
            like = Experiment(size=grid.gpts, sampling=grid.sampling, microscope=microscope)
            write_experiment(like, path)

    def use_in_generate(self) -> None:
        """Fill the panel that generates, opened if need be, with what was found."""
        _, panel = self.viewer.window.add_plugin_dock_widget("napari-stem3d", "Generate STEM stack")
        panel.form.microscope.display(self.found.microscope)
        grid = self.found.grid
        panel.form.images.fill({"size": grid.gpts, "sampling": grid.sampling})

    def _known(self) -> Microscope:
        stages = {
            name: dataclasses.replace(getattr(Microscope(), name), **form.values)
            for name, form in self.known.items()
        }
        return dataclasses.replace(Microscope(), **stages)

    def _read_metadata(self, layer: Any) -> None:
        if layer is None:
            return
        told, _ = microscope_of_metadata(from_layer(layer).metadata)
        for name in ("beam", "scan"):
            self.known[name].fill(dataclasses.asdict(getattr(told, name)))

    def _show(self, result: Result) -> None:
        self.found, picture = result.value
        self.table.display(self.found.estimates)
        self.notes.setText("\n".join(self.found.notes))
        for button in self.uses.values():
            button.setEnabled(True)
        layer, stack = self._source
        y, x = stack.axes[-2:]
        x = dataclasses.replace(x, offset=x.offset + GAP * x.scale * picture.shape[1])
        beside = Stack(picture, (y, x), f"{layer.name} simulated")
        shown = place_layer(self.viewer, to_layer_data(beside), "match image", preview=True)
        shown.name = beside.title
        shown.contrast_limits = layer.contrast_limits
        self.viewer.reset_view()


def vacuum_mask(shapes: Shapes, image: Image) -> NDArray[np.bool_]:
    """Return the pixels of an image within the selected shapes, or within all of them.

    Raises
    ------
    InputError
        If there are none.
    """
    chosen = shapes.selected_data or range(len(shapes.data))
    mask = np.zeros(image.data.shape[-2:], bool)
    rest = np.zeros(image.ndim - 2)
    for index in chosen:
        world = [shapes.data_to_world(place)[-2:] for place in shapes.data[index]]
        mask |= polygon2mask(mask.shape, [image.world_to_data([*rest, *p])[-2:] for p in world])
    if not mask.any():
        raise InputError(
            f"The vacuum must be shapes that lie on the image. Received: {len(shapes.data)} shapes "
            f"in the layer {shapes.name!r}"
        )
    return mask
