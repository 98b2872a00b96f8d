"""Pictures of an evaluation: confusion, calibration, and accuracy as a condition grows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_stem3d.tasks.sweeps import SWEEPS
from napari_stem3d.tasks.verdicts import Verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DARK = 0.6  # share of a row from which on its number is written in white


def draw_confusion(verdicts: Mapping[str, Verdicts], path: Path) -> None:
    """Draw what objects are against what is told of them, one matrix per task.

    Parameters
    ----------
    verdicts : mapping of str to Verdicts
        By the name of the task.
    path : Path
        File to write, ending in .png, .pdf or .svg.
    """
    figure, fields = _start(len(verdicts), 5.2)
    for axes, (task, own) in zip(fields, verdicts.items()):
        table = own.confusion()
        shares = table.div(table.sum(axis=1), axis=0).to_numpy()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        small = max(table.shape) > 10
        for (y, x), share in ((place, shares[place]) for place in _places(table)):
            axes.text(
                x,
                y,
                str(table.iat[y, x]),
                ha="center",
                va="center",
                color="white" if share > _DARK else "black",
                fontsize=6 if small else 8,
            )
        names = [str(name).replace("_", " ") for name in table.columns]
        turn = 90 if small else 45 if max(map(len, names)) > 2 else 0
        axes.set_xticks(range(len(names)), names, rotation=turn, ha="right" if turn else "center")
        axes.set_yticks(range(len(table)), [str(name).replace("_", " ") for name in table.index])
        axes.set(title=f"{task} ({len(own.truth)} objects)", xlabel="told", ylabel="true")
    figure.savefig(path)


def draw_calibration(verdicts: Mapping[str, Verdicts], path: Path) -> None:
    """Draw how often answers are right against how sure they are, with 95 % intervals.

    Parameters
    ----------
    verdicts : mapping of str to Verdicts
        By the name of the task.
    path : Path
        File to write, ending in .png, .pdf or .svg.
    """
    figure, fields = _start(len(verdicts), 4.0)
    for axes, (task, own) in zip(fields, verdicts.items()):
        table = own.calibration()
        axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        _band(axes, table["confidence"], table, 1.0)
        for confidence, accuracy, answers in table[["confidence", "accuracy", "answers"]].values:
            axes.annotate(
                f"{answers:.0f}",
                (confidence, accuracy),
                textcoords="offset points",
                xytext=(4, -9),
                fontsize=7,
            )
        error = own.figures()["ece"]
        axes.set(
            title=f"{task}: mean gap {error:.3g} %",
            xlabel="probability told (beside: number of answers)",
            ylabel="share that is right",
            xlim=(0, 1.03),
            ylim=(0, 1.03),
        )
    figure.savefig(path)


def draw_sweep(table: pd.DataFrame, what: str, path: Path) -> None:
    """Draw accuracy against a condition, one line per task, with 95 % intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `evaluate`.
    what : str
        One of `SWEEPS`.
    path : Path
        File to write, ending in .png, .pdf or .svg.
    """
    field, _, label = SWEEPS[what]
    figure, (axes,) = _start(1, 5.0)
    for task, rows in table.groupby("task", sort=False):
        colour = _band(axes, rows[field].astype(float), rows, 100.0, task)
        axes.axhline(rows["baseline"].iloc[0], color=colour, linewidth=0.8, linestyle=":")
    if what == "dose":
        axes.set_xscale("log")
    axes.set(xlabel=label, ylabel="right [%], dotted: by guessing", ylim=(0, 102))
    axes.legend(frameon=False)
    figure.savefig(path)


def _start(count: int, side: float) -> tuple[Any, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(side * 1.15 * count, side), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _band(axes: Axes, x: pd.Series, table: pd.DataFrame, whole: float, label: object = None) -> Any:
    """Draw shares with their intervals, all of which are parts of `whole`; return the colour."""
    below, above = table["accuracy"] - table["low"], table["high"] - table["accuracy"]
    drawn = axes.errorbar(
        x,
        table["accuracy"],
        # An interval that ends in the share itself may miss it by a rounding error.
        [below.clip(0, whole), above.clip(0, whole)],
        marker="o",
        markersize=4,
        capsize=2,
        linewidth=1,
        label=label,
    )
    return drawn[0].get_color()


def _places(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Cells that hold any object."""
    return [(y, x) for y, x in zip(*table.to_numpy().nonzero())]
