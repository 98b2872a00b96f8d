"""The form of a `Microscope`: a menu of presets, and one group for each stage."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import PRESETS, Microscope
from napari_stem3d.widgets._forms import DataclassForm, Form, Group

CHANGED = "as set below"
TITLES = {"film": "Carbon film"}


class MicroscopeForm(QWidget):
    """Editors of a microscope.

    Parameters
    ----------
    presets : mapping of str to Microscope
        What the menu offers, the one to start with first.

    Attributes
    ----------
    stages : dict of str to DataclassForm
        The form of each stage.
    groups : dict of str to Group
        The parts that fold, by title.
    changed : Signal
        A value has changed.
    """

    changed = Signal()

    def __init__(self, presets: Mapping[str, Microscope] = PRESETS) -> None:
        super().__init__()
        self.presets = dict(presets)
        self.preset = ComboBox(
            label="microscope",
            choices=[*presets, CHANGED],
            tooltip="microscope to start from; it fills the stages below",
        )
        self.stages: dict[str, DataclassForm[Any]] = {
            stage.name: DataclassForm(stage.default_factory)  # type: ignore[arg-type]
            for stage in dataclasses.fields(Microscope)
        }
        self.groups: dict[str, Group] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Form([self.preset]))
        for name, form in self.stages.items():
            group = Group(TITLES.get(name, name.capitalize()), form)
            self.groups[group.text()] = group
            column.addWidget(group)
            form.changed.connect(self._on_edited)
        self._filling = False
        self.preset.changed.connect(self._choose)
        self.display(next(iter(self.presets.values())))

    def make(self) -> Microscope:
        """Return the microscope of the form; it refuses stages that do not fit each other."""
        return Microscope(**{name: form.make() for name, form in self.stages.items()})

    def display(self, microscope: Microscope) -> None:
        """Show the values of a microscope."""
        self._filling = True
        try:
            for name, form in self.stages.items():
                form.display(getattr(microscope, name))
        finally:
            self._filling = False
        self._on_edited()

    def _choose(self, name: str) -> None:
        if name != CHANGED:
            self.display(self.presets[name])

    def _on_edited(self) -> None:
        """Name the preset that the stages are, if they are one."""
        if self._filling:
            return
        try:
            made = self.make()
        except InputError:
            name = CHANGED
        else:
            name = next((n for n, known in self.presets.items() if known == made), CHANGED)
        with self.preset.changed.blocked():
            self.preset.value = name
        self.changed.emit()
