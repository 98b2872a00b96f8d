"""Lists of places, distances and edges as the cells of a table, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_DIGITS = ".6g"
_ROW, _CELL = "; ", " "
_Kind = tuple[Callable[[Any], str], Callable[[str], NDArray]]


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Write the arrays of a table as texts, as a file of it holds them.

    Rows are parted by ``;`` and their numbers by a blank. Of distances only those above the
    diagonal are written: the row of the first corner to all later ones, that of the second, and
    so on. Edges are ``0-1; 1-2``, with corners counted from 0.

    Parameters
    ----------
    table : pandas.DataFrame
        As `measure_frame` gives it.

    Returns
    -------
    pandas.DataFrame
        The same columns, without arrays. Numbers keep six digits.
    """
    return table.assign(
        **{name: table[name].map(writer) for name, (writer, _) in _kinds(table).items()}
    )


def as_arrays(table: pd.DataFrame) -> pd.DataFrame:
    """Read the texts of a table as arrays again: the inverse of `as_text`.

    Parameters
    ----------
    table : pandas.DataFrame
        As it was read from a file, empty cells as empty texts or as NaN.

    Returns
    -------
    pandas.DataFrame
        The same columns, with arrays where `measure_frame` has them.
    """
    return table.assign(
        **{
            name: [reader("" if text != text else str(text)) for text in table[name]]
            for name, (_, reader) in _kinds(table).items()
        }
    )


_SINGLE = ("corners_seen", "corners_by")  # columns of one value


def _kinds(table: pd.DataFrame) -> dict[str, _Kind]:
    """How each column of arrays is written and read."""
    kinds: dict[str, _Kind] = {}
    for name in table:
        if name.startswith("corner_distances_"):
            kinds[name] = (_write_distances, _read_distances)
        elif name == "edges_seen":
            kinds[name] = (_write_edges, _read_edges)
        elif name.startswith(("vertices_", "corners_")) and name not in _SINGLE:
            flat = name.endswith(("_sigma", "_probability"))
            kinds[name] = (_write_rows, _read_numbers if flat else _read_places)
    return kinds


def _write_rows(values: Iterable[NDArray]) -> str:
    return _ROW.join(_CELL.join(format(v, _DIGITS) for v in np.atleast_1d(row)) for row in values)


def _rows(text: str) -> list[list[float]]:
    return [[float(cell) for cell in row.split()] for row in text.split(";") if row.strip()]


def _read_numbers(text: str) -> NDArray[np.float64]:
    return np.array([row[0] for row in _rows(text)], float)


def _read_places(text: str) -> NDArray[np.float64]:
    return np.array(_rows(text), float).reshape(-1, 2)


def _write_distances(values: NDArray) -> str:
    return _write_rows([row[k + 1 :] for k, row in enumerate(values[:-1])])


def _read_distances(text: str) -> NDArray[np.float64]:
    rows = _rows(text)
    count = len(rows) + 1 if rows else 0
    values = np.zeros((count, count))
    for k, row in enumerate(rows):
        values[k, k + 1 :] = values[k + 1 :, k] = row
    return values


def _write_edges(values: NDArray) -> str:
    return _ROW.join(f"{first}-{second}" for first, second in values)


def _read_edges(text: str) -> NDArray[np.int64]:
    pairs = [pair.split("-") for pair in text.split(";") if pair.strip()]
    return np.array(pairs, dtype=int).reshape(-1, 2)
