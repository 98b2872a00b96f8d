"""What the panels have in common: a scrolled column, buttons and the job bar at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from magicgui.widgets import ComboBox
from napari.utils.notifications import show_error
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_stem3d._errors import InputError
from napari_stem3d.widgets._forms import Form
from napari_stem3d.widgets._job import JobBar

MINIMUM_WIDTH = 360  # pixels; holds the widest table without a horizontal scroll bar


class Panel(QWidget):
    """A dock's content, scrolled where the window is low.

    Attributes
    ----------
    viewer : napari.Viewer
        The viewer it belongs to.
    job : JobBar
        Runs what the buttons start.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer, self.job = viewer, JobBar()
        self._editors: list[Any] = []
        body, scrolled = QWidget(), QScrollArea()
        self._column = QVBoxLayout(body)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        scrolled.setWidget(body)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.addWidget(scrolled, 1)
        self.setMinimumWidth(MINIMUM_WIDTH)

    def pin(self) -> None:
        """Let all that is added from now on stay below what is scrolled."""
        self._column = QVBoxLayout()
        self._column.setContentsMargins(9, 0, 9, 9)
        self._outer.addLayout(self._column)

    def add(self, *editors: Any) -> None:
        """Append editors as rows with their labels."""
        self._editors += editors
        self._column.addWidget(Form(editors))

    def add_part(self, part: QWidget) -> None:
        """Append any Qt widget over the whole width."""
        self._column.addWidget(part)

    def add_actions(self, **actions: Callable[[], None]) -> dict[str, QPushButton]:
        """Append a row of buttons."""
        row, buttons = QHBoxLayout(), {}
        for name, action in actions.items():
            button = buttons[name] = QPushButton(name.replace("_", " "))
            button.clicked.connect(lambda *_, action=action: self._act(action))
            row.addWidget(button)
        self._column.addLayout(row)
        return buttons

    def add_buttons(self, **actions: Callable[[], None]) -> None:
        """Append a row of buttons, disabled while a job runs, and the job bar below them."""
        for button in self.add_actions(**actions).values():
            self.job.running.connect(button.setDisabled)
        self._column.addWidget(self.job)

    def reset_choices(self, event: Any = None) -> None:
        """Refresh the menus of layers; napari calls it when layers come, go or change names."""
        for editor in self._editors:
            if isinstance(editor, ComboBox):
                editor.reset_choices()

    def _act(self, action: Callable[[], None]) -> None:
        with one_sentence():
            action()


@contextmanager
def one_sentence() -> Iterator[None]:
    """Show an `InputError` as a notification instead of raising it."""
    try:
        yield
    except InputError as error:
        show_error(str(error))
