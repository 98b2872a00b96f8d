"""The one way in which a check fails."""

from __future__ import annotations

import dataclasses


def require(condition: object, sentence: str) -> None:
    """Raise AssertionError with `sentence` unless `condition` holds, also under ``python -O``."""
    if not condition:
        raise AssertionError(sentence)


def require_named_dataclass(kind: type, base: type) -> None:
    """Require a frozen dataclass below `base` with the words that menus show."""
    what = kind.__qualname__
    require(issubclass(kind, base), f"{what} must subclass {base.__name__}")
    require(
        dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen,  # type: ignore[attr-defined]
        f"{what} must be decorated with @dataclass(frozen=True)",
    )
    for attribute in ("name", "description"):
        value = getattr(kind, attribute, None)
        require(
            isinstance(value, str) and value.strip(),
            f"{what} must have a class attribute {attribute!r} that is a word or more, "
            f"not {value!r}",
        )
