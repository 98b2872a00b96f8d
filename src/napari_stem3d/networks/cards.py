"""What a network's card says, in short."""

from __future__ import annotations

from typing import Any

_USUAL = {"dose": "standard", "change": "none", "cuts": "large", "magnification": 1}
_SHARES = ("accuracy", "found", "value", "f1")  # what a row may call its share, in percent


def figures_in_short(card: dict[str, Any]) -> list[str]:
    """Return the figures of a card at the reference conditions: what, how much, its interval.

    Parameters
    ----------
    card : dict
        Card of a network; a stranger's may have no figures, or other ones.

    Returns
    -------
    list of str
        Such as ``"corners 87.0 % (85.5 to 88.4)"``.
    """
    return [
        _words(row)
        for row in card.get("figures", [])
        if all(row.get(name, v) == v for name, v in _USUAL.items())
        and any(name in row for name in _SHARES)
    ]


def _words(row: dict[str, Any]) -> str:
    share = next(row[name] for name in _SHARES if name in row)
    interval = f" ({row['low']} to {row['high']})" if "low" in row else ""
    images = f" from {row['views']}" if "views" in row else ""
    asked = str(row.get("figure", row.get("task", ""))).replace("_", " ")
    return f"{asked}{images} {share} %{interval}"
