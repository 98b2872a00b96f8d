"""Editors of numbers, and what all editors have in common."""

import math
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QEvent, QLocale, QObject, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSizePolicy, QWidget
from superqt import QLargeIntSpinBox

DECIMALS = 30  # so many that no value is rounded; as many are shown as it has


class Editor(QObject):
    """Base of our own editors."""

    changed = Signal(object)

    def __init__(self, label: str, tooltip: str) -> None:
        super().__init__()
        self.label, self.tooltip = label, tooltip
        self.native = QWidget()
        self._row = QHBoxLayout(self.native)
        self._row.setContentsMargins(0, 0, 0, 0)

    value: Any

    def _emit(self, *_: Any) -> None:
        self.changed.emit(self.value)


class NumberBox(QDoubleSpinBox):
    """A spin box that keeps all digits, shows those that there are, and takes 1e-6 as well."""

    def __init__(self, low: float, high: float, unit: str, step: float) -> None:
        super().__init__()
        self.setLocale(QLocale.c())
        self.setDecimals(DECIMALS)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setSuffix(f" {unit}" if unit else "")
        keep_narrow(self)

    def textFromValue(self, value: float) -> str:
        """Return ten digits at the most, without zeros at the end."""
        return f"{value:.10g}"

    def valueFromText(self, text: str | None) -> float:
        """Return the number in a text; the value itself where the text is what is shown of it."""
        shown = self._bare(text)
        return self.value() if shown == self.textFromValue(self.value()) else float(shown)

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Tell numbers within the bounds from what may become one, and from anything else."""
        shown = self._bare(text)
        try:
            inside = self.minimum() <= float(shown) <= self.maximum()
            state = QValidator.State.Acceptable if inside else QValidator.State.Intermediate
        except ValueError:
            known = set(shown) <= set("0123456789.eE+-")
            state = QValidator.State.Intermediate if known else QValidator.State.Invalid
        return state, text or "", position

    def stepBy(self, steps: int) -> None:
        """Step by the usual step, or by a tenth of the leading digit of a value below it."""
        value, step = self.value(), self.singleStep()
        if 0 < abs(value) < step:
            step = step_of(value)
        self.setValue(float(f"{value + steps * step:.12g}"))

    def _bare(self, text: str | None) -> str:
        return (text or "").removesuffix(self.suffix()).strip()


class Number(Editor):
    """A quantity."""

    def __init__(self, facts: Any, default: float, **told: str) -> None:
        super().__init__(**told)
        self.native = self.box = NumberBox(
            facts["min"], facts["max"], facts["unit"], step_of(default)
        )
        self.value = default
        self.box.valueChanged.connect(self._emit)
        keep_still(self.box)

    @property
    def value(self) -> float:
        """Number."""
        return self.box.value()

    @value.setter
    def value(self, value: float) -> None:
        self.box.setValue(value)


class Whole(Editor):
    """A whole number of up to 63 bits."""

    def __init__(self, facts: Any, default: int, **told: str) -> None:
        super().__init__(**told)
        self.native = self.box = QLargeIntSpinBox()
        self.box.setRange(facts["min"], facts["max"])
        keep_narrow(self.box)
        self.value = default
        self.box.valueChanged.connect(self._emit)
        keep_still(self.box)

    @property
    def value(self) -> int:
        """Number."""
        return int(self.box.value())

    @value.setter
    def value(self, value: int) -> None:
        self.box.setValue(value)


class Pair(Editor):
    """Two quantities, down the columns and along the rows."""

    def __init__(self, facts: Any, default: tuple[float, float], **told: str) -> None:
        super().__init__(**told)
        self.parts = [number_editor(facts, number, label="", tooltip="") for number in default]
        for part, letter in zip(self.parts, "yx"):
            part.native.setToolTip(f"{told['tooltip']} [{facts['unit']}]: {letter}")
            part.changed.connect(self._emit)
            self._row.addWidget(part.native, 1)

    @property
    def value(self) -> tuple[float, float]:
        """Both numbers, (y, x)."""
        return self.parts[0].value, self.parts[1].value

    @value.setter
    def value(self, value: Sequence[float]) -> None:
        for part, number in zip(self.parts, value):
            part.value = number


def number_editor(facts: Any, default: Any, **told: str) -> Any:
    """Return the editor of one number."""
    return (Whole if facts.get("whole") else Number)(facts, default, **told)


def keep_still(native: QWidget) -> None:
    """Let the wheel scroll the panel instead of changing a value that the pointer passes over."""
    native.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    native.installEventFilter(_WheelGuard(native))


def keep_narrow(box: QWidget) -> None:
    """Let a box be narrower than the longest number or word that it could show."""
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(80)


def step_of(value: float) -> float:
    """Return a tenth of a value's leading decimal place, or 0.1 of zero."""
    return float(10.0 ** (math.floor(math.log10(abs(value))) - 1)) if value else 0.1


class _WheelGuard(QObject):
    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() != QEvent.Type.Wheel or watched.hasFocus():
            return False
        event.ignore()
        return True
