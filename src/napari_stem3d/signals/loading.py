"""Files to stacks: anything that HyperSpy opens, or one sentence that says why not."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.signals.bridge import DIFFRACTION_HINT, convert
from napari_stem3d.signals.damage import merlin_damage, tiff_damage
from napari_stem3d.signals.quiet import quiet
from napari_stem3d.signals.saving import load_npz
from napari_stem3d.signals.stack import Stack
from napari_stem3d.signals.tiff import DESCRIPTION

TIFF_ENDINGS = frozenset({".tif", ".tiff"})
# Spectrum images of Velox can be a thousand times as large as the images beside them.
READER_OPTIONS = {".emd": {"select_type": "images"}}


def load(path: str | Path, lazy: bool = False) -> list[Stack]:
    """Read the images of a file.

    Parameters
    ----------
    path : str or Path
        File of any format that HyperSpy reads, or an npz file written by `save`.
    lazy : bool
        Keep the data on disk, as dask arrays, and read a frame when it is needed.

    Returns
    -------
    list of Stack
        One per image or stack in the file. Spectra and other parts that are no images are left
        out; ``notes`` of the first stack names them.

    Raises
    ------
    InputError
        If the file is missing, damaged, of an unknown kind, or holds no usable image.
    """
    path = Path(path).expanduser()
    _check_path(path)
    if path.suffix.lower() == ".npz":
        return [load_npz(path)]
    signals, notes = _read(path, lazy)
    stacks: list[Stack] = []
    refusals: list[InputError] = []
    for number, signal in enumerate(signals, start=1):
        title = signal.metadata.get_item("General.title", "")
        part = f"Part {number} ('{title}') of {path.name}" if len(signals) > 1 else path.name
        try:
            stacks.append(_finish(convert(signal, part), path))
        except InputError as error:
            refusals.append(error)
    if not stacks:
        raise refusals[0] if refusals else _damaged(path, "it holds no images")
    notes += [f"Left out: {refusal}" for refusal in refusals]
    stacks[0] = replace(stacks[0], notes=(*notes, *stacks[0].notes))
    return stacks


def _check_path(path: Path) -> None:
    if path.suffix.lower() == ".zspy":
        raise InputError(
            f"{path.name} is a zspy store, which needs an older zarr than napari: open it with "
            "HyperSpy in an environment of its own and save it as .hspy."
        )
    if path.is_dir():
        raise InputError(f"{path} is a folder, an image file was expected.")
    if not path.is_file():
        raise InputError(f"{path} does not exist, the path of an image file was expected.")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty, an image file was expected. Received: 0 bytes.")
    if path.suffix.lower() == ".blo":
        # Not even opened: a damaged header makes the reader ask for any amount of memory.
        raise InputError(
            f"{path.name} is a blockfile, which holds 4D-STEM data, but images in real space were "
            f"expected: {DIFFRACTION_HINT}. Received: '{path.suffix}'."
        )
    from rsciio import IO_PLUGINS

    ending = path.suffix.lower().removeprefix(".")
    readers = [
        plugin["name"].lower()
        for plugin in IO_PLUGINS
        if ending in (known.lower() for known in plugin["file_extensions"])
    ]
    if not readers and ending != "npz":
        raise InputError(
            f"{path.name} has an ending that no reader knows, a microscope file such as dm4, emd, "
            f"ser, mrc, hspy or tif was expected. Received: '{path.suffix}'."
        )
    if len(readers) > 1 and ending not in readers:
        raise InputError(
            f"{path.name} has an ending that several programs use for different contents: open it "
            "with hyperspy.api.load(..., file_format=...) and save it as .hspy. "
            f"Received: '{path.suffix}'."
        )


def _read(path: Path, lazy: bool) -> tuple[list[Any], list[str]]:
    ending = path.suffix.lower()
    with quiet() as caught:
        from hyperspy.api import load as hyperspy_load

        try:
            missing = tiff_damage(path) if ending in TIFF_ENDINGS else None
            if missing is None:
                loaded = hyperspy_load(path, lazy=lazy, **READER_OPTIONS.get(ending, {}))
        except ImportError as error:
            raise InputError(
                f"{path.name} needs a library that is not installed. Received: {error}."
            ) from error
        except Exception as error:  # readers raise anything on a damaged file
            raise _damaged(path, f"the reader says '{_first_line(error)}'") from error
        if missing:
            raise _damaged(path, missing)
        signals = list(loaded) if isinstance(loaded, list | tuple) else [loaded]
        for signal in signals:
            missing = merlin_damage(signal)
            if missing:
                raise _damaged(path, missing)
            _read_imagej_description(signal)
    return signals, [
        str(warning.message).strip().splitlines()[0]
        for warning in caught
        if issubclass(warning.category, UserWarning) and "rsciio" in warning.filename
    ]


def _finish(stack: Stack, path: Path) -> Stack:
    """Name the file, and look at the ends of a stack, where incomplete files show."""
    stack = replace(stack, path=path, title=stack.title or path.stem)
    if stack.frame_count == 1:
        if stack.is_lazy:
            stack.frame(0)
        return stack
    first, last = stack.frame(0), stack.frame(stack.frame_count - 1)
    if first.any() and not last.any():
        note = "The last frame is all zeros: the acquisition may have been stopped before its end."
        return replace(stack, notes=(*stack.notes, note))
    return stack


def _read_imagej_description(signal: Any) -> None:
    """Take what ImageJ and we write; RosettaSciIO takes the scale but not 'unit=nm'."""
    description = signal.original_metadata.get_item("ImageDescription")
    if not isinstance(description, str) or not description.startswith("ImageJ="):
        return
    unit = re.search(r"^unit=(.+)$", description, re.MULTILINE)
    for axis in signal.axes_manager._axes[-2:]:
        if unit and not isinstance(axis.units, str):
            axis.units = unit[1].strip().replace("\\u00B5", "µ")
    ours = re.search(rf"^{DESCRIPTION}=(.+)$", description, re.MULTILINE)
    if ours:
        with suppress(ValueError, LookupError, TypeError, AttributeError):
            told = json.loads(ours[1])
            signal.metadata.add_dictionary(told["metadata"])
            signal.metadata.set_item("General.title", told["title"])
            for axis, its in zip(signal.axes_manager._axes, told["axes"], strict=True):
                axis.name = its["name"]


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is damaged, incomplete or no {path.suffix.lower()} file: {why}. "
        f"Received: {path.stat().st_size} bytes."
    )


def _first_line(error: Exception) -> str:
    lines = (line.strip().rstrip(".") for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)[:160]
