from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from napari_stem3d.plugins import registry
from napari_stem3d.simulation import Electrons, Microscope
from napari_stem3d.widgets._forms import DataclassForm

STAGES = [type(getattr(Microscope(), field.name)) for field in fields(Microscope)]


@pytest.mark.parametrize("kind", [*registry().shapes.values(), *STAGES])
def test_an_untouched_form_makes_the_default(kind: Any, qtbot: Any) -> None:
    form = DataclassForm(kind)
    qtbot.addWidget(form)
    assert form.make() == kind()


def test_editors_have_unit_bounds_and_tooltip_of_their_field(qtbot: Any) -> None:
    form = DataclassForm(Electrons)
    qtbot.addWidget(form)
    current = form.editors["current"]
    assert current.native.suffix() == " pA"
    assert (current.max, current.tooltip) == (1e6, "beam current")
    assert form.editors["shot_noise"].value is True


def test_values_reach_the_instance(qtbot: Any) -> None:
    form = DataclassForm(Electrons)
    qtbot.addWidget(form)
    form.editors["dwell"].value = 2.5
    form.editors["shot_noise"].value = False
    assert form.make() == Electrons(dwell=2.5, shot_noise=False)
