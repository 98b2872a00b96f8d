"""A list of deformations to which any registered one can be added."""

from collections.abc import Sequence

from magicgui.widgets import ComboBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_stem3d.plugins import registry
from napari_stem3d.simulation import RandomDeformation, deformation_fields
from napari_stem3d.widgets._forms import FieldsForm
from napari_stem3d.widgets._numbers import keep_narrow


class DeformationRow(QWidget):
    """One deformation: its name, its fields, and a button that takes it away."""

    changed = Signal()
    removed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        fields = deformation_fields(name)
        self.form = FieldsForm(fields.values(), tuple(f for f in fields if f != "count"))
        self.form.changed.connect(self.changed)
        title = QLabel(f"<b>{name.replace('_', ' ')}</b>")
        title.setToolTip(registry().deformations[name].description)
        remove = QToolButton()
        remove.setText("✕")
        remove.setToolTip("take this deformation away")
        remove.clicked.connect(self.removed)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.form)

    @property
    def value(self) -> RandomDeformation:
        """Deformation; fields that are not ticked are drawn."""
        fields = self.form.values
        return RandomDeformation(self.name, fields.pop("count", 1), fields)

    @value.setter
    def value(self, value: RandomDeformation) -> None:
        drawn = dict.fromkeys(self.form.editors)
        self.form.fill({**drawn, **value.fields, "count": value.count})


class DeformationList(QWidget):
    """Deformations in their order.

    Attributes
    ----------
    rows : list of DeformationRow
        One per deformation.
    changed : Signal
        One came or went, or a value has changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[DeformationRow] = []
        names = {name.replace("_", " "): name for name in registry().deformations}
        self.menu = ComboBox(choices=list(names.items()))
        keep_narrow(self.menu.native)
        add = QPushButton("Add")
        add.setToolTip("wrong with each particle, after those above")
        add.clicked.connect(lambda: self.add(self.menu.value))
        line = QHBoxLayout()
        line.addWidget(self.menu.native, 1)
        line.addWidget(add)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addLayout(line)

    def add(self, name: str) -> DeformationRow:
        """Append a deformation all of whose fields are drawn."""
        row = self._append(name)
        self.changed.emit()
        return row

    def remove(self, row: DeformationRow) -> None:
        """Take a deformation away."""
        self._drop(row)
        self.changed.emit()

    @property
    def value(self) -> tuple[RandomDeformation, ...]:
        """Deformations."""
        return tuple(row.value for row in self.rows)

    @value.setter
    def value(self, value: Sequence[RandomDeformation]) -> None:
        for row in list(self.rows):
            self._drop(row)
        for deformation in value:
            self._append(deformation.name).value = deformation
        self.changed.emit()

    def _append(self, name: str) -> DeformationRow:
        row = DeformationRow(name)
        row.changed.connect(self.changed)
        row.removed.connect(lambda: self.remove(row))
        self.rows.append(row)
        self._layout.insertWidget(self._layout.count() - 1, row)
        return row

    def _drop(self, row: DeformationRow) -> None:
        self.rows.remove(row)
        self._layout.removeWidget(row)
        row.hide()
        row.deleteLater()
