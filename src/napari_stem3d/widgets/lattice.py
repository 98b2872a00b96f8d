"""Generate lattice: atomic-resolution images of crystals with their defects, and the truth."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from magicgui.widgets import CheckBox
from qtpy.QtWidgets import QLabel

from napari_stem3d.engine import Result
from napari_stem3d.simulation import (
    PRESETS,
    Constant,
    Dataset,
    Defects,
    Experiment,
    Lattice,
    LatticeSample,
    LatticeScene,
    RandomLattices,
    read_experiment,
)
from napari_stem3d.simulation.lattices import ATOMIC
from napari_stem3d.widgets._atoms import add_atoms, count_classes
from napari_stem3d.widgets._facts import dose_facts
from napari_stem3d.widgets._files import SETTINGS, ask_open
from napari_stem3d.widgets._forms import DataclassForm, FieldsForm, Form, Group
from napari_stem3d.widgets._microscope_form import MicroscopeForm
from napari_stem3d.widgets._panel import Panel
from napari_stem3d.widgets._preview import Preview
from napari_stem3d.widgets._samples import show_sample

IMAGES = ("frames", "size", "sampling", "seed")


class LatticeWidget(Panel):
    """The forms of a lattice, its defects, the images and the microscope, and what uses them."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        default = LatticeScene()
        self.lattice: DataclassForm[Lattice] = DataclassForm(Lattice)
        self.defects: DataclassForm[Defects] = DataclassForm(Defects)
        fields = {field.name: field for field in dataclasses.fields(Experiment)}
        self.images = FieldsForm(fields[name] for name in IMAGES)
        self.images.fill(
            {"size": default.grid.gpts, "sampling": default.grid.sampling, "frames": 1}
        )
        self.random = CheckBox(
            label="random pose", tooltip="turn and shift the crystal in each image"
        )
        known = {name: m for name, m in ATOMIC.items() if m == default.microscope}
        self.microscope = MicroscopeForm({**known, **ATOMIC, **PRESETS})
        self.preview, self.summary = Preview(self._prepare), QLabel()
        self.add_part(Group("Crystal", self.lattice, expanded=True))
        self.add_part(Group("Defects", self.defects))
        self.add_part(Group("Images", self.images, Form([self.random])))
        self.add_part(self.microscope)
        self.add_actions(**{"Load microscope…": self.load_microscope})
        self.pin()
        self.add_part(self.summary)
        self.add_part(self.preview)
        self.add_buttons(Preview=self.preview.ask, Generate=self.generate)
        for part in (self.lattice, self.defects, self.images, self.random, self.microscope):
            part.changed.connect(self.preview.follow)
        self.preview.made.connect(self._show_preview)
        self._samples: list[LatticeSample] = []
        self.job.result.connect(lambda result: self._samples.append(result.value))
        self.job.running.connect(self._add_finished)

    def make(self) -> LatticeScene:
        """Return the scene of the forms; it refuses what does not fit."""
        images = Experiment(**self.images.values)
        return LatticeScene(
            self.lattice.make(), images.grid, self.microscope.make(), self.defects.make()
        )

    def dataset(self) -> Dataset:
        """Return the series that the forms describe."""
        scene, images = self.make(), self.images.values
        draw: Any = RandomLattices([scene]) if self.random.value else Constant(scene).draw
        return Dataset(draw, images["frames"], images["seed"])

    def generate(self) -> None:
        """Simulate all images in a thread; the layers come when it ends or is cancelled."""
        data = self.dataset()
        self.preview.stop()
        self._samples, self._made = [], self.make()
        self.job.start(_results(data), len(data))

    def load_microscope(self) -> None:
        """Show the microscope of a settings file."""
        path = ask_open(self, "Load microscope", SETTINGS)
        if path is not None:
            self.microscope.display(read_experiment(path).microscope)

    def _prepare(self) -> Iterator[Any]:
        return _preview(self.dataset(), self.make())

    def _show_preview(self, sample: LatticeSample) -> None:
        show_sample(self.viewer, sample, _name(self.make()), "lattice image")

    def _add_finished(self, running: bool) -> None:
        if not running and self._samples:
            made = self._made
            truth = add_atoms(self.viewer, self._samples, _name(made), made.microscope)
            self.summary.setText(count_classes(truth))
            self._samples = []


def _name(scene: LatticeScene) -> str:
    return f"simulated {Path(str(scene.lattice.structure)).stem}"


def _preview(data: Dataset, scene: LatticeScene) -> Iterator[Any]:
    yield data[0]
    yield "\n".join(dose_facts(scene.microscope, scene.grid))


def _results(data: Dataset) -> Iterator[Result]:
    for index, sample in enumerate(data):
        yield Result(index, sample)
