"""Random values for the fields of a dataclass, from what their metadata say is usual."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError


def draw_fields(
    kind: type[Any], rng: np.random.Generator, size: float, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Values for the fields of a dataclass, drawn in the order of the fields.

    Lengths are drawn uniformly from their ``relative`` range times `size`, quantities from their
    ``typical`` range, whole numbers from their bounds, and switches are on or off with equal
    chances. What is none of these, such as the path of a file, is left at its default.

    Parameters
    ----------
    kind : type
        The dataclass.
    rng : numpy.random.Generator
        Source of randomness.
    size : float
        Length [nm] that the relative ranges are multiplied by.
    given : mapping of str to object
        Values of fields that are not drawn.

    Returns
    -------
    dict
        Value by name of the field.

    Raises
    ------
    InputError
        If `given` names what is no field.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := sorted(set(given) - set(fields)):
        raise InputError(
            f"The fields of {kind.__name__} are {', '.join(fields)}. Received: {unknown[0]!r}"
        )
    drawn = {name: _draw(field, rng, size) for name, field in fields.items() if name not in given}
    return {name: value for name, value in drawn.items() if value is not None} | dict(given)


def _draw(field: dataclasses.Field[Any], rng: np.random.Generator, size: float) -> Any:
    """Return a random value, or None where there is nothing to draw from."""
    facts = field.metadata
    if "relative" in facts:
        return float(size * rng.uniform(*facts["relative"]))
    if "typical" in facts:
        return float(rng.uniform(*facts["typical"]))
    if "choices" in facts:
        return facts["choices"][rng.integers(len(facts["choices"]))]
    if "unit" in facts:
        if facts.get("whole"):
            return int(rng.integers(facts["min"], facts["max"], endpoint=True))
        return float(rng.uniform(facts["min"], facts["max"]))
    return bool(rng.integers(2)) if isinstance(field.default, bool) else None
