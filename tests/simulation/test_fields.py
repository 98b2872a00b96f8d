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
    Contrast,
    Detector,
    Microscope,
    Probe,
    Sphere,
    length,
    quantity,
    switch,
    text,
    whole,
)

STAGES = [type(getattr(Microscope(), field.name)) for field in dataclasses.fields(Microscope)]
QUANTITIES = [
    pytest.param(cls, field, id=f"{cls.__name__}.{field.name}")
    for cls in (*STAGES, *registry().shapes.values())
    for field in dataclasses.fields(cls)
    if "unit" in field.metadata
]
NONSENSE = [math.nan, math.inf, -math.inf, True, np.True_, None, "10", (1.0,), 1j, np.ones(1)]


@pytest.mark.parametrize(("cls", "field"), QUANTITIES)
def test_what_makes_no_sense_is_refused_in_one_sentence(cls: type, field: Any) -> None:
    low, high = field.metadata["min"], field.metadata["max"]
    for value in (*NONSENSE, low - 1, 1.01 * high, *([0.0] if low > 0 else [])):
        with pytest.raises(InputError) as error:
            cls(**{field.name: value})
        message = str(error.value)
        assert message.startswith(f"{cls.__name__}.{field.name} must lie between ")
        assert message.endswith(f"Received: {value!r}")
        assert "\n" not in message


@pytest.mark.parametrize(("cls", "field"), QUANTITIES)
def test_the_bounds_themselves_are_accepted(cls: type, field: Any) -> None:
    for value in (field.metadata["min"], field.metadata["max"], field.default):
        try:
            assert getattr(cls(**{field.name: value}), field.name) == value
        except InputError as error:  # where it does not go with another quantity's default
            assert "must lie between" not in str(error)


@pytest.mark.parametrize("value", [2.5, np.float64(8.001)])
def test_whole_numbers_are_whole(value: float) -> None:
    with pytest.raises(InputError, match=r"^Detector.bits must be a whole number. Received: "):
        Detector(bits=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [8, 8.0, np.int16(8), np.float32(8)])
def test_whole_numbers_come_in_any_type(value: Any) -> None:
    bits = Detector(bits=value).bits
    assert (bits, type(bits)) == (8, int)


@pytest.mark.parametrize("value", [0, 1, "on", None, math.nan])
def test_switches_take_truth_values_alone(value: Any) -> None:
    with pytest.raises(InputError, match=r"^Probe.diffraction must be true or false. Received: "):
        Probe(diffraction=value)


def test_truth_values_of_numpy_become_pythons() -> None:
    assert Probe(diffraction=np.False_).diffraction is False  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [79, None, True, b"Au", ["Au"]])
def test_texts_take_strings_alone(value: Any) -> None:
    with pytest.raises(InputError, match=r"^Contrast.material must be a text. Received: "):
        Contrast(material=value)


@pytest.mark.parametrize("number", [np.float32(5), np.float64(5), np.int64(5), 5])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    assert Sphere(number).volume == pytest.approx(np.pi * 125 / 6)


def test_metadata_tells_a_form_what_it_needs() -> None:
    @dataclasses.dataclass
    class Form:
        size: float = length(3.0, "how long", low=1.0, high=9.0, relative=(0.2, 0.4))
        angle: float = quantity(1.0, "mrad", 0.5, 2.0, "how wide", step=0.1)
        fast: bool = switch(True, "how fast")
        count: int = whole(3, 1, 9, "how many")
        name: str = text("Au", "of what")

    size, angle, fast, count, name = (field.metadata for field in dataclasses.fields(Form))
    assert dict(size) == {
        "unit": "nm", "min": 1.0, "max": 9.0, "doc": "how long", "relative": (0.2, 0.4),
    }  # fmt: skip
    assert dict(angle) == {"unit": "mrad", "min": 0.5, "max": 2.0, "doc": "how wide", "step": 0.1}
    assert dict(fast) == {"doc": "how fast"}
    assert dict(count) == {"unit": "", "min": 1, "max": 9, "doc": "how many", "whole": True}
    assert dict(name) == {"doc": "of what"}
    assert dataclasses.astuple(Form()) == (3.0, 1.0, True, 3, "Au")
