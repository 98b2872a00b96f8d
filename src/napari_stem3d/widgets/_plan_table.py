"""A table of a plan, the row to take in bold."""

from typing import Any

import pandas as pd
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem

from napari_stem3d.analysis.planning.plan import HEADINGS


class PlanTable(QTableWidget):
    """Rows of a plan, all in sight; hidden while there are none."""

    def __init__(self, *columns: str) -> None:
        super().__init__(0, len(columns))
        self.columns = columns
        self.setHorizontalHeaderLabels([HEADINGS.get(name, name) for name in columns])
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setStretchLastSection(True)
        self.hide()

    def display(self, table: pd.DataFrame) -> None:
        """Show the rows of a table of a plan."""
        self.setRowCount(len(table))
        for i, row in enumerate(table.to_dict("records")):
            for j, name in enumerate(self.columns):
                item = QTableWidgetItem(_words(name, row[name]))
                font = item.font()
                font.setBold(bool(row["recommended"]))
                item.setFont(font)
                self.setItem(i, j, item)
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        height = self.horizontalHeader().height() + self.verticalHeader().length()
        self.setFixedHeight(height + 2 * self.frameWidth())
        self.setVisible(len(table) > 0)


def _words(name: str, value: Any) -> str:
    if name == "probability":
        return f"{100 * value:.0f} %"
    if value != value:
        return "–"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
