"""Stacks to files, complete or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.signals.bridge import to_signal
from napari_stem3d.signals.described import describe
from napari_stem3d.signals.gif import write_gif
from napari_stem3d.signals.quiet import quiet
from napari_stem3d.signals.stack import Axis, Stack
from napari_stem3d.signals.tiff import write_tiff


def save(stack: Stack, path: str | Path) -> None:
    """Write a stack; the ending of the path chooses the format.

    Parameters
    ----------
    stack : Stack
        What to write; a lazy stack is read and written piece by piece (npz: as a whole).
    path : str or Path
        ``.hspy`` keeps everything; ``.npz`` keeps everything, metadata as JSON; ``.tif`` keeps
        values, type, calibration and metadata, and is read by ImageJ and HyperSpy; ``.gif`` is
        a film in 8 bits.

    Raises
    ------
    InputError
        For an unknown ending, a missing folder, or a disk that refuses the file.
    """
    path = Path(path).expanduser()
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path.name} must end in {', '.join(WRITERS)}, which choose the format. "
            f"Received: '{path.suffix}'."
        )
    with write_beside(path) as temporary:
        writer(stack, temporary)


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, which becomes ``path`` if nothing fails."""
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist, so {path.name} has no place.")
    # The ending stays, because writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix.lower()}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written. Received: {error.strerror or error}."
        ) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def load_npz(path: Path) -> Stack:
    """Read what `save` wrote into an npz file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = list(file.files)
            content = {name: file[name] for name in names if name in ("data", "stack")}
        if len(content) == 2:
            description = json.loads(str(content["stack"]))
            axes = tuple(Axis(**axis) for axis in description.pop("axes"))
            return Stack(data=content["data"], axes=axes, path=path, **description)
    except Exception as error:  # errors of zip, zlib, headers and JSON alike
        raise InputError(
            f"{path.name} cannot be read, a complete .npz file was expected. "
            f"Received: {type(error).__name__}."
        ) from error
    raise InputError(
        f"{path.name} was not written by stem3d, an npz file with the arrays 'data' and 'stack' "
        f"was expected. Received: {', '.join(names) or 'no arrays'}."
    )


def _write_npz(stack: Stack, path: Path) -> None:
    described = describe(stack, original_metadata=stack.original_metadata)
    np.savez(path, data=np.asarray(stack.data), stack=np.array(described))


def _write_hspy(stack: Stack, path: Path) -> None:
    signal = to_signal(stack)
    with quiet():
        signal.save(path, overwrite=True, show_progressbar=False)


WRITERS: dict[str, Callable[[Stack, Path], None]] = {
    ".hspy": _write_hspy,
    ".tif": write_tiff,
    ".tiff": write_tiff,
    ".npz": _write_npz,
    ".gif": write_gif,
}
