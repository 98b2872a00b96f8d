"""Every quantity refuses what makes no sense, in one sentence."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import registry
from napari_stem3d.simulation import (
    CarbonFilm,
    Contrast,
    Electrons,
    LineJitter,
    Probe,
    Sphere,
    length,
    quantity,
    switch,
)

STAGES = (Contrast, CarbonFilm, Probe, LineJitter, Electrons)
QUANTITIES = [
    pytest.param(cls, field, id=f"{cls.__name__}.{field.name}")
    for cls in (*STAGES, *registry().shapes.values())
    for field in dataclasses.fields(cls)
    if "unit" in field.metadata
]
NONSENSE = [-1.0, math.nan, math.inf, -math.inf, True, np.True_, None, "10", (1.0,), 1j, np.ones(1)]


@pytest.mark.parametrize(("cls", "field"), QUANTITIES)
def test_what_makes_no_sense_is_refused_in_one_sentence(cls: type, field: Any) -> None:
    values = [*NONSENSE, 1.01 * field.metadata["max"], *([0.0] if field.metadata["min"] else [])]
    for value in values:
        with pytest.raises(InputError) as error:
            cls(**{field.name: value})
        message = str(error.value)
        assert message.startswith(f"{cls.__name__}.{field.name} must lie between ")
        assert message.endswith(f"Received: {value!r}")
        assert "\n" not in message


@pytest.mark.parametrize(("cls", "field"), QUANTITIES)
def test_the_bounds_themselves_are_accepted(cls: type, field: Any) -> None:
    for value in (field.metadata["min"], field.metadata["max"], field.default):
        assert getattr(cls(**{field.name: value}), field.name) == value


@pytest.mark.parametrize("number", [np.float32(5), np.float64(5), np.int64(5), 5])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    assert Sphere(number).volume == pytest.approx(np.pi * 125 / 6)


def test_metadata_tells_a_form_what_it_needs() -> None:
    @dataclasses.dataclass
    class Form:
        size: float = length(3.0, "how long", low=1.0, high=9.0, relative=(0.2, 0.4))
        angle: float = quantity(1.0, "mrad", 0.5, 2.0, "how wide", step=0.1)
        fast: bool = switch(True, "how fast")

    size, angle, fast = (field.metadata for field in dataclasses.fields(Form))
    assert dict(size) == {
        "unit": "nm", "min": 1.0, "max": 9.0, "doc": "how long", "relative": (0.2, 0.4),
    }  # fmt: skip
    assert dict(angle) == {"unit": "mrad", "min": 0.5, "max": 2.0, "doc": "how wide", "step": 0.1}
    assert dict(fast) == {"doc": "how fast"}
    assert dataclasses.astuple(Form()) == (3.0, 1.0, True)
