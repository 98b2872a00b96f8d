"""Figures as tables of the documentation, between two marks in its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]
_BLOCK = "<!-- figures of {} -->\n{}<!-- end of figures -->"
_SILENT = ("network", "seed")


def markdown(name: str, rows: Iterable[Row]) -> str:
    """Return the rows of a network's card as Markdown.

    Parameters
    ----------
    name : str
        Name of the network.
    rows : iterable of mapping
        ``figures`` of its card.

    Returns
    -------
    str
        One table of what ``particle-classes`` reaches; one per task of other networks.
    """
    if name == "particle-classes":
        return _table([_in_words(row) for row in rows])
    told = [{k: v for k, v in row.items() if k not in _SILENT} for row in rows]
    return "\n".join(_table(list(own)) for _, own in groupby(told, lambda row: row["task"]))


def renewed(text: str, name: str, rows: Iterable[Row]) -> str:
    """Return a page with the tables of one network put between its marks, if it has them."""
    block = re.compile(_BLOCK.format(re.escape(name), ".*?"), re.DOTALL)
    return block.sub(lambda _: _BLOCK.format(name, markdown(name, rows)), text)


def _in_words(row: Row) -> dict[str, str]:
    images = []
    if row.get("cuts", "large") != "large":
        images.append(f"{row['cuts']} cuts")
    if row["change"] != "none":
        images.append(f"grey values {row['change']}")
    if row.get("magnification", 1) != 1:
        images.append(f"{row['magnification']} times magnified")
    return {
        "task": f"`{row['task']}`",
        "dose": str(row["dose"]),
        "images": ", ".join(images) or "as they are",
        "objects": f"{row['objects']:,}",
        "right": f"{row['accuracy']:.1f} %",
        "95 % interval": f"{row['low']:.1f} to {row['high']:.1f} %",
        "by guessing": f"{row['baseline']:.1f} %",
    }


def _table(rows: list[Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [[c.replace("_", " ") for c in columns], ["---"] * len(columns)]
    lines += [[_cell(row.get(column, "")) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")
