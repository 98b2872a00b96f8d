"""Simulated images by class, under the reference conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from napari_stem3d.simulation import Dataset
from napari_stem3d.tasks.corners128 import SHAPES, Corners128
from napari_stem3d.tasks.folders import Picture
from napari_stem3d.tasks.questions import QUESTIONS

SEED = 600_001  # of images to learn from and, the next one, to test on; of no other training
_BATCH = 128  # scenes imaged at a time
_PLENTY = 1000  # times as many scenes as images: a class is never that rare


@dataclass(frozen=True)
class Simulated:
    """As many images of each class of a task of "corners-128", each of another object.

    Attributes
    ----------
    task : str
        One of those of `Corners128`.
    dose : str
        As for `Corners128`.
    count : int
        Images per class.
    seed : int
        Seed of the objects.
    """

    task: str = "deformed"
    dose: str = "standard"
    count: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse unknown tasks and doses."""
        Corners128(self.task, self.dose)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that occur."""
        return SHAPES if self.task == "shape" else QUESTIONS[self.task].classes

    def __len__(self) -> int:
        """Return the number of images."""
        return self.count * len(self.classes)

    def __iter__(self) -> Iterator[Picture]:
        """Image objects until every class has its number."""
        wanted = dict.fromkeys(range(len(self.classes)), self.count)
        scenes = Dataset(
            Corners128(self.task, self.dose), self.count * len(wanted) * _PLENTY, self.seed
        )
        first = 0
        while any(wanted.values()):
            images = scenes.images(first, first + _BATCH)
            for k, image in enumerate(images, start=first):
                answer = QUESTIONS[self.task].truth(scenes.scene(k).particles[0])
                label = self.classes.index(answer)
                if wanted[label]:
                    wanted[label] -= 1
                    name = f"{self.task}-{self.seed}-{k}"
                    yield Picture(image, label, name, name)
            first += _BATCH
