"""Checks of the fields of a shape, and of what makes an instance a value."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Mapping
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.testing._require import require


def check_fields(kind: type[Any], given: Mapping[str, Any]) -> None:
    """Check that forms, options and random sampling find what they need in the fields.

    Parameters
    ----------
    kind : type
        A dataclass.
    given : mapping of str to object
        Values of fields that an instance cannot do without.
    """
    fields = dataclasses.fields(kind)
    require(
        any(field.metadata.get("unit") == "nm" for field in fields),
        f"{kind.__qualname__} must have at least one dimension: make it with length()",
    )
    for field in fields:
        where = f"The field {field.name!r} of {kind.__qualname__}"
        require(field.default is not dataclasses.MISSING, f"{where} must have a default")
        if isinstance(field.default, (bool, str)):
            require(
                "doc" in field.metadata, f"{where} has no 'doc': make it with switch() or text()"
            )
            continue
        for key in ("unit", "min", "max", "doc"):
            require(key in field.metadata, f"{where} has no {key!r}: make it with length()")
        _check_range(field, where)
        try:
            kind(**{**given, field.name: 2 * field.metadata["max"]})
        except InputError:
            continue
        require(False, f"{where} takes twice its 'max': does __post_init__ call super()?")


def _check_range(field: dataclasses.Field[Any], where: str) -> None:
    """Check the range from which a number is drawn."""
    facts = field.metadata
    if facts.get("whole"):
        return
    key = "relative" if facts["unit"] == "nm" else "typical"
    require(
        key in facts,
        f"{where} has no {key!r}, the range to draw it from: give it to "
        f"{'length' if key == 'relative' else 'quantity'}()",
    )
    low, high = facts[key]
    least = 0 if key == "relative" else facts["min"]
    require(
        least <= low <= high and high > 0, f"{where} has an empty range {key!r}: {low} to {high}"
    )


def check_value(thing: Any) -> None:
    """Check that a frozen dataclass is nothing but its fields."""
    fields = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    twin = type(thing)(**fields)
    require(twin == thing, f"{thing} made again from its own fields is another one: {twin}")
    require(hash(twin) == hash(thing), f"{thing} made again from its own fields hashes otherwise")


def check_travel(thing: Any) -> None:
    """Check that a value reaches another process as it is."""
    try:
        twin = pickle.loads(pickle.dumps(thing))
    except Exception as error:  # pickle raises whatever the class's methods do
        raise AssertionError(
            f"{thing} cannot be sent to another process: {type(error).__name__}: {error}"
        ) from error
    require(twin == thing, f"{thing} arrives in another process as another one: {twin}")
