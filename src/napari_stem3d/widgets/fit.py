"""Fit particles: the body that explains each of them, to be turned beside the image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from magicgui.widgets import CheckBox, ComboBox
from napari.utils.notifications import show_info

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.frame import can_be_fitted
from napari_stem3d.analysis.fitting.surfaces import Surface, join_surfaces, write_surface
from napari_stem3d.plugins import registry
from napari_stem3d.signals import Stack, write_beside
from napari_stem3d.widgets._files import ask_save
from napari_stem3d.widgets._image_panel import (
    ImagePanel,
    labels_for,
    particle_menus,
    required,
)
from napari_stem3d.widgets._layers import ROLE, FrameLayer, ParticleLayer, place_layer

LIKELIEST = "the likeliest"
# Roles of layers; those that end in thickness are no images to be analysed.
PARTICLES, GROUND, RESIDUAL = "fit particles", "fit frame thickness", "fit residual thickness"
_BESIDE = 1.05  # widths of the image by which the residual lies to the right of it
BODIES = "STL mesh (*.stl);;OBJ mesh (*.obj);;PLY mesh (*.ply)"


class FitWidget(ImagePanel):
    """Image and labels in; bodies as a surface, what they leave of the image, and a table out."""

    function = "napari_stem3d.widgets._work:fit"
    task = "classification"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.labels, self.segmentation = particle_menus(napari_viewer)
        self.selected = CheckBox(
            label="selected only", tooltip="fit the selected label alone, in a second or two"
        )
        self.shape = ComboBox(
            label="shape",
            choices=[LIKELIEST, *filter(can_be_fitted, registry().shapes)],
            tooltip="shape that is tried; by default what the network takes for likely",
        )
        self.same_material = CheckBox(
            label="same material",
            tooltip="all particles are of the same matter: one gain for all tells hidden depths",
        )
        self.network.label = "propose with"
        self.add(self.image, self.labels, self.segmentation, self.selected)
        self.add(self.network, self.shape, self.same_material)
        self.add_run_buttons()
        self.summary.setWordWrap(True)
        self.add_actions(**{"Turn in 3-D": self.turn, "Save bodies…": self.save_bodies})
        self.labels.changed.connect(self._offer)
        self._offer()
        self.bodies: Surface = join_surfaces([])

    def _offer(self, *_: Any) -> None:
        """Offer to fit one label where there are labels."""
        self.selected.enabled = self.labels.value is not None

    def options(self, stack: Stack) -> dict[str, Any]:
        """Return the keyword arguments of the function."""
        options = super().options(stack) | {"segmentation": required(self.segmentation)}
        options["same_material"] = self.same_material.value
        if self.shape.value != LIKELIEST:
            options["shapes"] = [self.shape.value]
        if self.selected.value and self.labels.value is not None:
            options["selected"] = int(self.labels.value.selected_label)
        return options

    def arguments(self, stack: Stack, indices: range) -> Iterator[tuple[Any, ...]]:
        """Return the frames with their labels, once it is known that they fit."""
        labels = labels_for(self.labels, stack)
        return (
            (stack.frame(index), None if labels is None else labels.frame(index))
            for index in indices
        )

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty layers."""
        self.bodies = join_surfaces([])
        self._stack, self._name, self._only = stack, name, only
        if stack.data.ndim > 2 and only is not None:
            own = FrameLayer(
                self.viewer, stack, f"{name} frame", "image", GROUND, only=only, visible=False
            )
            own.set_frame(only, stack.frame(only))
            own.layer.reset_contrast_limits()
        x = stack.axes[-1]
        beside = x.offset + x.scale * stack.data.shape[-1] * _BESIDE
        self.residual = FrameLayer(
            self.viewer,
            stack,
            f"{name} residual [σ]",
            "image",
            RESIDUAL,
            only=only,
            colormap="PiYG",
            contrast_limits=(-5, 5),
        )
        place = np.array(self.residual.layer.translate)
        place[-1] = beside
        self.residual.layer.translate = place
        self.particles = ParticleLayer(
            self.viewer, stack, f"{name} fits", PARTICLES, only=only, opacity=0.5
        )
        self.particles.layer.contour = 1

    def show(self, index: int, value: Any) -> None:
        """Show the fits of a frame, and its bodies unless other frames follow."""
        labels, table, residual, bodies = value
        self.particles.add(index, labels, table)
        self.residual.set_frame(index, residual)
        if len(bodies[0]) and (self._only is not None or self._stack.data.ndim == 2):
            self.bodies = bodies
            self._show_bodies()

    def show_table(self) -> None:
        """Tell what was fitted, and how well."""
        self.summary.setText(summary_text(self.particles.update_features()))

    def turn(self) -> None:
        """Show bodies and image in three dimensions, or flat again."""
        solid = self.viewer.dims.ndisplay == 2
        source = self.image.value
        if not solid:  # before outlines are drawn again, which only two dimensions have
            self.viewer.dims.ndisplay = 2
        for layer in self.viewer.layers:
            role = layer.metadata.get(ROLE)
            if role == PARTICLES:
                layer.contour, layer.visible = int(not solid), not solid
            elif role == GROUND:  # the frames of a stack would lie on top of each other
                layer.visible, source.visible = solid, not solid
            if layer is source or role in (GROUND, RESIDUAL):
                lay_flat(layer, solid)
        if solid:
            self.viewer.dims.ndisplay = 3

    def save_bodies(self) -> None:
        """Ask for a file, and write the bodies that are shown."""
        if not len(self.bodies[0]):
            raise InputError("Fit particles first. Received: no bodies")
        path = ask_save(self, "Save bodies", f"{self._name}.stl", BODIES)
        if path is not None:
            self.write_bodies(path)

    def write_bodies(self, path: Path) -> None:
        """Write the bodies that are shown, in the unit of the image."""
        with write_beside(path) as beside:
            write_surface(self.bodies, beside)
        show_info(f"{path.name} is written.")

    def _show_bodies(self) -> None:
        vertices, triangles = self.bodies
        y, x = self._stack.axes[-2:]
        dy, dx = self._stack.sampling_nm or (1.0, 1.0)
        depth = float(np.sqrt((y.scale / dy) * (x.scale / dx)))
        scale = (depth, y.scale / dy, x.scale / dx)
        stacked = self._stack.data.ndim > 2
        depth_of_frame = float(self.residual.layer.translate[0]) if stacked else 0.0
        # The surface stands on the image, and each face has one shade: how high it lies.
        raised = vertices - (vertices[:, 0].min(), 0, 0)
        options = {
            "name": f"{self._name} bodies",
            "scale": scale,
            "translate": (depth_of_frame, y.offset, x.offset),
            "units": tuple(axis.units or "pixel" for axis in (self._stack.axes[0], y, x)),
            "colormap": "turbo",
            "shading": "flat",
            "opacity": 0.8,
        }
        values = raised[:, 0] / max(float(np.ptp(raised[:, 0])), 1e-9)
        described = ((raised, triangles, values), options, "surface")
        place_layer(self.viewer, described, "fit bodies", preview=self._only is not None)


