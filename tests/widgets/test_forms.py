from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pytest

from napari_stem3d.plugins import registry
from napari_stem3d.simulation import (
    Beam,
    CarbonFilm,
    Contrast,
    Defects,
    Detector,
    Experiment,
    Lattice,
    MeshShape,
    Microscope,
    Motion,
    TruncatedCorners,
)
from napari_stem3d.simulation.fields import Checked, pair
from napari_stem3d.widgets._forms import DataclassForm, FieldsForm
from napari_stem3d.widgets._numbers import NumberBox

STAGES = [type(getattr(Microscope(), field.name)) for field in fields(Microscope)]
DEFORMATIONS = [d for d in registry().deformations.values() if d.name != "cut_corners"]
KINDS = [*STAGES, Motion, Lattice, Defects, *DEFORMATIONS]


@dataclass(frozen=True)
class Both(Checked):
    """Something with two quantities."""

    sampling: tuple[float, float] = pair((0.2, 0.2), "nm", 1e-6, 1e6, "distances")


def form_of(kind: Any, qtbot: Any) -> DataclassForm[Any]:
    form: DataclassForm[Any] = DataclassForm(kind)
    qtbot.addWidget(form)
    qtbot.forms = [*getattr(qtbot, "forms", []), form]  # qtbot itself holds it weakly
    return form


@pytest.mark.parametrize("kind", [*registry().shapes.values(), *KINDS])
def test_an_untouched_form_makes_the_default(kind: Any, qtbot: Any) -> None:
    assert form_of(kind, qtbot).make() == kind()


def test_editors_have_unit_bounds_and_tooltip_of_their_field(qtbot: Any) -> None:
    current = form_of(Beam, qtbot).editors["current"]
    assert current.box.suffix() == " pA"
    assert (current.box.maximum(), current.tooltip) == (1e6, "beam current")


def test_values_reach_the_instance(qtbot: Any) -> None:
    form = form_of(Detector, qtbot)
    form.editors["gain"].value = 2.5
    form.editors["shot_noise"].value = False
    form.editors["bits"].value = 8
    assert form.make() == Detector(gain=2.5, shot_noise=False, bits=8)


def test_words_reach_the_instance(qtbot: Any) -> None:
    form = form_of(Contrast, qtbot)
    form.editors["material"].value = "Pt"
    assert form.make() == Contrast("Pt")


def test_words_may_be_suggested_and_others(qtbot: Any) -> None:
    structure = form_of(Lattice, qtbot).editors["structure"]
    assert [structure.box.itemText(i) for i in range(3)] == ["graphene", "MoS2", "WS2"]
    structure.value = "my crystal.cif"
    assert structure.value == "my crystal.cif"


def test_files_are_chosen_in_a_dialog(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = form_of(MeshShape, qtbot).editors["path"]
    asked: list[Any] = []
    dialog = "napari_stem3d.widgets._editors.QFileDialog.getOpenFileName"
    monkeypatch.setattr(dialog, lambda *a: (asked.append(a), ("star.stl", ""))[1])
    path.browse()
    assert path.value == "star.stl"
    assert asked[0][-1] == "Files (*.stl *.obj *.ply)"
    monkeypatch.setattr(dialog, lambda *_: ("", ""))  # cancelled
    path.browse()
    assert path.value == "star.stl"


def test_choices_are_a_menu(qtbot: Any) -> None:
    form = form_of(Motion, qtbot)
    assert form.editors["axis"].choices == ("x", "y", "z", "random")
    form.editors["axis"].value = "random"
    assert form.make() == Motion(axis="random")


def test_two_quantities_stand_in_one_row(qtbot: Any) -> None:
    form = form_of(Both, qtbot)
    form.editors["sampling"].value = (0.1, 0.25)
    assert form.make() == Both((0.1, 0.25))
    wide = FieldsForm([Experiment.__dataclass_fields__["size"]])
    qtbot.addWidget(wide)
    wide.editors["size"].value = (96, 128)
    assert wide.values == {"size": (96, 128)}
    assert all(type(n) is int for n in wide.values["size"])


def test_places_are_told_by_their_numbers(qtbot: Any) -> None:
    form = form_of(TruncatedCorners, qtbot)
    form.editors["corners"].value = (0, 7)
    assert form.editors["corners"].line.value == "0 7"
    form.editors["corners"].line.value = "1, 3,5"
    assert form.make() == TruncatedCorners(corners=(1, 3, 5))


@pytest.mark.parametrize("value", [0.1 + 0.2, 1.23456789012345e-7, 3e-30, 1 / 3, 9999.123456789])
def test_no_digit_is_lost(value: float, qtbot: Any) -> None:
    """What a settings file says comes back from the form bit for bit, also after a visit."""
    form = form_of(CarbonFilm, qtbot)
    editor = form.editors["thickness"]
    editor.value = value
    assert form.make().thickness == value
    editor.box.interpretText()  # what leaving the editor does
    assert form.make().thickness == value


def test_numbers_are_typed_as_people_write_them(qtbot: Any) -> None:
    box = NumberBox(0.0, 1000.0, "nm", 0.1)
    qtbot.addWidget(box)
    for text, value in {
        "1e-6": 1e-6,
        "2.5": 2.5,
        "1000": 1000.0,
        "1001": 100.0,
        "x": 100.0,
    }.items():
        box.selectAll()
        qtbot.keyClicks(box, text)
        box.interpretText()
        assert box.value() == pytest.approx(value, rel=1e-12), text
    box.setValue(0.2)
    assert box.text() == "0.2 nm"


def test_steps_follow_the_size_of_small_values(qtbot: Any) -> None:
    box = NumberBox(0.0, 10.0, "", 0.1)
    qtbot.addWidget(box)
    box.setValue(0.2)
    box.stepBy(1)
    assert box.value() == 0.3
    box.stepBy(-3)
    assert box.value() == 0.0
    box.setValue(0.0021)
    box.stepBy(1)
    assert box.value() == 0.0022


def test_optional_fields_are_left_out_until_they_are_ticked(qtbot: Any) -> None:
    form = FieldsForm([TruncatedCorners.__dataclass_fields__["leg"]], optional=("leg",))
    qtbot.addWidget(form)
    heard: list[int] = []
    form.changed.connect(lambda: heard.append(1))
    assert form.values == {}
    form.editors["leg"].fixed.value = True
    assert form.values == {"leg": 2.0}
    form.fill({"leg": 1.5})
    assert form.values == {"leg": 1.5}
    form.fill({"leg": None})
    assert form.values == {}
    assert len(heard) >= 3


def test_the_wheel_changes_only_what_has_the_focus(qtbot: Any) -> None:
    from qtpy.QtCore import QPoint, QPointF, Qt
    from qtpy.QtGui import QWheelEvent
    from qtpy.QtWidgets import QApplication

    form = form_of(Beam, qtbot)
    form.show()
    box = form.editors["current"].box
    place = QPointF(5, 5)
    wheel = QWheelEvent(
        place, QPointF(box.mapToGlobal(QPoint(5, 5))), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, wheel)
    assert box.value() == 20.0
