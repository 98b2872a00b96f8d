"""What is typed as words: pairs of numbers, dimensions of a shape, deformations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from napari_stem3d._errors import InputError

_SWITCH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def parse_pair(option: str, field: Any, text: str) -> tuple[Any, ...]:
    """Return the numbers of ``N`` or ``NY,NX``, twice the same for one."""
    kind = int if field.metadata.get("whole") else float
    numbers = [_number(f"--{option}", kind, part) for part in text.split(",")]
    if len(numbers) > 2:
        raise InputError(f"--{option} must be one number, or two as in 3,4. Received: {text!r}")
    return numbers[0], numbers[-1]


def parse_box(option: str, text: str) -> tuple[int, ...]:
    """Return the four whole numbers of ``TOP,LEFT,BOTTOM,RIGHT``."""
    numbers = tuple(_number(option, int, part) for part in text.split(","))
    if len(numbers) != 4:
        raise InputError(
            f"{option} must be four whole numbers TOP,LEFT,BOTTOM,RIGHT. Received: {text!r}"
        )
    return numbers


def parse_numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    """Return so many numbers of ``N,N,…``."""
    numbers = tuple(_number(option, float, part) for part in text.split(","))
    if len(numbers) != count:
        raise InputError(
            f"{option} must be {count} numbers with commas between. Received: {text!r}"
        )
    return numbers


def parse_dimensions(shape: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return the dimensions of a shape that are told as ``NAME=VALUE``."""
    from napari_stem3d.plugins import get_shape

    fields = {field.name: field for field in dataclasses.fields(get_shape(shape))}
    return _values("--dimension", f"a {shape}", fields, texts)


def parse_deformation(text: str) -> dict[str, Any]:
    """Return the table of a deformation that is told as ``NAME:FIELD=VALUE,FIELD=VALUE``."""
    from napari_stem3d.simulation.experiment import deformation_fields

    name, _, told = text.partition(":")
    fields = deformation_fields(name)
    return {"name": name, **_values("--deformation", name, fields, told.split(",") if told else [])}


def _values(
    option: str, owner: str, fields: dict[str, Any], texts: Sequence[str]
) -> dict[str, Any]:
    """Return the values told as ``NAME=VALUE``, as the types of their fields."""
    values = {}
    for text in texts:
        name, equals, word = (part.strip() for part in text.partition("="))
        if not equals or name not in fields:
            raise InputError(
                f"{option} of {owner} must be one of {', '.join(fields)}, each as in "
                f"{next(iter(fields))}=3. Received: {text!r}"
            )
        values[name] = _value(f"{name} in {option}", fields[name], word)
    return values


def _value(name: str, field: Any, word: str) -> Any:
    facts = field.metadata
    if "unit" in facts:
        return _number(name, int if facts.get("whole") else float, word)
    if "places" in facts:
        return tuple(_number(name, int, part) for part in word.split("+"))
    if isinstance(field.default, bool):
        if word.lower() not in _SWITCH:
            raise InputError(f"{name} must be yes or no. Received: {word!r}")
        return _SWITCH[word.lower()]
    return word


def _number(name: str, kind: type, word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise InputError(f"{name} must be {what}. Received: {word!r}") from None
