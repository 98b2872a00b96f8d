"""Histograms of a table of particles, whose bars know which rows they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOUR = "#56b4e9"
_MOST_BINS, _TICKS = 30, 4
_VOLUMES = ("volume_nm3", "volume_px3", "volume_relative")
_DIAMETERS = ("diameter_nm", "diameter_px")


@dataclass(frozen=True, eq=False)
class Bar:
    """A bar of a histogram.

    Attributes
    ----------
    patch : matplotlib.patches.Rectangle
        What is drawn.
    rows : ndarray of int
        Positions in the table of the particles that it counts.
    meaning : str
        What they have in common, in words.
    """

    patch: Any
    rows: NDArray[np.intp]
    meaning: str


def draw_histograms(figure: Figure, table: pd.DataFrame) -> list[Bar]:
    """Draw how large, how voluminous and of which classes the particles are.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Empty figure that lays itself out; it gets three axes, one below the other, or side by
        side where it is wider than high.
    table : pandas.DataFrame
        As `measure_frame` gives it, of one frame or of several.

    Returns
    -------
    list of Bar
        All bars.
    """
    wide = figure.get_figwidth() > figure.get_figheight()
    axes = figure.subplots(*((1, 3) if wide else (3, 1)))
    size = next(name for name in _DIAMETERS if name in table)
    volume = next(name for name in _VOLUMES if name in table)
    bars = _histogram(axes[0], table[size].to_numpy(float), *_title(size))
    bars += _histogram(axes[1], table[volume].to_numpy(float), *_title(volume))
    return bars + _counts(axes[2], table["shape"].to_numpy(str))


def _title(column: str) -> tuple[str, str]:
    """Name and unit of a column, as a reader says them."""
    name, _, unit = column.rpartition("_")
    return name, {"nm3": "nm³", "px3": "px³", "relative": "of the median"}.get(unit, unit)


def _histogram(axes: Any, values: NDArray[np.float64], name: str, unit: str) -> list[Bar]:
    """Draw a histogram with bins by Freedman and Diaconis (1981), but not too many."""
    finite = values[np.isfinite(values)]
    axes.set(xlabel=f"{name} ({unit})", ylabel="particles")
    axes.yaxis.get_major_locator().set_params(integer=True)
    # Long numbers would run together.
    axes.locator_params(axis="x", nbins=_TICKS)
    axes.ticklabel_format(axis="x", scilimits=(-3, 4), useMathText=True)
    if not finite.size:
        return []
    # A few giants shall not squeeze all the others into one bar: the last one takes them in.
    low, high = finite.min(), np.quantile(finite, 0.99) if finite.size > 50 else finite.max()
    inner = np.clip(finite, low, high)
    edges = np.histogram_bin_edges(inner, "fd")
    if len(edges) > _MOST_BINS + 1:
        edges = np.linspace(low, high, _MOST_BINS + 1)
    bin_of = np.digitize(np.clip(values, low, high), edges[1:-1])
    bin_of[~np.isfinite(values)] = -1
    counts = [np.nonzero(bin_of == k)[0] for k in range(len(edges) - 1)]
    patches = axes.bar(
        edges[:-1],
        list(map(len, counts)),
        np.diff(edges),
        align="edge",
        color=_COLOUR,
        edgecolor="w",
    )
    return [
        Bar(patch, rows, f"{name} {first:.4g} to {last:.4g} {unit}")
        for patch, rows, first, last in zip(patches, counts, edges, edges[1:])
    ]


def _counts(axes: Any, classes: NDArray[np.str_]) -> list[Bar]:
    """Draw how many particles each class has, the commonest on top."""
    names, counts = np.unique(classes, return_counts=True)
    names = names[np.argsort(counts, kind="stable")]
    rows = [np.nonzero(classes == name)[0] for name in names]
    patches = axes.barh(
        [name.replace("_", " ") for name in names], list(map(len, rows)), color=_COLOUR
    )
    axes.set(xlabel="particles")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return [Bar(patch, own, f"shape {name}") for patch, own, name in zip(patches, rows, names)]
