"""Generate STEM stack: simulated images of one shape, with the truth about them."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from magicgui.widgets import ComboBox, FloatSpinBox, SpinBox
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_stem3d.engine import Result
from napari_stem3d.plugins import get_shape, registry
from napari_stem3d.simulation import Dataset, Grid, Microscope, Polyhedron, Sample, Shape, simulate
from napari_stem3d.widgets._forms import DataclassForm
from napari_stem3d.widgets._panel import Panel
from napari_stem3d.widgets._samples import add_samples


class GenerateWidget(Panel):
    """Form for a shape, its deformation, the images and the microscope."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.shape = ComboBox(
            label="shape",
            choices=list(registry().shapes),
            value="cuboid",
            tooltip="kind of particle",
        )
        self.corners = SpinBox(
            label="deformed corners", min=0, max=8, tooltip="corners cut off each particle"
        )
        self.particles = SpinBox(
            label="particles", value=1, min=1, max=1000, tooltip="particles in each image"
        )
        self.frames = SpinBox(label="frames", value=16, min=1, max=100_000)
        self.size = SpinBox(
            label="image size", value=128, min=16, max=8192, tooltip="rows and columns in pixels"
        )
        self.sampling = FloatSpinBox(
            label="sampling", value=0.2, min=0.001, max=1000, step=0.01, tooltip="pixel size"
        )
        self.seed = SpinBox(
            label="seed", value=0, min=0, max=2**31 - 1, tooltip="the same seed, the same images"
        )
        self.sampling.native.setDecimals(4)
        self.sampling.native.setSuffix(" nm/px")
        self.stages = {
            field.name: DataclassForm(type(getattr(Microscope(), field.name)))
            for field in dataclasses.fields(Microscope)
        }
        self.shape_form: DataclassForm[Shape]
        self._dimensions = QVBoxLayout()
        self._dimensions.setContentsMargins(0, 0, 0, 0)
        dimensions = QWidget()
        dimensions.setLayout(self._dimensions)
        microscope = QCollapsible("Microscope", collapsedIcon="▶")
        for name, form in self.stages.items():
            microscope.addWidget(QLabel(f"<b>{name.capitalize()}</b>"))
            microscope.addWidget(form)
        self.add(self.shape)
        self.add_part(dimensions)
        self.add(self.corners, self.particles, self.frames, self.size, self.sampling, self.seed)
        self.add_part(microscope)
        self.add_buttons(Preview=self.preview, Generate=self.generate)
        self.shape.changed.connect(self._show_shape)
        self._show_shape(self.shape.value)
        self._samples: list[Sample] = []
        self.job.result.connect(lambda result: self._samples.append(result.value))
        self.job.running.connect(self._add_finished)

    def dataset(self) -> Dataset:
        """Return the series that the form describes."""
        side, step = self.size.value, self.sampling.value
        return simulate(
            self.shape_form.make(),
            deformed_corners=self.corners.value if self.corners.enabled else 0,
            frames=self.frames.value,
            particles=self.particles.value,
            grid=Grid((side, side), (step, step)),
            microscope=Microscope(**{name: form.make() for name, form in self.stages.items()}),
            seed=self.seed.value,
        )

    def preview(self) -> None:
        """Show the first image in place of the last preview."""
        add_samples(self.viewer, [self.dataset()[0]], self._layer_name(), preview=True)

    def generate(self) -> None:
        """Simulate all images in a thread; the layers come when it ends or is cancelled."""
        data = self.dataset()
        self._samples = []
        self._name = self._layer_name()
        self.job.start(_results(data), len(data))

    def _layer_name(self) -> str:
        return f"simulated {self.shape.value.replace('_', ' ')}"

    def _add_finished(self, running: bool) -> None:
        if not running and self._samples:
            add_samples(self.viewer, self._samples, self._name)
            self._samples = []

    def _show_shape(self, name: str) -> None:
        kind = get_shape(name)
        if self._dimensions.count():
            self.shape_form.setParent(None)
        self.shape_form = DataclassForm(kind)
        self._dimensions.addWidget(self.shape_form)
        corners = len(kind.neighbours()) if issubclass(kind, Polyhedron) else 0
        self.corners.enabled = corners > 0
        self.corners.max = max(corners, 1)


def _results(data: Dataset) -> Iterator[Result]:
    for index, sample in enumerate(data):
        yield Result(index, sample)
