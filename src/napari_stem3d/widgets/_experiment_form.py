"""The form of an `Experiment`: everything that there is to choose, in groups that fold."""

import dataclasses
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stem3d.plugins import get_shape, registry
from napari_stem3d.simulation import (
    Experiment,
    Motion,
    Polyhedron,
    Shape,
)
from napari_stem3d.widgets._deformations import DeformationList
from napari_stem3d.widgets._forms import DataclassForm, FieldsForm, Form, Group
from napari_stem3d.widgets._microscope_form import MicroscopeForm

SCENE = ("particles", "placement", "poses")
IMAGES = ("frames", "size", "sampling", "movie", "seed")


class ExperimentForm(QWidget):
    """Editors of an experiment.

    Attributes
    ----------
    groups : dict of str to Group
        The parts that fold, by title.
    changed : Signal
        A value has changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shape = ComboBox(
            label="shape",
            choices=[(name.replace("_", " "), name) for name in registry().shapes],
            value="cuboid",
            tooltip="kind of particle",
        )
        self.corners = _form("deformed_corners")
        self.deformations = DeformationList()
        self.scene, self.images = _form(*SCENE), _form(*IMAGES)
        self.motion: DataclassForm[Motion] = DataclassForm(Motion)
        self.microscope = MicroscopeForm()
        self.shape_form: DataclassForm[Shape]
        self._dimensions = QVBoxLayout()
        self._dimensions.setContentsMargins(0, 0, 0, 0)
        dimensions = QWidget()
        dimensions.setLayout(self._dimensions)
        groups = [
            Group("Particle", Form([self.shape]), dimensions, expanded=True),
            Group("Deformations", self.corners, self.deformations),
            Group("Scene", self.scene),
            Group("Motion", self.motion),
            Group("Images", self.images),
        ]
        self.groups = {group.text(): group for group in groups} | self.microscope.groups
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for group in groups:
            column.addWidget(group)
        column.addWidget(self.microscope)
        self.shape.changed.connect(self._show_shape)
        parts = (self.corners, self.deformations, self.scene, self.motion, self.images)
        for part in (*parts, self.microscope):
            part.changed.connect(self.changed)
        self._show_shape(self.shape.value)

    def make(self) -> Experiment:
        """Return the experiment of the form.

        Raises
        ------
        InputError
            If values do not fit each other.
        """
        return Experiment(
            shape=self.shape.value,
            dimensions=self.shape_form.values,
            deformations=self.deformations.value,
            motion=self.motion.make(),
            microscope=self.microscope.make(),
            **self.corners.values,
            **self.scene.values,
            **self.images.values,
        )

    def display(self, experiment: Experiment) -> None:
        """Show the values of an experiment."""
        self.shape.value = experiment.shape
        self.shape_form.display(experiment.particle_shape)
        for form in (self.corners, self.scene, self.images):
            form.fill({name: getattr(experiment, name) for name in form.editors})
        self.deformations.value = experiment.deformations
        self.motion.display(experiment.motion)
        self.microscope.display(experiment.microscope)

    def _show_shape(self, name: str) -> None:
        kind = get_shape(name)
        if self._dimensions.count():
            self._dimensions.removeWidget(self.shape_form)
            self.shape_form.hide()
            self.shape_form.deleteLater()
        self.shape_form = DataclassForm(kind)
        self.shape_form.changed.connect(self.changed)
        self._dimensions.addWidget(self.shape_form)
        corners = self.corners.editors["deformed_corners"]
        most = len(kind.neighbours()) if issubclass(kind, Polyhedron) else 0
        corners.box.setRange(0, most)
        corners.box.setEnabled(most > 0)
        self.changed.emit()


def _form(*names: str) -> FieldsForm:
    known: dict[str, Any] = {field.name: field for field in dataclasses.fields(Experiment)}
    return FieldsForm(known[name] for name in names)
