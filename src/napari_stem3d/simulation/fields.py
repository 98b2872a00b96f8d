"""Dataclass fields that carry their unit, bounds and meaning.

Forms, command line options, random sampling and saved settings all derive from this metadata.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError


def quantity(default: float, unit: str, low: float, high: float, doc: str, **metadata: Any) -> Any:
    """Dataclass field for a physical quantity.

    Parameters
    ----------
    default : float
        Default value, in `unit`.
    unit : str
        Unit shown to the user, ``""`` for pure numbers.
    low, high : float
        Closed interval of the values that make sense.
    doc : str
        One line for tooltips and ``--help``.
    **metadata
        Further entries of the field's metadata.

    Returns
    -------
    dataclasses.Field
        Field with ``unit``, ``min``, ``max`` and ``doc`` in its metadata.
    """
    entries = {"unit": unit, "min": low, "max": high, "doc": doc, **metadata}
    return dataclasses.field(default=default, metadata=entries)


def length(
    default: float,
    doc: str,
    *,
    low: float = 0.01,
    high: float = 10_000.0,
    relative: tuple[float, float] = (0.46, 1.0),
) -> Any:
    """Dataclass field for a length in nm, as the dimensions of a shape are.

    Parameters
    ----------
    default : float
        Default value [nm].
    doc : str
        One line for tooltips and ``--help``.
    low, high : float
        Closed interval of the values that make sense [nm].
    relative : tuple of float
        Range from which `Shape.random` draws the value, as fractions of the size asked for.

    Returns
    -------
    dataclasses.Field
        Field with ``unit``, ``min``, ``max``, ``doc`` and ``relative`` in its metadata.
    """
    return quantity(default, "nm", low, high, doc, relative=relative)


def pair(
    default: tuple[float, float],
    unit: str,
    low: float,
    high: float,
    doc: str,
    **metadata: Any,
) -> Any:
    """Dataclass field for two quantities, down the columns and along the rows.

    A single number stands for both. Parameters are those of `quantity`.
    """
    entries = {"unit": unit, "min": low, "max": high, "doc": doc, "pair": True, **metadata}
    return dataclasses.field(default=default, metadata=entries)


def whole(default: int, low: int, high: int, doc: str) -> Any:
    """Dataclass field for a whole number between `low` and `high`, both included."""
    return quantity(default, "", low, high, doc, whole=True)


def switch(default: bool, doc: str) -> Any:
    """Dataclass field for something that is on or off."""
    return dataclasses.field(default=default, metadata={"doc": doc})


def text(default: str, doc: str, **metadata: Any) -> Any:
    """Dataclass field for words, such as the name of a material.

    ``file`` among the metadata tells that it may be the path of a file, and of which, as in
    ``"*.stl *.obj"``; ``suggestions`` are words to choose from.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, **metadata})


def choice(default: str, options: tuple[str, ...], doc: str) -> Any:
    """Dataclass field for one of a few words."""
    return dataclasses.field(default=default, metadata={"doc": doc, "choices": options})


class Checked:
    """Base of the frozen dataclasses whose fields carry their units and bounds."""

    def __post_init__(self) -> None:
        """Refuse values that the fields do not allow."""
        check_bounds(self)


def check_bounds(instance: Any) -> None:
    """Refuse a dataclass instance one of whose fields has the wrong type or is out of bounds.

    Numbers of NumPy become Python's, which neither overflow nor lose digits.

    Raises
    ------
    InputError
        Naming the class, the field, what it may be and what was received.
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        checked = check_value(type(instance).__name__, field, value)
        if checked is not value:
            object.__setattr__(instance, field.name, checked)


def check_value(owner: str, field: Any, value: Any) -> Any:
    """Return a value as the Python type of its field.

    Raises
    ------
    InputError
        Naming the owner, the field, what it may be and what was received.
    """
    try:
        return _checked(field, value)
    except ValueError as error:
        raise InputError(f"{owner}.{field.name} must {error}. Received: {value!r}") from None


def _checked(field: Any, value: Any) -> Any:
    """Return a value as Python's own type; ValueError says what it should have been."""
    facts, default = field.metadata, field.default
    if facts.get("pair"):
        both = (value, value) if is_number(value) else value
        if not is_pair(both):
            raise ValueError("be one number or two (y, x)")
        pair = tuple(_in_bounds(facts, number) for number in both)
        return value if pair == value else pair
    if "unit" in facts:
        return _in_bounds(facts, value)
    if isinstance(default, bool):
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError("be true or false")
        return bool(value)
    if isinstance(default, str) and not isinstance(value, str):
        raise ValueError("be a text")
    if value not in facts.get("choices", (value,)):
        raise ValueError(f"be one of {', '.join(facts['choices'])}")
    return value


def _in_bounds(facts: Mapping[str, Any], value: Any) -> float:
    """Return a number as Python's own type; ValueError says what it should have been."""
    low, high, unit = (facts[key] for key in ("min", "max", "unit"))
    if not (is_number(value) and low <= value <= high):
        raise ValueError(f"lie between {low:g} and {high:g} {unit}".rstrip())
    if facts.get("whole") and value != int(value):
        raise ValueError("be a whole number")
    if facts.get("whole"):
        return int(value)
    return value if isinstance(value, (int, float)) else float(value)


def is_number(value: Any) -> bool:
    """Whether a value is one real number; truth values are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_pair(value: Any) -> bool:
    """Whether a value is a sequence of two."""
    return isinstance(value, (tuple, list)) and len(value) == 2


def is_whole(value: Any, low: int, high: float = math.inf) -> bool:
    """Whether a value is a whole number between `low` and `high`."""
    return is_number(value) and isinstance(value, Integral) and low <= int(value) <= high