def lay_flat(image: Any, flat: bool) -> None:
    """Show an image as a sheet in three dimensions: as a volume it smears along the view."""
    image.depiction = "plane" if flat else "volume"
    ny, nx = image.data.shape[-2:]
    image.plane.position, image.plane.normal = (0, ny / 2, nx / 2), (1, 0, 0)


def summary_text(features: pd.DataFrame) -> str:
    """Return how many were fitted and believed, and all about a single one, as rich text."""
    if not len(features):
        return "No particle could be fitted."
    believed = int(features["believable"].astype(bool).sum())
    count = f"{len(features)} particle{'' if len(features) == 1 else 's'} fitted"
    if len(features) > 1:
        return f"<p>{count}, {believed} believable by their residuals.</p>"
    row = features.iloc[0]
    unit = "nm" if "dimensions_nm" in row else "px"
    sizes = str(row[f"dimensions_{unit}"]).split()
    errors = [pair.split("=")[1] for pair in str(row[f"dimensions_{unit}_sigma"]).split()]
    lines = [
        f"<b>{str(row['shape']).replace('_', ' ')}</b>, p = {row['shape_probability']:.2f}",
        *(f"{size.replace('=', ' = ')} ± {error} {unit}" for size, error in zip(sizes, errors)),
        f"volume {row[f'volume_{unit}3']:.4g} ± {row[f'volume_{unit}3_sigma']:.2g} {unit}³",
        f"<b>{row['corners']}</b> deformed corners, p = {row['corners_probability']:.2f}",
        f"residual: p = {row['p_value']:.2g}"
        + ("" if row["believable"] else ", <b>not to be believed</b>"),
    ]
    told = "".join(f"<li>{line}</li>" for line in str(row["alternatives"]).split(" | ")[1:])
    return f"<p>{'<br>'.join(lines)}</p>" + (f"<p>Not told:</p><ul>{told}</ul>" if told else "")
