from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from napari_stem3d.plugins import registry
from napari_stem3d.simulation import Beam, Contrast, Detector, Microscope
from napari_stem3d.widgets._forms import DataclassForm

STAGES = [type(getattr(Microscope(), field.name)) for field in fields(Microscope)]


@pytest.mark.parametrize("kind", [*registry().shapes.values(), *STAGES])
def test_an_untouched_form_makes_the_default(kind: Any, qtbot: Any) -> None:
    form = DataclassForm(kind)
    qtbot.addWidget(form)
    assert form.make() == kind()


def test_editors_have_unit_bounds_and_tooltip_of_their_field(qtbot: Any) -> None:
    form = DataclassForm(Beam)
    qtbot.addWidget(form)
    current = form.editors["current"]
    assert current.native.suffix() == " pA"
    assert (current.max, current.tooltip) == (1e6, "beam current")


def test_values_reach_the_instance(qtbot: Any) -> None:
    form = DataclassForm(Detector)
    qtbot.addWidget(form)
    form.editors["gain"].value = 2.5
    form.editors["shot_noise"].value = False
    form.editors["bits"].value = 8
    assert form.make() == Detector(gain=2.5, shot_noise=False, bits=8)


def test_words_reach_the_instance(qtbot: Any) -> None:
    form = DataclassForm(Contrast)
    qtbot.addWidget(form)
    form.editors["material"].value = "Pt"
    assert form.make() == Contrast("Pt")
