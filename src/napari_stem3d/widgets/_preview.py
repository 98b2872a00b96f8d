"""Previews that follow a form: made in a thread, and only the newest one is shown."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from magicgui.widgets import CheckBox
from napari.qt.threading import create_worker
from napari.utils.notifications import show_error
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_stem3d._errors import InputError

logger = logging.getLogger(__name__)
DELAY = 30  # ms that a value must rest, so that typing a number is one change


class Preview(QWidget):
    """A box to tick, what is known of the preview as text, and why there is none.

    Parameters
    ----------
    prepare : callable
        Returns an iterator of the preview and of texts about it; it is called in the GUI's thread,
        and iterated over in another. Both may raise `InputError`.

    Attributes
    ----------
    made : Signal
        A preview.
    """

    made = Signal(object)

    def __init__(self, prepare: Callable[[], Iterator[Any]]) -> None:
        super().__init__()
        self.live = CheckBox(
            value=True, text="live preview", tooltip="show what each change does to the image"
        )
        self.facts, self.trouble = _text(), _text("color: #e69f00")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.live.native, self.trouble, self.facts):
            layout.addWidget(part)
        self._prepare = prepare
        self._worker: Any = None
        self._asked = False  # for another preview than the one that is being made
        self._loud = False  # whether a button asked, and so is owed an answer
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(DELAY)
        self._rest.timeout.connect(self._begin)

    @property
    def is_busy(self) -> bool:
        """Whether a preview is on its way."""
        return self._worker is not None or self._rest.isActive()

    def follow(self, *_: Any) -> None:
        """Make a preview soon, if previews are live; connect this to changes."""
        if self.live.value:
            self._rest.start()

    def ask(self) -> None:
        """Make a preview now, and notify the user if that is not possible."""
        self._loud = True
        self._rest.stop()
        self._begin()

    def stop(self) -> None:
        """Show nothing of what is on its way."""
        self._rest.stop()
        self._asked = False
        if self._worker is not None:
            self._worker.quit()

    def _begin(self) -> None:
        if self._worker is not None:
            self._asked = True
            return
        try:
            steps = self._prepare()
        except InputError as error:
            self._show_trouble(error)
            return
        self._worker = create_worker(_iterate, steps, _ignore_errors=True, _start_thread=False)
        self._worker.yielded.connect(self._on_step)
        self._worker.errored.connect(self._on_error)
        self._worker.finished.connect(self._on_finished)
        self._worker.start()

    @property
    def _is_outdated(self) -> bool:
        return self._asked or self._rest.isActive()

    def _on_step(self, step: Any) -> None:
        if self._is_outdated or self._worker is None or self._worker.abort_requested:
            return
        self._show_text(self.trouble, "")
        if isinstance(step, str):
            self._show_text(self.facts, step)
        else:
            self.made.emit(step)

    def _on_error(self, error: Exception) -> None:
        if not self._is_outdated:
            self._show_trouble(error)

    def _on_finished(self) -> None:
        self._worker = None
        if self._asked:
            self._asked = False
            self._begin()
        else:
            self._loud = False

    def _show_trouble(self, error: Exception) -> None:
        known = isinstance(error, InputError)
        sentence = str(error) if known else f"No preview: {type(error).__name__}: {error}"
        if not known:
            logger.info("preview failed", exc_info=error)
        self._show_text(self.trouble, sentence)
        self._show_text(self.facts, "")
        if self._loud:
            self._loud = False
            show_error(sentence)

    @staticmethod
    def _show_text(label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


def _text(style: str = "") -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setStyleSheet(style)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.hide()
    return label


def _iterate(steps: Iterator[Any]) -> Iterator[Any]:
    yield from steps
