"""A progress bar with a Cancel button that runs one job at a time in a thread."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils.notifications import show_error
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_stem3d._errors import InputError
from napari_stem3d.engine import Progress, Result

logger = logging.getLogger(__name__)
STEPS = 1000  # of the bar


class JobBar(QWidget):
    """Runs an iterator of `Progress` and `Result` in a thread and reports in the GUI's thread.

    Signals
    -------
    running(bool)
        A job begins or has ended.
    result(object)
        A `Result`, as soon as it is there.
    """

    running = Signal(bool)
    result = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.bar, self.cancel_button = QProgressBar(), QPushButton("Cancel")
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.bar.setTextVisible(False)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.status)
        self.cancel_button.clicked.connect(self.cancel)
        self._job: _Job | None = None
        self._under_way: list[_Job] = []  # known to `destroyed` when this object is gone
        self.destroyed.connect(partial(_cancel_all, self._under_way))
        self._show_running(False)

    @property
    def is_running(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def start(
        self,
        events: Iterator[Progress | Result],
        frames: int,
        interrupt: Callable[[], Any] | None = None,
        unit: str = "frame",
    ) -> None:
        """Run a job.

        Parameters
        ----------
        events : iterator of Progress or Result
            The job; a thread iterates over it.
        frames : int
            Number of results expected.
        interrupt : callable, optional
            Ends the iteration at once, in the middle of a frame.
        unit : str
            What a result is about.
        """
        worker = create_worker(_iterate, events, _ignore_errors=True, _start_thread=False)
        job = self._job = _Job(worker, frames, interrupt, unit)
        worker.yielded.connect(self._on_event)
        worker.errored.connect(self._on_error)
        worker.finished.connect(self._on_finished)
        self._under_way.append(job)
        self.bar.setRange(0, 0)
        self.status.setText("Starting …")
        self._show_running(True)
        worker.start()

    def cancel(self) -> None:
        """Stop the job at once; what it has shown stays."""
        if self._job is not None:
            self._job.cancel()

    def _on_event(self, event: Progress | Result) -> None:
        job = self._job
        if job is None:
            return
        if isinstance(event, Result):
            job.done = event.index + 1
            fraction = job.done / job.frames
            self.result.emit(event)
        else:
            fraction = (event.index + event.done / max(event.total, 1)) / job.frames
        self.bar.setRange(0, STEPS)
        self.bar.setValue(round(fraction * STEPS))
        self.status.setText(
            f"{job.unit.capitalize()} {min(job.done + 1, job.frames)} of {job.frames}"
            f"{job.time_left(fraction)}"
        )

    def _on_error(self, error: Exception) -> None:
        logger.info("job failed", exc_info=error)
        known = isinstance(error, InputError)
        sentence = str(error) if known else f"The job failed: {type(error).__name__}: {error}"
        if self._job is not None:
            self._job.error = sentence
        show_error(sentence)

    def _on_finished(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._under_way.remove(job)
            self.status.setText(job.summary())
        self._show_running(False)

    def _show_running(self, running: bool) -> None:
        self.bar.setVisible(running)
        self.cancel_button.setVisible(running)
        self.running.emit(running)


class _Job:
    """A worker and what is known of its course."""

    def __init__(
        self,
        worker: GeneratorWorker,
        frames: int,
        interrupt: Callable[[], Any] | None,
        unit: str,
    ) -> None:
        self.worker, self.frames, self.interrupt, self.unit = worker, frames, interrupt, unit
        self.done, self.error, self.cancelled = 0, "", False
        self.start = time.monotonic()
        self.begin: float | None = None

    def cancel(self) -> None:
        self.cancelled = True
        self.worker.quit()
        if self.interrupt is not None:
            self.interrupt()

    def time_left(self, fraction: float) -> str:
        if self.begin is None:
            self.begin = fraction  # what was done before, where the job goes on with another
        spent, made = time.monotonic() - self.start, fraction - self.begin
        if spent < 2 or fraction == 1 or not made:
            return ""
        return f" · about {_duration(spent * (1 - fraction) / made)} left"

    def summary(self) -> str:
        done = f"{self.done} of {self.frames} {self.unit}s"
        if self.error:
            return f"Stopped: {self.error}"
        if self.cancelled:
            return f"Cancelled. {done} are finished and kept."
        return f"Finished {done} in {_duration(time.monotonic() - self.start)}."


def _cancel_all(jobs: list[_Job], *_: Any) -> None:
    for job in jobs:
        job.cancel()


def _iterate(events: Iterator[Progress | Result]) -> Iterator[Progress | Result]:
    yield from events


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
