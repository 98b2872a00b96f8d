"""Images to study on: simulated ones, or a folder of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.inputs import whole_image
from napari_stem3d.simulation import Dataset
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.folders import read_folder
from napari_stem3d.tasks.questions import QUESTIONS

# Neither is the seed of a network's training or of an evaluation.
TRAINING_SEED, VALIDATION_SEED = 30_001, 30_002
SIDE = 64  # pixels


@dataclass(frozen=True, eq=False)
class StudyData:
    """Images with their classes, in two parts that share no object.

    Attributes
    ----------
    name : str
        What they are, for tables and plots.
    classes : tuple of str
        Names of the classes.
    images, validation_images : ndarray, shape (n, side, side, 1), float32
        Grey values in 0..1, for training and for validation.
    labels, validation_labels : ndarray of int, shape (n,)
        Indices into `classes`.
    """

    name: str
    classes: tuple[str, ...]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    validation_images: NDArray[np.float32]
    validation_labels: NDArray[np.int64]

    @property
    def baseline(self) -> float:
        """Share of the validation images that the best guess without looking gets right."""
        return float(np.bincount(self.validation_labels).max() / len(self.validation_labels))


def simulated_images(
    task: str = "deformed",
    dose: str = "standard",
    *,
    count: int = 2000,
    validation: int = 1000,
    side: int = SIDE,
) -> StudyData:
    """Images of single objects under the reference conditions "corners-128".

    Parameters
    ----------
    task : str
        What is asked of each object, as `Corners128` lists it.
    dose : str
        ``"clean"``, ``"standard"``, ``"low"`` or ``"very-low"``.
    count, validation : int
        Number of images for training and for validation.
    side : int
        Sides of the images [pixels], to which those of 128 pixels are scaled.

    Returns
    -------
    StudyData
        The same for the same arguments; larger sets begin with the smaller ones.
    """
    draw, question = Corners128(task, dose), QUESTIONS[task]
    parts = []
    for seed, length in ((TRAINING_SEED, count), (VALIDATION_SEED, validation)):
        objects = Dataset(draw, length, seed)
        answers = [question.truth(objects.scene(i).particles[0]) for i in range(length)]
        labels = np.array([question.classes.index(answer) for answer in answers])
        parts += [_views(objects.images(), side), labels]
    return StudyData(f"corners-128, {task}, {dose} dose", question.classes, *parts)


def labelled_images(
    folder: str | Path, *, validation: float = 0.25, side: int = SIDE, seed: int = 0
) -> StudyData:
    """Images of a folder with one subfolder per class.

    Parameters
    ----------
    folder : str or Path
        As `read_folder` takes it; a file is one object, whose images stay on one side.
    validation : float
        Share of the objects of each class that validates, between 0 and 1.
    side : int
        Sides of the square that images are fitted into [pixels].
    seed : int
        Seed of the choice of objects.

    Returns
    -------
    StudyData
        The two parts.

    Raises
    ------
    InputError
        If the folder cannot be read, or a class has fewer than two objects.
    """
    if not 0 < validation < 1:
        raise InputError(f"validation must lie between 0 and 1. Received: {validation!r}")
    read = read_folder(folder, side=side)
    groups, rng = np.array(read.groups), np.random.default_rng(seed)
    held: set[str] = set()
    for k, name in enumerate(read.classes):
        own = np.unique(groups[read.labels == k])
        if len(own) < 2:
            raise InputError(
                f"Each class must have at least two objects, to train on and to validate with. "
                f"Received: {len(own)} in {Path(folder) / name}"
            )
        number = min(max(1, round(validation * len(own))), len(own) - 1)
        held |= set(rng.permutation(own)[:number])
    apart, images = np.isin(groups, list(held)), _views(read.images, side)
    parts = (images[~apart], read.labels[~apart], images[apart], read.labels[apart])
    return StudyData(f"images in {Path(folder).name}", read.classes, *parts)


def _views(images: Sequence[NDArray] | NDArray, side: int) -> NDArray[np.float32]:
    return np.concatenate([whole_image(image, (side, side), 1) for image in images])
