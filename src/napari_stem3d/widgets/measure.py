"""Measure particles: volume, sizes, vertices and corners as a table, a map and histograms."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from magicgui.widgets import CheckBox
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QLabel

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.measurement import balance_of
from napari_stem3d.analysis.measurement.plots import Bar
from napari_stem3d.analysis.weighing import Balance
from napari_stem3d.signals import Stack, from_layer, write_beside
from napari_stem3d.simulation import Microscope, microscope_of_metadata
from napari_stem3d.widgets._corner_layers import show_corners
from napari_stem3d.widgets._files import ask_save
from napari_stem3d.widgets._forms import DataclassForm, FieldsForm, Group
from napari_stem3d.widgets._histograms import CHOSEN, Histograms
from napari_stem3d.widgets._image_panel import (
    ImagePanel,
    labels_for,
    particle_menus,
    required,
)
from napari_stem3d.widgets._layers import FrameLayer, ParticleLayer
from napari_stem3d.widgets.classify import class_colours

TABLES = "Table (*.csv)"
# What scatters, beside the levels of the detector.
SCATTERING = {
    "contrast": ("material", "density", "inner", "outer", "calibration"),
    "beam": ("high_voltage",),
}
FAINT = "#80808040"  # of particles that are not selected
UNITS = ("nm", "px", "nm2", "px2", "nm3", "px3")
SHOWN = ("volume", "height", "diameter", "area")  # whose medians the summary tells


class MeasureWidget(ImagePanel):
    """Image and labels in; a table on a labels layer, heights and histograms out."""

    function = "napari_stem3d.widgets._work:measure"
    task = "classification"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.labels, self.segmentation = particle_menus(napari_viewer)
        self.with_heights = CheckBox(
            label="height map", value=True, tooltip="add the thickness of every pixel"
        )
        self.with_corners = CheckBox(
            label="corners", tooltip="add corners and edges of particles of flat faces"
        )
        self.fit = CheckBox(
            label="fit bodies",
            tooltip="corners are those of fitted bodies, more exact: a second or so a particle",
        )
        self.balance = DataclassForm(Balance)
        self.known = {
            name: FieldsForm(
                f for f in dataclasses.fields(getattr(Microscope(), name)) if f.name in told
            )
            for name, told in SCATTERING.items()
        }
        self.histograms, self.notes = Histograms(napari_viewer.theme), QLabel()
        self.notes.setWordWrap(True)
        self.add(self.image, self.labels, self.segmentation, self.network)
        self.add(self.with_heights, self.with_corners, self.fit)
        self.add_part(
            Group("What turns grey values into matter", self.balance, *self.known.values())
        )
        self.add_run_buttons()
        self.add_part(self.histograms)
        self.add_part(self.notes)
        self.save = self.add_actions(**{"Save table…": self.save_table})["Save table…"]
        self.save.setDisabled(True)
        self.histograms.chosen.connect(self.select)
        self.image.changed.connect(self._read_metadata)
        self._read_metadata(self.image.value)
        self.table = pd.DataFrame()
        self._assumed: tuple[str, ...] = ()

    def options(self, stack: Stack) -> dict[str, Any]:
        """Return the keyword arguments of the function."""
        chosen = {"segmentation": required(self.segmentation), "fit": self.fit.value}
        return super().options(stack) | chosen

    def arguments(self, stack: Stack, indices: range) -> Iterator[tuple[Any, ...]]:
        """Return the frames with their labels, once it is known that they fit."""
        labels, balance = labels_for(self.labels, stack), self._balance()

        def frames() -> Iterator[tuple[Any, ...]]:
            # In another thread: noise is estimated for a second or so.
            level, self._assumed = balance_of(stack.frame(0), stack.metadata, balance)
            for index in indices:
                yield stack.frame(index), None if labels is None else labels.frame(index), level

        return frames()

    def begin(self, stack: Stack, name: str, only: int | None) -> None:
        """Make the empty layers."""
        self._notes = dict.fromkeys(self._assumed)
        self._source, self._preview = (name, stack.sampling_nm or (1.0, 1.0)), only is not None
        self.heights = None
        unit = "nm" if stack.calibrated else "px"
        if self.with_heights.value:
            self.heights = FrameLayer(
                self.viewer,
                stack,
                f"{name} height [{unit}]",
                "image",
                "measure thickness",
                only=only,
                colormap="viridis",
                visible=False,
            )
        self.particles = ParticleLayer(
            self.viewer, stack, f"{name} measured", "measure", only=only, opacity=0.5
        )

    def show(self, index: int, value: Any) -> None:
        """Show the particles of a frame."""
        labels, table, heights, notes = value
        self.particles.add(index, labels, table)
        self._notes |= dict.fromkeys(notes)
        if self.heights is not None:
            self.heights.set_frame(index, heights)
            self.heights.layer.reset_contrast_limits()

    def show_table(self) -> None:
        """Show what all particles so far measure."""
        self.table = self.particles.update_features()
        self.summary.setText(summary_text(self.table))
        self.notes.setText("\n".join(self._notes))
        self.save.setDisabled(self.table.empty)
        self.histograms.setVisible(not self.table.empty)
        if not self.table.empty:
            self.histograms.display(self.table)
            self._paint(None)

    def finish(self) -> None:
        """Show the corners, once all of them are known."""
        if self.with_corners.value:
            name, sampling = self._source
            show_corners(self.particles.layer, self.viewer, name, sampling, preview=self._preview)

    def select(self, bar: Bar | None) -> None:
        """Show the particles of a bar, or all of them."""
        self._paint(bar)
        if bar is None:
            self.summary.setText(summary_text(self.table))
            return
        chosen = self.table.iloc[bar.rows]
        self.particles.layer.selected_label = int(chosen["index"].iloc[0])
        self.summary.setText(f"<b>{bar.meaning}</b><br>{summary_text(chosen)}")

    def save_table(self) -> None:
        """Write the table to a file, as `stem3d measure` does."""
        path = ask_save(self, "Save table", "particles.csv", TABLES)
        if path is not None:
            write_table(self.table, path)
            show_info(f"{path.name} is written.")

    def _balance(self) -> Balance:
        parts = {
            name: dataclasses.replace(getattr(Microscope(), name), **form.values)
            for name, form in self.known.items()
        }
        return dataclasses.replace(self.balance.make(), **parts)

    def _read_metadata(self, layer: Any) -> None:
        if layer is not None:
            told, _ = microscope_of_metadata(from_layer(layer).metadata)
            for name, form in self.known.items():
                form.fill(dataclasses.asdict(getattr(told, name)))

    def _paint(self, bar: Bar | None) -> None:
        """Colour the particles of a bar, or all by their class."""
        labels = self.table["index"]
        if bar is None:
            colours = dict(zip(labels, self.table["shape"].map(class_colours(self.table["shape"]))))
        else:
            colours = dict.fromkeys(labels, FAINT)
            colours |= dict.fromkeys(labels.iloc[bar.rows], CHOSEN)
        self.particles.layer.colormap = DirectLabelColormap(
            color_dict={None: "transparent", 0: "transparent", **colours}
        )


def summary_text(table: pd.DataFrame) -> str:
    """Return how many particles there are, and their medians, as rich text."""
    if table.empty:
        return "No particles yet."
    lines = [f"{len(table)} particle{'' if len(table) == 1 else 's'}"]
    for name in SHOWN:
        column = next((c for c in table if c.startswith(f"{name}_") and c.endswith(UNITS)), None)
        if column is not None:
            values = table[column].astype(float)
            unit = column.removeprefix(f"{name}_").replace("2", "²").replace("3", "³")
            lines.append(f"median {name} {values.median():.4g} {unit}")
    return "<br>".join(lines)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table of particles as CSV.

    Raises
    ------
    InputError
        If the folder is missing or the disk refuses the file.
    """
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path.name} must end in .csv. Received: '{path.suffix}'.")
    columns = ["frame", "index", *[c for c in table if c not in ("frame", "index")]]
    with write_beside(path) as beside:
        table[columns].rename(columns={"index": "particle"}).to_csv(beside, index=False)
