"""Forms: aligned rows of editors, and editors that derive from the fields of a dataclass."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from magicgui.widgets import CheckBox, Widget, create_widget
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget

T = TypeVar("T")
LABEL_WIDTH = 120  # the same in all forms of a panel, so that their editors stand in one column


class Form(QWidget):
    """Rows of a label and an editor, the editors one below the other.

    Parameters
    ----------
    editors : iterable of magicgui.widgets.Widget
        Their labels and tooltips are shown beside them.
    """

    def __init__(self, editors: Iterable[Widget]) -> None:
        super().__init__()
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for editor in editors:
            label = QLabel(editor.label)
            label.setToolTip(editor.tooltip or "")
            label.setMinimumWidth(LABEL_WIDTH)
            if isinstance(editor, CheckBox):
                editor.text = ""
            layout.addRow(label, editor.native)


class DataclassForm(Form, Generic[T]):
    """A form with one editor per field; unit, bounds and tooltip are the field's metadata.

    Parameters
    ----------
    kind : type
        A dataclass all of whose fields have defaults.

    Attributes
    ----------
    editors : dict of str to magicgui.widgets.Widget
        The editor of each field.
    """

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        self.editors = {f.name: _editor(f) for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
        super().__init__(self.editors.values())

    def make(self) -> T:
        """Return an instance with the values of the form; it checks its bounds itself."""
        return self.kind(**{name: editor.value for name, editor in self.editors.items()})


def _editor(field: Any) -> Widget:
    meta, default = field.metadata, field.default
    numeric = "unit" in meta
    measured = numeric and not meta.get("whole")
    editor = create_widget(
        annotation=float if measured else type(default),
        label=field.name.replace("_", " "),
        options={"tooltip": meta.get("doc", "")},
    )
    if measured:
        editor.step = _step(float(default))
        # Before the bounds and the value, because the box rounds what it is given.
        editor.native.setDecimals(max(2, 1 - math.floor(math.log10(editor.step))))
    if numeric:
        editor.min, editor.max = meta["min"], meta["max"]
        if meta["unit"]:
            editor.native.setSuffix(f" {meta['unit']}")
    editor.value = default
    return editor


def _step(default: float) -> float:
    """Return a tenth of the default's leading decimal place, or 0.1 where it is zero."""
    return 10.0 ** (math.floor(math.log10(abs(default))) - 1) if default else 0.1
