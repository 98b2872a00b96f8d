"""The table of what was read off an image."""

import math
from collections.abc import Mapping
from typing import Any

from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem


class EstimateTable(QTableWidget):
    """Estimates with their standard errors and units, all rows in sight; hidden while empty."""

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels(["estimate", "value ± error", "unit"])
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setStretchLastSection(True)
        self.hide()

    def display(self, estimates: Mapping[str, Any]) -> None:
        """Show estimates by name."""
        self.setRowCount(len(estimates))
        for row, (name, estimate) in enumerate(estimates.items()):
            number = with_error(estimate.value, estimate.error)
            for column, text in enumerate((name, number, estimate.unit)):
                self.setItem(row, column, QTableWidgetItem(text))
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        height = self.horizontalHeader().height() + self.verticalHeader().length()
        self.setFixedHeight(height + 2 * self.frameWidth())
        self.show()


def with_error(value: float, error: float) -> str:
    """Return a number to the digits that its error leaves it, two of which are the error's."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.4g}"
    digits = 1 - math.floor(math.log10(error))
    shown = (f"{round(number, digits):,.{max(digits, 0)}f}" for number in (value, error))
    return " ± ".join(shown).replace(",", "\N{NARROW NO-BREAK SPACE}")
