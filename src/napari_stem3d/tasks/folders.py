"""Labelled images on disk: one folder per class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.inputs import fit_square
from napari_stem3d.signals import load

#: What may lie beside images without being one.
NOT_IMAGES = frozenset({".csv", ".json", ".txt", ".toml", ".md", ".log"})
_VARIANT = re.compile(r"_nohash_.*$")  # as TensorFlow's retrain.py marks images of one object


class Picture(NamedTuple):
    """One image of a folder.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values in the units of the file.
    label : int
        Index of its class.
    group : str
        The object that it shows.
    path : Path
        Its file.
    frame : int
        Which frame of the file it is.
    """

    image: NDArray[np.float32]
    label: int
    group: str
    path: Path
    frame: int


class Labelled(NamedTuple):
    """Images of one size with their classes.

    Attributes
    ----------
    images : ndarray, shape (n, ny, nx), float32
        Finite grey values.
    labels : ndarray of int, shape (n,)
        Indices into `classes`.
    classes : tuple of str
        Names of the folders, in alphabetical order.
    groups : list of str
        The object that each image shows: parts of a split must not share any.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    groups: list[str]


def classes_of(path: str | Path) -> tuple[str, ...]:
    """Names of the classes in a folder: its subfolders, in alphabetical order.

    Parameters
    ----------
    path : str or Path
        Folder with one subfolder per class.

    Returns
    -------
    tuple of str
        At least two names.

    Raises
    ------
    InputError
        If it is no such folder.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise InputError(
            f"{path} must be a folder with one subfolder per class. Received: no folder"
        )
    classes = sorted(p.name for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(classes) < 2:
        raise InputError(
            f"{path} must have one subfolder per class, and at least two of them. "
            f"Received: {', '.join(classes) or 'none'}"
        )
    return tuple(classes)


def files_in(path: Path) -> list[Path]:
    """Image files of a folder and its subfolders by name; tables, notes and hidden files aside."""
    return sorted(
        p
        for p in path.rglob("*")
        if p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
        and p.suffix.lower() not in NOT_IMAGES
    )


def walk_folder(path: str | Path, *, frames_differ: bool = False) -> Iterator[Picture]:
    """Read the images of a folder with one subfolder per class, one after the other.

    Parameters
    ----------
    path : str or Path
        Folder with one subfolder per class; the files may be of any format that `load` reads.
    frames_differ : bool
        Whether every frame of a stack shows an object of its own. By default a file shows one
        object, and so do files whose names are the same up to ``_nohash_``.

    Yields
    ------
    Picture
        In the order of classes, files and frames; of a file that holds several images the first.

    Raises
    ------
    InputError
        If there is no such folder, a class has no images, or a file cannot be read.
    """
    root = Path(path).expanduser()
    for label, name in enumerate(classes_of(root)):
        files = files_in(root / name)
        if not files:
            raise InputError(f"{root / name} must hold images of its class. Received: none")
        for file in files:
            stack = load(file)[0]
            relative = file.relative_to(root).with_suffix("")
            shown = _VARIANT.sub("", relative.as_posix())
            for frame, values in enumerate(stack.frames):
                try:
                    image = checked_frame(values)
                except InputError as error:
                    raise InputError(f"{file} cannot be used. {error}") from error
                group = f"{shown}#{frame}" if frames_differ else shown
                yield Picture(image, label, group, file, frame)


def read_folder(
    path: str | Path, *, side: int | None = None, frames_differ: bool = False
) -> Labelled:
    """Read all images of a folder with one subfolder per class.

    Parameters
    ----------
    path : str or Path
        Folder with one subfolder per class.
    side : int, optional
        Sides of the square that every image is fitted into [pixels]; by default the images must
        have one size, and keep it.
    frames_differ : bool
        As for `walk_folder`.

    Returns
    -------
    Labelled
        Images with their classes.

    Raises
    ------
    InputError
        If the folder or a file cannot be used, or the images differ in size.
    """
    pictures = list(walk_folder(path, frames_differ=frames_differ))
    images = [p.image if side is None else fit_square(p.image, side) for p in pictures]
    if sizes := {image.shape for image in images} - {images[0].shape}:
        other = next(p for p in pictures if p.image.shape in sizes)
        raise InputError(
            f"All images of {path} must have one size, that of the first, {images[0].shape}. "
            f"Received: {other.path.name} with {other.image.shape}"
        )
    return Labelled(
        np.stack(images),
        np.array([p.label for p in pictures]),
        classes_of(path),
        [p.group for p in pictures],
    )
