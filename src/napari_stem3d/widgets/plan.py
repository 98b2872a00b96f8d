"""Plan an experiment: a question in; dose, beam, pixel, number of views and chances out."""

import dataclasses
from typing import Any

from magicgui.widgets import ComboBox, SpinBox
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_stem3d.analysis.planning import Limits, Plan, Question
from napari_stem3d.engine import Engine, Result
from napari_stem3d.plugins import get_shape, registry
from napari_stem3d.signals import write_beside
from napari_stem3d.simulation import Polyhedron
from napari_stem3d.widgets._chances import ChanceCurve
from napari_stem3d.widgets._files import TABLES, ask_save
from napari_stem3d.widgets._forms import DataclassForm, Form, Group
from napari_stem3d.widgets._microscope_form import MicroscopeForm
from napari_stem3d.widgets._panel import Panel
from napari_stem3d.widgets._plan_table import PlanTable

FUNCTION = "napari_stem3d.widgets._work:plan"


class PlanWidget(Panel):
    """A question, limits and a microscope in; tables, a curve and a sentence of advice out."""

    function = FUNCTION

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        shapes = [n for n, kind in registry().shapes.items() if issubclass(kind, Polyhedron)]
        self.shape = ComboBox(
            label="shape",
            choices=[(name.replace("_", " "), name) for name in shapes],
            value="cuboid",
            tooltip="kind of particle; the corners are those that may be cut",
        )
        self.particles = SpinBox(
            label="particles",
            value=60,
            min=10,
            max=10_000,
            tooltip="random particles with either number of corners to compare; more tell more",
        )
        self.question, self.limits = DataclassForm(Question), DataclassForm(Limits)
        self.microscope = MicroscopeForm()
        self.shape_form: DataclassForm[Any]
        self._dimensions = QVBoxLayout()
        self._dimensions.setContentsMargins(0, 0, 0, 0)
        dimensions = QWidget()
        dimensions.setLayout(self._dimensions)
        self.advice, self.curve = QLabel(), ChanceCurve(napari_viewer.theme)
        self.advice.setWordWrap(True)
        self.views = PlanTable("views", "e_per_pixel", "total_dose_e_nm2", "probability")
        self.beams = PlanTable("current_pA", "dwell_us", "image_s")
        self.found: Plan | None = None
        # Not the one that all panels share: a plan takes minutes in which the others are used.
        self.engine = Engine()
        self.answer = Group("Answer", self.curve, self.views, self.beams, expanded=True)
        self.answer.hide()
        self.add_part(self.answer)
        self.add_part(Group("Particle", Form([self.shape]), dimensions, expanded=True))
        self.add_part(Group("Question", self.question, Form([self.particles]), expanded=True))
        self.add_part(Group("Limits", self.limits))
        self.add_part(self.microscope)
        self.pin()
        self.add_part(self.advice)
        self.add_buttons(Plan=self.plan)
        self.uses = self.add_actions(
            **{"Save table…": self.save_table, "Use in Generate": self.use_in_generate}
        )
        for button in self.uses.values():
            button.setDisabled(True)
        self.shape.changed.connect(self._show_shape)
        self.job.result.connect(self._show)
        self._show_shape(self.shape.value)

    def plan(self) -> None:
        """Plan in a process of its own."""
        question = dataclasses.replace(self.question.make(), shape=self.shape_form.make())
        arguments = (question, self.microscope.make(), self.limits.make(), self.particles.value)
        events = self.engine.run(self.function, [arguments])
        self.job.start(events, 1, self.engine.cancel, unit="plan")

    def save_table(self) -> None:
        """Write the table of all views and beams to a file."""
        assert self.found is not None
        path = ask_save(self, "Save table", "plan.csv", TABLES)
        if path is not None:
            with write_beside(path) as beside:
                self.found.table().to_csv(beside, index=False)

    def use_in_generate(self) -> None:
        """Fill the panel that generates, opened if need be, with images as planned."""
        assert self.found is not None
        _, panel = self.viewer.window.add_plugin_dock_widget("napari-stem3d", "Generate STEM stack")
        panel.form.display(self.found.experiment)

    def _show(self, result: Result) -> None:
        self.found = found = result.value
        self.views.display(found.views_table())
        self.beams.display(found.beams_table())
        self.curve.display(found)
        self.answer.show()
        self.advice.setText("\n".join([found.advice, *found.notes]))
        for button in self.uses.values():
            button.setEnabled(True)

    def _show_shape(self, name: str) -> None:
        if self._dimensions.count():
            self._dimensions.removeWidget(self.shape_form)
            self.shape_form.hide()
            self.shape_form.deleteLater()
        self.shape_form = DataclassForm(get_shape(name))
        self._dimensions.addWidget(self.shape_form)
