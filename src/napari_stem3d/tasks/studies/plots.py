"""Pictures of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.tasks.studies.learning_curve import LearningCurve
from napari_stem3d.tasks.studies.runner import Results

_TITLES = {
    "size": "training images",
    "batch": "images in a batch",
    "loss": "loss",
    "optimizer": "optimizer",
}


def draw_study(results: Results, path: Path) -> None:
    """Draw accuracies with their intervals, the way there, and what a round costs.

    Parameters
    ----------
    results : Results
        Of at least one run.
    path : Path
        Picture to write: .png.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    table = results.summary()
    labels = _labels(table, results.kind)
    colours = _colours(len(table), results.kind)
    if results.kind == "size":
        _draw_errors(left, results, table, colours)
    else:
        _draw_accuracies(left, results, table, labels, colours)
    if results.kind == "batch":
        right.plot(table["batch"].astype(int), table["seconds_per_epoch"], "o-", color="0.3")
        right.set(xscale="log", yscale="log", xlabel=_TITLES["batch"], ylabel="seconds per epoch")
        right.set_xticks(table["batch"].astype(int), table["batch"])
        right.xaxis.set_minor_formatter(lambda value, _: "")
        right.grid(alpha=0.3)
    else:
        _draw_rounds(right, results, table, labels, colours)
    about = results.about
    figure.suptitle(
        f"{about['data']}: {about['network']}, {about['side']} x {about['side']} pixels", size=10
    )
    part = path.with_name(f"part-{path.name}")
    figure.savefig(part)
    part.replace(path)


def _labels(table: pd.DataFrame, kind: str) -> list[str]:
    several = table["rate"].nunique() > 1
    return [
        f"{value}, rate {rate}" if several else str(value)
        for value, rate in zip(table[kind], table["rate"])
    ]


def _colours(number: int, kind: str) -> list[Any]:
    """Colours that rise with numbers, and are merely different for words."""
    from matplotlib import colormaps

    if kind in ("size", "batch"):
        return list(colormaps["viridis"](np.linspace(0.05, 0.85, number)))
    return list(colormaps["tab20" if number > 10 else "tab10"](np.arange(number)))


def _runs(results: Results, row: Any) -> pd.DataFrame:
    rate = "" if row["rate"] == "default" else row["rate"]
    runs = results.runs
    return runs[(runs["value"] == row[results.kind]) & (runs["rate"] == rate)]


def _draw_accuracies(
    axes: Any, results: Results, table: pd.DataFrame, labels: list[str], colours: list[Any]
) -> None:
    number = results.about["validation"]
    for place, (row, colour) in enumerate(zip(table.to_dict("records"), colours)):
        own = 100 * _runs(results, row)["right"] / number
        axes.plot(own, np.full(len(own), place), "o", color=colour, alpha=0.4, ms=5)
        reach = [[row["accuracy"] - row["low"]], [row["high"] - row["accuracy"]]]
        axes.errorbar(row["accuracy"], place, xerr=reach, fmt="s", color=colour, ms=7, capsize=4)
    axes.axvline(results.about["baseline"] * 100, color="0.6", ls="--", lw=1)
    axes.set(
        yticks=range(len(labels)),
        yticklabels=labels,
        ylim=(len(labels) - 0.5, -0.5),
        xlabel="validation accuracy (%); dashed: guessing",
        ylabel=_TITLES[results.kind],
    )
    axes.grid(axis="x", alpha=0.3)


def _draw_errors(axes: Any, results: Results, table: pd.DataFrame, colours: list[Any]) -> None:
    number, sizes = results.about["validation"], table["size"].astype(int)
    for row, size, colour in zip(table.to_dict("records"), sizes, colours):
        own = 100 - 100 * _runs(results, row)["right"] / number
        axes.plot(np.full(len(own), size), own, "o", color=colour, alpha=0.4, ms=5)
        middle = 100 - row["accuracy"]
        reach = [[row["high"] - row["accuracy"]], [row["accuracy"] - row["low"]]]
        axes.errorbar(size, middle, yerr=reach, fmt="s", color=colour, ms=7, capsize=4)
    axes.set(xscale="log", yscale="log")
    if curve := results.curve:
        _draw_curve(axes, curve, sizes)
    axes.axhline(100 - 100 * results.about["baseline"], color="0.6", ls="--", lw=1)
    axes.set(xlabel=_TITLES["size"], ylabel="validation error (%); dashed: guessing")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.grid(alpha=0.3, which="both")


def _draw_curve(axes: Any, curve: LearningCurve, sizes: pd.Series) -> None:
    size = np.geomspace(sizes.min() / 1.3, sizes.max() * 4, 100)
    low, high = curve.error_interval(size)
    label = f"{100 * curve.a:.1f} % + {100 * curve.b:.3g} % · N^-{curve.c:.2f}"
    axes.fill_between(size, 100 * low, 100 * high, color="0.5", alpha=0.2, lw=0)
    axes.plot(size, 100 * curve.error(size), color="0.3", lw=1.5, label=label)
    axes.legend(frameon=False)


def _draw_rounds(
    axes: Any, results: Results, table: pd.DataFrame, labels: list[str], colours: list[Any]
) -> None:
    """Draw the mean over the runs; a run that has ended stays at its best."""
    number = results.about["validation"]
    for row, label, colour in zip(table.to_dict("records"), labels, colours):
        keys = _runs(results, row)[["value", "rate", "run"]]
        wide = results.rounds.merge(keys).pivot(index="round", columns="run", values="right")
        mean = 100 * wide.cummax().ffill().mean(axis=1) / number
        axes.plot(mean.index, mean, color=colour, label=label, lw=1.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="round", ylabel="best validation accuracy so far (%)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, title=_TITLES[results.kind], title_fontsize=8)
