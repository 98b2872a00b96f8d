"""The course of a training as two curves."""

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator
from napari.utils.theme import get_theme

HEIGHT = 220  # pixels
COLOURS = {"loss": "#56b4e9", "val_loss": "#e69f00"}  # told apart by colour-blind readers too
LABELS = {"loss": "training", "val_loss": "validation, averaged weights"}


class Curve(FigureCanvasQTAgg):
    """Axes in the colours of a theme of napari; hidden while there is nothing to show."""

    def __init__(self, theme: str, height: int = HEIGHT) -> None:
        super().__init__(Figure(layout="constrained"))
        colours = get_theme(theme)
        self.figure.set_facecolor(colours.background.as_hex())
        self.axes, self._text = self.figure.add_subplot(), colours.text.as_hex()
        self.axes.set_facecolor(colours.background.as_hex())
        self.setFixedHeight(height)
        self.hide()


class LossCurve(Curve):
    """Loss against steps."""

    def display(self, history: Sequence[dict[str, Any]]) -> None:
        """Show the rows of a history."""
        axes = self.axes
        axes.clear()
        steps = [row["step"] for row in history]
        for name in LABELS:
            if name in history[0]:
                values = [row[name] for row in history]
                axes.plot(steps, values, ".-", color=COLOURS[name], label=LABELS[name])
        axes.set_yscale("log")
        for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            formatter(LogFormatter())  # 4 and not 4 × 10⁰
        axes.set_xlabel("steps")
        axes.set_ylabel("loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.legend(
            frameon=False,
            labelcolor=self._text,
            fontsize="small",
            ncols=2,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
        )
        for part in (axes.xaxis, axes.yaxis):
            part.label.set_color(self._text)
        axes.tick_params(which="both", colors=self._text)
        for spine in axes.spines.values():
            spine.set_color(self._text)
        self.show()
        self.draw_idle()
