"""Histograms of a table of particles; a click on a bar tells which ones it counts."""

from typing import Any

import pandas as pd
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from napari.utils.theme import get_theme
from qtpy.QtCore import Signal

from napari_stem3d.analysis.measurement.plots import Bar, draw_histograms

HEIGHT = 480  # pixels
CHOSEN = "#e69f00"


class Histograms(FigureCanvasQTAgg):
    """Size, volume and classes of particles, in the colours of a theme of napari.

    Signals
    -------
    chosen(object)
        The `Bar` that was clicked at, None for a click beside all of them.
    """

    chosen = Signal(object)

    def __init__(self, theme: str) -> None:
        super().__init__(Figure(figsize=(3.4, 4.8), layout="constrained"))
        colours = get_theme(theme)
        self._back, self._text = colours.background.as_hex(), colours.text.as_hex()
        self.figure.set_facecolor(self._back)
        self.setFixedHeight(HEIGHT)
        self.setToolTip("click a bar to select its particles; click beside to see all again")
        self.bars: list[Bar] = []
        self.mpl_connect("button_press_event", self._click)
        self.hide()

    def display(self, table: pd.DataFrame) -> None:
        """Show the histograms of a table with one row per particle."""
        self.figure.clear()
        self.bars = draw_histograms(self.figure, table)
        self._colour = {bar: bar.patch.get_facecolor() for bar in self.bars}
        for axes in self.figure.axes:
            axes.set_facecolor(self._back)
            for part in (axes.xaxis, axes.yaxis):
                part.label.set_color(self._text)
                part.get_offset_text().set_color(self._text)
            axes.tick_params(which="both", colors=self._text)
            for spine in axes.spines.values():
                spine.set_color(self._text)
        self.show()
        self.draw_idle()

    def choose(self, chosen: Bar | None) -> None:
        """Colour one bar, and tell of it."""
        for bar in self.bars:
            bar.patch.set_facecolor(CHOSEN if bar is chosen else self._colour[bar])
        self.draw_idle()
        self.chosen.emit(chosen)

    def _click(self, event: Any) -> None:
        """Find the bar above or below the pointer: short ones are hard to hit."""
        found = None
        if event.inaxes is not None:
            upright = event.inaxes is not self.figure.axes[-1]
            for bar in self.bars:
                if bar.patch.axes is event.inaxes and _spans(bar.patch, event, upright):
                    found = bar if len(bar.rows) else None
        self.choose(found)


def _spans(patch: Any, event: Any, upright: bool) -> bool:
    """Whether a place lies within the width of a bar, however long the bar is."""
    start, width, place = (
        (patch.get_x(), patch.get_width(), event.xdata)
        if upright
        else (patch.get_y(), patch.get_height(), event.ydata)
    )
    return bool(start <= place < start + width)
