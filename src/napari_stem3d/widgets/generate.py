"""Generate STEM stack: simulated images or movies of particles, with the truth about them."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from napari.layers import Image

from napari_stem3d._errors import InputError
from napari_stem3d.engine import Result
from napari_stem3d.signals import from_layer
from napari_stem3d.simulation import (
    Dataset,
    Experiment,
    Sample,
    read_experiment,
    write_experiment,
)
from napari_stem3d.widgets._experiment_form import ExperimentForm
from napari_stem3d.widgets._facts import experiment_facts
from napari_stem3d.widgets._files import MOVIES, SETTINGS, ask_open, ask_save, save_in_thread
from napari_stem3d.widgets._layers import is_thickness
from napari_stem3d.widgets._panel import Panel
from napari_stem3d.widgets._preview import Preview
from napari_stem3d.widgets._samples import add_samples, show_sample


class GenerateWidget(Panel):
    """The form of an experiment, its live preview, and what makes and keeps the images."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.form = ExperimentForm()
        self.preview = Preview(self._prepare)
        self.add_actions(
            **{
                "Load settings…": self.load_settings,
                "Save settings…": self.save_settings,
            }
        )
        self.add_part(self.form)
        self.pin()
        self.add_part(self.preview)
        self.add_buttons(Preview=self.preview.ask, Generate=self.generate)
        self.add_actions(**{"Export movie…": self.export_movie})
        self.form.changed.connect(self.preview.follow)
        self.preview.made.connect(self._show_preview)
        self._samples: list[Sample] = []
        self.job.result.connect(lambda result: self._samples.append(result.value))
        self.job.running.connect(self._add_finished)

    def generate(self) -> None:
        """Simulate all images in a thread; the layers come when it ends or is cancelled."""
        experiment = self.form.make()
        data = experiment.dataset()
        self.preview.stop()
        self._samples, self._made = [], experiment
        self.job.start(_results(data), len(data))

    def load_settings(self) -> None:
        """Show the values of a file in the form."""
        path = ask_open(self, "Load settings", SETTINGS)
        if path is not None:
            self.form.display(read_experiment(path))

    def save_settings(self) -> None:
        """Write the values of the form to a file."""
        experiment = self.form.make()
        path = ask_save(self, "Save settings", f"{experiment.shape}.toml", SETTINGS)
        if path is not None:
            write_experiment(experiment, path)

    def export_movie(self) -> None:
        """Write the frames of the selected image, or else of the newest one, to a file."""
        stacks = [one for one in self.viewer.layers if isinstance(one, Image) and one.ndim > 2]
        images = [one for one in stacks if not is_thickness(one)]
        if not images:
            raise InputError(
                "Generate several frames first, or open a stack of images. Received: no such layer"
            )
        selected = self.viewer.layers.selection.active
        layer = selected if selected in stacks else images[-1]
        path = ask_save(self, "Export movie", f"{layer.name}.gif", MOVIES)
        if path is not None:
            save_in_thread(from_layer(layer), path)

    def _prepare(self) -> Iterator[Any]:
        """Return what makes the first image, and tells what there is to know."""
        return _preview(dataclasses.replace(self.form.make(), frames=1))

    def _show_preview(self, sample: Sample) -> None:
        show_sample(self.viewer, sample, _name(self.form.shape.value))

    def _add_finished(self, running: bool) -> None:
        if not running and self._samples:
            add_samples(self.viewer, self._samples, _name(self._made.shape), self._made)
            self._samples = []


def _name(shape: str) -> str:
    return f"simulated {shape.replace('_', ' ')}"


def _preview(experiment: Experiment) -> Iterator[Any]:
    sample = experiment.dataset()[0]
    yield sample
    yield experiment_facts(experiment, sample)


def _results(data: Dataset) -> Iterator[Result]:
    for index, sample in enumerate(data):
        yield Result(index, sample)
