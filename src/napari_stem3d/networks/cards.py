"""What a network's card says, in short."""

from __future__ import annotations

from typing import Any

_USUAL = {"dose": "standard", "change": "none", "cuts": "large", "magnification": 1}


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
    rows = card.get("figures", [])
    return [_words(r) for r in rows if all(r.get(name, v) == v for name, v in _USUAL.items())]


def _words(row: dict[str, Any]) -> str:
    share = row.get("accuracy", row.get("found", row.get("f1")))
    interval = f" ({row['low']} to {row['high']})" if "low" in row else ""
    images = f" from {row['views']}" if "views" in row else ""
    return f"{row.get('task', '')}{images} {share} %{interval}"
