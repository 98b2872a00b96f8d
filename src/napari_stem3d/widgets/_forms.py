"""Forms: aligned rows of editors, those of a dataclass's fields, and groups that fold."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from magicgui.widgets import CheckBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget
from superqt import QCollapsible

from napari_stem3d.widgets._editors import Drawn, editor_of
from napari_stem3d.widgets._numbers import keep_narrow, keep_still

T = TypeVar("T")
LABEL_WIDTH = 120  # the same in all forms of a panel, so that their editors stand in one column
UNLIMITED = 16_777_215  # Qt's own word for no maximum


class Form(QWidget):
    """Rows of a label and an editor, the editors one below the other.

    Parameters
    ----------
    editors : iterable of editors
        Their labels and tooltips are shown beside them.
    """

    def __init__(self, editors: Iterable[Any]) -> None:
        super().__init__()
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.editors_in_order = list(editors)
        for editor in self.editors_in_order:
            label = QLabel(editor.label)
            label.setToolTip(editor.tooltip or "")
            label.setMinimumWidth(LABEL_WIDTH)
            if isinstance(editor, CheckBox):
                editor.text = ""
            if isinstance(editor.native, QComboBox):
                keep_still(editor.native)
                keep_narrow(editor.native)
            editor.native.setToolTip(editor.native.toolTip() or editor.tooltip or "")
            layout.addRow(label, editor.native)


class FieldsForm(Form):
    """A form with one editor per field; unit, bounds and tooltip are the field's metadata.

    Parameters
    ----------
    fields : iterable of dataclasses.Field
        All with defaults.
    optional : tuple of str
        Names of fields that may be left open.

    Attributes
    ----------
    editors : dict of str to editor
        The editor of each field.
    changed : Signal
        A value has changed.
    """

    changed = Signal()

    def __init__(self, fields: Iterable[Any], optional: tuple[str, ...] = ()) -> None:
        self.editors: dict[str, Any] = {}
        for field in fields:
            editor = editor_of(field)
            self.editors[field.name] = Drawn(editor) if field.name in optional else editor
        super().__init__(self.editors.values())
        for editor in self.editors.values():
            editor.changed.connect(self._on_changed)

    @property
    def values(self) -> dict[str, Any]:
        """Value by field, without those that are left open."""
        told = {name: editor.value for name, editor in self.editors.items()}
        return {name: value for name, value in told.items() if value is not None}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show these values; editors of other fields keep theirs."""
        for name, editor in self.editors.items():
            if name in values:
                editor.value = values[name]

    def _on_changed(self, *_: Any) -> None:
        self.changed.emit()


class DataclassForm(FieldsForm, Generic[T]):
    """A form of those fields of a dataclass that tell what they mean.

    Parameters
    ----------
    kind : type
        A dataclass all of whose fields have defaults.
    """

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        super().__init__(f for f in dataclasses.fields(kind) if "doc" in f.metadata)  # type: ignore[arg-type]

    def make(self) -> T:
        """Return an instance with the values of the form; it checks its bounds itself."""
        return self.kind(**self.values)

    def display(self, instance: T) -> None:
        """Show the values of an instance."""
        self.fill({name: getattr(instance, name) for name in self.editors})


class Group(QCollapsible):
    """Widgets below a title that folds and unfolds them."""

    def __init__(self, title: str, *parts: QWidget, expanded: bool = False) -> None:
        super().__init__(title, expandedIcon="▼", collapsedIcon="▶")
        self.setDuration(0)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.content().layout().setContentsMargins(9, 3, 0, 6)
        for part in parts:
            self.content().layout().addWidget(part)
        self.toggled.connect(self._release)
        if expanded:
            self.expand(animate=False)

    def _release(self, expanded: bool) -> None:
        """Let the content grow when rows are added to it later."""
        if expanded:
            self.content().setMaximumHeight(UNLIMITED)
