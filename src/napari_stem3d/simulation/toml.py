"""Settings in TOML files: one sentence that names the file for whatever is wrong in it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from napari_stem3d._errors import InputError

T = TypeVar("T")


def read_toml(path: str | Path, build: Callable[[Mapping[str, Any]], T]) -> T:
    """Return what `build` makes of the tables in a file.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML, or `build` refuses what it holds.
    """
    try:
        return build(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}.") from error
    except InputError as error:
        raise InputError(f"In {path}, {error}") from error


def write_toml(path: str | Path, tables: Mapping[str, Any]) -> None:
    """Write tables to a file, complete or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    import tomli_w

    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            beside.write_text(tomli_w.dumps(tables), encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
