"""What the user sees: notes and progress on stderr, results on stdout."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

#: In a pipe nobody sees the edge of a window, and a wrapped cell breaks the reader's line.
PIPE_WIDTH = 400

Row = Mapping[str, Any]
#: Called with the number of finished frames, fractions included, and words to show beside.
Advance = Callable[..., None]


def note(sentence: str) -> None:
    """Print a remark to stderr."""
    typer.echo(f"stem3d: {sentence}", err=True)


def report(facts: Row, sentence: str, as_json: bool) -> None:
    """Print what a command did, for a person or for a program."""
    typer.echo(to_json(facts) if as_json else sentence)


def counted(number: int, word: str) -> str:
    """Return a number with its word, ``1 frame`` or ``2 frames``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def show_table(rows: Sequence[Row], title: str, as_json: bool) -> None:
    """Print rows as a table, or as a JSON list of objects.

    Parameters
    ----------
    rows : sequence of mapping
        Rows with the same keys, which become the columns.
    title : str
        Printed above the table.
    as_json : bool
        Print JSON instead.
    """
    if as_json:
        typer.echo(to_json(rows))
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in rows[0] if rows else ():
        numbers = all(isinstance(row[column], int | float) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    _stdout().print(table)


def to_json(value: Any) -> str:
    """Return JSON text of rows, with NumPy's numbers as plain ones and NaN as null."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False)


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """Show a bar on a terminal, and nothing in a pipe.

    Parameters
    ----------
    label : str
        What is being done.
    total : int
        Number of frames.

    Yields
    ------
    callable
        To be called with the number of frames finished so far, what else there is to say, and the
        number of frames, if it has changed.
    """
    if not sys.stderr.isatty():
        yield lambda done, words="", total=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, words="")
        yield lambda done, words="", total=total: bar.update(
            task, completed=done, total=total, words=words
        )


def import_keras() -> None:
    """Import Keras with its backend, whose libraries write to stderr while they are loaded.

    They do so before any setting can stop them, and past Python's `sys.stderr`.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        importlib.import_module("keras")
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _stdout() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    return escape(str(value))


def _plain(value: Any) -> Any:
    """Return nested rows in what JSON knows; NumPy's scalars have `item`."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    return value
