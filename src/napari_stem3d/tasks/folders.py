"""Labelled images on disk: one folder per class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
    """One image to learn from.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        Finite grey values.
    label : int
        Index of its class.
    group : str
        The object that it shows.
    name : str
        What messages call it.
    """

    image: NDArray[np.float32]
    label: int
    group: str
    name: str


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


def files_in(path: Path) -> list[Path]:
    """Image files of a folder and its subfolders by name; tables, notes and hidden files aside."""
    return sorted(
        p
        for p in path.rglob("*")
        if p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
        and p.suffix.lower() not in NOT_IMAGES
    )


@dataclass(frozen=True)
class Folder:
    """Images of a folder with one subfolder per class, read one after the other.

    Iterating gives a `Picture` per frame, in the order of classes, files and frames; of a file that
    holds several images the first.

    Attributes
    ----------
    path : Path
        The folder; its files may be of any format that `load` reads.
    frames_differ : bool
        Whether every frame of a stack shows an object of its own. By default a file shows one
        object, and so do files whose names are the same up to ``_nohash_``.
    """

    path: Path
    frames_differ: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no folder of at least two classes, or a class without images."""
        if not self.path.is_dir():
            raise InputError(
                f"{self.path} must be a folder with one subfolder per class. Received: no folder"
            )
        if len(self.classes) < 2:
            raise InputError(
                f"{self.path} must have one subfolder per class, and at least two of them. "
                f"Received: {', '.join(self.classes) or 'none'}"
            )
        for name in self.classes:
            if not files_in(self.path / name):
                raise InputError(f"{self.path / name} must hold images of a class. Received: none")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the subfolders, in alphabetical order."""
        entries = (p for p in self.path.iterdir() if not p.name.startswith("."))
        return tuple(sorted(p.name for p in entries if p.is_dir()))

    def __len__(self) -> int:
        """Return the number of files, each of which has one image or more."""
        return sum(len(files_in(self.path / name)) for name in self.classes)

    def __iter__(self) -> Iterator[Picture]:
        """Read the images; InputError names a file that is none."""
        for label, name in enumerate(self.classes):
            for file in files_in(self.path / name):
                yield from self._frames(file, label)

    def _frames(self, file: Path, label: int) -> Iterator[Picture]:
        name = file.relative_to(self.path).as_posix()
        shown = _VARIANT.sub("", name.removesuffix(file.suffix))
        for frame, values in enumerate(load(file)[0].frames):
            try:
                image = checked_frame(values)
            except InputError as error:
                raise InputError(f"{file} cannot be used. {error}") from error
            yield Picture(image, label, f"{shown}#{frame}" if self.frames_differ else shown, name)


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
        As for `Folder`.

    Returns
    -------
    Labelled
        Images with their classes.

    Raises
    ------
    InputError
        If the folder or a file cannot be used, or the images differ in size.
    """
    folder = Folder(Path(path).expanduser(), frames_differ)
    pictures = list(folder)
    images = [p.image if side is None else fit_square(p.image, side) for p in pictures]
    for image, picture in zip(images, pictures):
        if image.shape != images[0].shape:
            raise InputError(
                f"All images of {path} must have one size, that of the first, {images[0].shape}. "
                f"Received: {picture.name} with {image.shape}"
            )
    labels = np.array([p.label for p in pictures])
    return Labelled(np.stack(images), labels, folder.classes, [p.group for p in pictures])
