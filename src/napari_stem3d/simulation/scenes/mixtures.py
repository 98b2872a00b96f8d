"""Objects at random: one of several, or with fields that are drawn."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number
from napari_stem3d.simulation.scenes.distributions import Distribution, draw


@dataclass(frozen=True)
class Choice(Distribution):
    """One of several values; those that are distributions themselves are drawn from in turn.

    Attributes
    ----------
    values : sequence
        What to choose from: numbers, words, shapes, distributions.
    weights : sequence of float, optional
        Their chances, up to a common factor; equal by default.
    """

    values: Sequence[Any]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Refuse an empty choice and weights that do not fit."""
        values = self.values
        if isinstance(values, str) or not isinstance(values, Sequence) or len(values) == 0:
            raise InputError(f"A Choice must have values to choose from. Received: {values!r}")
        object.__setattr__(self, "values", tuple(values))
        if self.weights is None:
            return
        weights = tuple(self.weights)
        if (
            len(weights) != len(values)
            or not all(is_number(w) and 0 <= w < math.inf for w in weights)
            or not 0 < sum(weights) < math.inf
        ):
            raise InputError(
                f"weights must be {len(values)} numbers from 0 on, not all of them 0. "
                f"Received: {self.weights!r}"
            )
        object.__setattr__(self, "weights", weights)

    def draw(self, rng: np.random.Generator) -> Any:
        """Choose a value."""
        if self.weights is None:
            return draw(self.values[int(rng.integers(len(self.values)))], rng)
        ends = np.cumsum(self.weights)
        index = np.searchsorted(ends, rng.uniform(0, ends[-1]), side="right")
        return draw(self.values[int(min(index, np.flatnonzero(self.weights)[-1]))], rng)


@dataclass(frozen=True)
class Same(Distribution):
    """Inside `Random`: the value that another field, named before, has got."""

    field: str

    def draw(self, rng: np.random.Generator) -> Any:
        """Refuse, because only `Random` knows the other field."""
        raise InputError(f"Same stands for a field of a Random object. Received: {self!r} alone")


@dataclass(frozen=True, init=False)
class Random(Distribution):
    """A dataclass with some fields drawn anew each time.

    Parameters
    ----------
    kind : type or dataclass instance
        Class, or an object whose other fields are kept.
    **fields
        What to draw the fields from, by name: distributions, or plain values.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_stem3d.simulation import Cuboid, Random, Same, Uniform
    >>> cubes = Random(Cuboid, a=Uniform(8, 12), b=Same("a"), c=Same("a"))
    >>> cube = cubes.draw(np.random.default_rng(0))
    >>> cube.a == cube.b == cube.c
    True
    """

    kind: Any
    fields: Mapping[str, Any]

    def __init__(self, kind: Any, **fields: Any) -> None:
        if not dataclasses.is_dataclass(kind):
            raise InputError(
                f"Random must be given a dataclass or one's instance. Received: {kind!r}"
            )
        known = [field.name for field in dataclasses.fields(kind) if field.init]
        for position, (name, value) in enumerate(fields.items()):
            if name not in known:
                raise InputError(f"The fields to draw are {', '.join(known)}. Received: {name!r}")
            if isinstance(value, Same) and value.field not in list(fields)[:position]:
                raise InputError(
                    f"Same must name a field that is drawn before {name}. Received: {value.field!r}"
                )
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "fields", dict(fields))

    def __hash__(self) -> int:
        return hash((self.kind, tuple(self.fields.items())))

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw an object."""
        drawn: dict[str, Any] = {}
        for name, value in self.fields.items():
            drawn[name] = drawn[value.field] if isinstance(value, Same) else draw(value, rng)
        if isinstance(self.kind, type):
            return self.kind(**drawn)
        return dataclasses.replace(self.kind, **drawn)
