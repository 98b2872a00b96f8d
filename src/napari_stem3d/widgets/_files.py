"""Dialogs for files, and writing without making the window wait."""

from pathlib import Path
from typing import Any

from napari.qt.threading import create_worker
from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Stack, save

SETTINGS = "Settings (*.toml)"
MODELS = "Keras model (*.keras)"
TABLES = "Table (*.csv)"
MOVIES = "GIF film (*.gif);;TIFF stack (*.tif *.tiff);;HyperSpy stack (*.hspy)"


def ask_open(parent: QWidget, title: str, kinds: str) -> Path | None:
    """Return the file that the user chooses, None if the dialog is cancelled."""
    path, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(path) if path else None


def ask_save(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Return the file to write, with the ending of the chosen kind where none was typed."""
    path, kind = QFileDialog.getSaveFileName(parent, title, name, kinds)
    if not path:
        return None
    ending = (kind or kinds).split("*", 1)[1].split(")")[0].split()[0]
    return Path(path) if Path(path).suffix else Path(path).with_suffix(ending)


def save_in_thread(stack: Stack, path: Path) -> Any:
    """Write a stack, and notify the user when it is written or why it cannot be."""
    worker = create_worker(save, stack, path, _ignore_errors=True, _start_thread=False)
    worker.returned.connect(lambda _: show_info(f"{path.name} is written."))
    worker.errored.connect(_report)
    worker.start()
    return worker


def _report(error: Exception) -> None:
    known = isinstance(error, InputError)
    show_error(str(error) if known else f"Nothing is written: {type(error).__name__}: {error}")
