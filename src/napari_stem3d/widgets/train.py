"""Train a network: settings in, the course of the training live, a file with its card out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtWidgets import QLabel

from napari_stem3d.engine import Engine, Progress, Result
from napari_stem3d.plugins import get_network, registry
from napari_stem3d.tasks.training import get_recipe
from napari_stem3d.tasks.training_settings import (
    Training,
    read_training,
    training_to_dict,
    write_training,
)
from napari_stem3d.widgets._curve import LossCurve
from napari_stem3d.widgets._files import MODELS, SETTINGS, ask_open, ask_save
from napari_stem3d.widgets._forms import DataclassForm, Group
from napari_stem3d.widgets._panel import Panel

FUNCTION = "napari_stem3d.widgets._training_work:train_round"


class TrainWidget(Panel):
    """The settings of a recipe, and the course of the training that they lead to."""

    function = FUNCTION

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        specs = [spec for spec in registry().networks.values() if spec.recipe]
        tooltip = "\n".join(f"{spec.name}: {spec.description}" for spec in specs)
        names = [spec.name for spec in specs]
        self.network = ComboBox(label="network", choices=names, tooltip=tooltip)
        self.form = DataclassForm(Training)
        self.curve, self.summary = LossCurve(napari_viewer.theme), QLabel()
        self.summary.setWordWrap(True)
        # Not the one that all panels share: training takes hours in which the others are used.
        self.engine = Engine()
        self.add(self.network)
        self.add_actions(
            **{"Load settings…": self.load_settings, "Save settings…": self.save_settings}
        )
        self.add_part(Group("Settings", self.form, expanded=True))
        self.pin()
        self.add_part(self.curve)
        self.add_part(self.summary)
        self.add_buttons(**{"Train…": self.ask_and_train})
        self.network.changed.connect(self._show_recipe)
        self.job.result.connect(self._show)
        self.job.running.connect(self._end)
        self._out: Path | None = None
        self._show_recipe()

    @property
    def settings(self) -> Training:
        """Settings as the form shows them, with the weights of the losses as they were read."""
        return replace(self.form.make(), loss_weights=self._loss_weights)

    def load_settings(self) -> None:
        """Show the values of a file in the form."""
        path = ask_open(self, "Load settings", SETTINGS)
        if path is not None:
            self._display(read_training(path, self._recipe_settings()))

    def save_settings(self) -> None:
        """Write the values of the form to a file."""
        settings = self.settings
        path = ask_save(self, "Save settings", f"{self.network.value}.toml", SETTINGS)
        if path is not None:
            write_training(settings, path)

    def ask_and_train(self) -> None:
        """Ask for the file to write, and train."""
        settings = self.settings
        path = ask_save(self, "Train into", f"my-{self.network.value}.keras", MODELS)
        if path is not None:
            self.train(settings, path)

    def train(self, settings: Training, out: Path) -> None:
        """Train, or go on with the training that stands beside the file to write."""
        folder = out.with_name(f"{out.stem}.training")
        arguments = self.network.value, training_to_dict(settings), folder, out
        self._out, self._written = out, False
        self.summary.setText(f"Checkpoints in {folder}.")
        rounds = -(-settings.steps // settings.interval)
        events = self._events(arguments, settings.interval)
        self.job.start(events, rounds, self.engine.cancel, unit="round")

    def _events(self, arguments: tuple[Any, ...], interval: int) -> Iterator[Progress | Result]:
        """Ask for rounds until the training is finished; they count from its very beginning."""
        finished = False

        def rounds() -> Iterator[tuple[Any, ...]]:
            while not finished:
                yield arguments

        for event in self.engine.run(self.function, rounds()):
            if isinstance(event, Progress):
                done = (event.done - 1) // interval
                length = min(interval, event.total - done * interval)
                yield Progress(event.done - done * interval, length, done)
            else:
                history, finished = event.value
                yield Result(len(history) - 1, event.value)

    def _show(self, result: Result) -> None:
        history, self._written = result.value
        self.curve.display(history)

    def _end(self, running: bool) -> None:
        if running or self._out is None:
            return
        if self._written:
            self.summary.setText(f"{self._out} is written, with its card beside it.")
        else:
            self.summary.setText(
                f"Train… into {self._out} again, with the same settings, goes on from there."
            )

    def _recipe_settings(self) -> Training:
        return get_recipe(get_network(self.network.value)).training

    def _show_recipe(self, *_: Any) -> None:
        self._display(self._recipe_settings())

    def _display(self, settings: Training) -> None:
        self.form.display(settings)
        self._loss_weights = settings.loss_weights
