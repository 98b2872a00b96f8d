"""Outputs, checked before the work is done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from napari_stem3d._errors import InputError


def check_out(out: Path, endings: tuple[str, ...], option: str = "--out") -> None:
    """Refuse an output that could not be written, before hours are spent on it.

    Parameters
    ----------
    out : Path
        Where the result shall go.
    endings : tuple of str
        The endings that the command can write, such as ``(".tif", ".hspy")``.
    option : str
        The option that tells the path.

    Raises
    ------
    InputError
        If the ending is unknown, or the folder is missing or cannot be written to.
    """
    if out.suffix.lower() not in endings:
        raise InputError(f"{option} must end in {' or '.join(endings)}. Received: {out}")
    if out.is_dir():
        raise InputError(f"{option} must be a file, and {out} is a folder.")
    if not out.parent.is_dir():
        raise InputError(f"The folder of {option} does not exist: {out.parent}")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"The folder of {option} cannot be written to: {out.parent}")


def check_different(outs: Mapping[str, Path]) -> None:
    """Refuse outputs of which one would replace another.

    Parameters
    ----------
    outs : mapping of str to Path
        Where results go, by the option that tells it.

    Raises
    ------
    InputError
        If two of them are one file.
    """
    seen: dict[Path, str] = {}
    for option, out in outs.items():
        other = seen.setdefault(out.resolve(), option)
        if other != option:
            raise InputError(f"{option} and {other} must be different files. Received: {out}")


def unfinished(out: Path) -> Path:
    """Return where an interrupted run leaves what it has finished: beside `out`, by that name."""
    return out.with_name(f"{out.stem}.unfinished{out.suffix}")
