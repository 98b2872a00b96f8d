"""Editors of single values; they derive from what the fields of dataclasses tell of themselves.

All have what Magicgui's widgets have as well: a label, a tooltip, a native widget, a value and the
signal `changed`.
"""

from collections.abc import Sequence
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, LineEdit
from qtpy.QtWidgets import QComboBox, QFileDialog, QToolButton

from napari_stem3d.widgets._numbers import Editor, Pair, keep_narrow, keep_still, number_editor


def editor_of(field: Any) -> Any:
    """Return an editor with the default, the unit, the bounds and the tooltip of a field."""
    facts = field.metadata
    told = {"label": field.name.replace("_", " "), "tooltip": facts.get("doc", "")}
    if facts.get("pair"):
        return Pair(facts, field.default, **told)
    if "unit" in facts:
        return number_editor(facts, field.default, **told)
    if "choices" in facts:
        return ComboBox(choices=facts["choices"], value=field.default, **told)
    if "places" in facts:
        return Places(field.default, **told)
    if isinstance(field.default, bool):
        return CheckBox(value=field.default, **told)
    if "file" in facts or "suggestions" in facts:
        return Words(field.default, facts.get("suggestions", ()), facts.get("file", ""), **told)
    return LineEdit(value=field.default, **told)


class Words(Editor):
    """A text that may be chosen from suggestions or be the path of a file."""

    def __init__(self, default: str, suggestions: Sequence[str], file: str, **told: str) -> None:
        super().__init__(**told)
        self.file = file
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.addItems(list(suggestions))
        self.value = default
        self.box.currentTextChanged.connect(self._emit)
        self._row.addWidget(self.box, 1)
        keep_still(self.box)
        keep_narrow(self.box)
        if file:
            button = QToolButton()
            button.setText("…")
            button.setToolTip("choose a file")
            button.clicked.connect(self.browse)
            self._row.addWidget(button)

    @property
    def value(self) -> str:
        """Text."""
        return self.box.currentText()

    @value.setter
    def value(self, value: str) -> None:
        self.box.setCurrentText(value)

    def browse(self) -> None:
        """Let the user choose a file."""
        title = self.label.capitalize()
        path, _ = QFileDialog.getOpenFileName(self.native, title, "", f"Files ({self.file})")
        self.value = path or self.value


class Places(Editor):
    """Indices of corners, edges or faces, separated by spaces or commas."""

    def __init__(self, default: Sequence[int], **told: str) -> None:
        super().__init__(**told)
        self.line = LineEdit(value="")
        self.native = self.line.native
        self.value = default
        self.line.changed.connect(self._emit)

    @property
    def value(self) -> tuple[int | str, ...]:
        """Indices; what is no number is kept, for the object itself to refuse."""
        words = str(self.line.value).replace(",", " ").split()
        return tuple(int(word) if word.isdigit() else word for word in words)

    @value.setter
    def value(self, value: Sequence[int]) -> None:
        self.line.value = " ".join(map(str, value))


class Drawn(Editor):
    """A value that is drawn, None, unless its box is ticked."""

    def __init__(self, editor: Any) -> None:
        super().__init__(editor.label, f"{editor.tooltip}; drawn for each particle unless ticked")
        self.editor = editor
        self.fixed = CheckBox(text="", tooltip="the same for all particles")
        self._row.addWidget(self.fixed.native)
        self._row.addWidget(editor.native, 1)
        editor.native.setEnabled(False)
        self.fixed.changed.connect(self._enable)
        self.fixed.changed.connect(self._emit)
        editor.changed.connect(self._emit)

    def _enable(self, fixed: bool) -> None:
        self.editor.native.setEnabled(fixed)

    @property
    def value(self) -> Any:
        """Value, or None where it is drawn."""
        return self.editor.value if self.fixed.value else None

    @value.setter
    def value(self, value: Any) -> None:
        self.fixed.value = value is not None
        if value is not None:
            self.editor.value = value
