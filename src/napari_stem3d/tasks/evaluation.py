"""Accuracy of the whole chain, from an image to statements, on objects never trained on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.batches import particle_outputs, segment_frames
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.networks import store
from napari_stem3d.networks.prediction import Progress
from napari_stem3d.simulation import Dataset, Sample
from napari_stem3d.tasks.corners128 import DOSES, TASKS, Corners128
from napari_stem3d.tasks.questions import QUESTIONS, Question
from napari_stem3d.tasks.verdicts import Verdicts

COUNT = 2000  # objects of a published figure
SEED = 900_001  # of the published figures; training uses the seeds of recipes.py
CHANGES: dict[str, Callable[[NDArray[np.float32]], NDArray]] = {
    "none": lambda image: image,
    "x0.01": lambda image: image * np.float32(0.01),
    "+500": lambda image: image + np.float32(500),
    "uint16": lambda image: np.clip(np.rint(image), 0, 65_535).astype(np.uint16),
    "uint12": lambda image: _stretched(image, 4095).astype(np.uint16),
    "uint8": lambda image: _stretched(image, 255).astype(np.uint8),
}
_CHUNK = 32  # objects analysed together
_WAITING = 3  # chunks that may lie ready


def evaluate(
    network: str = "particle-classes",
    task: str = "corners",
    dose: str | float = "standard",
    *,
    change: str = "none",
    cuts: str | float = "large",
    blur: float | None = None,
    magnification: int = 1,
    count: int = COUNT,
    seed: int = SEED,
    segmenter: str = "particle-unet",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Accuracy of segmentation and classification together at "corners-128".

    An object counts as right if the largest particle found in its image is called what it is; an
    image in which nothing is found counts as wrong. Where two corners are deformed (``pair-cube``,
    ``pair-box``) only their arrangement is asked for, not their number.

    Parameters
    ----------
    network : str
        Network for classification.
    task, dose, cuts, blur, magnification
        What the objects are and how they are imaged: see `Corners128`.
    change : str
        What is done to the grey values, one of `CHANGES`.
    count : int
        Number of objects, each in one image.
    seed : int
        Seed of the objects.
    segmenter : str
        Network for segmentation.
    progress : callable, optional
        Called with the number of objects done and their total.

    Returns
    -------
    pandas.DataFrame
        One row: the conditions, and the figures of `Verdicts.figures`.

    Raises
    ------
    InputError
        If the conditions are unknown or a network cannot be used.
    """
    scenes = Corners128(task, dose, cuts, blur, magnification)
    verdicts = judge(
        scenes,
        network,
        change=change,
        count=count,
        seed=seed,
        segmenter=segmenter,
        progress=progress,
    )
    return row_of(verdicts, scenes, network, change, seed)


def judge(
    scenes: Corners128,
    network: str = "particle-classes",
    *,
    change: str = "none",
    count: int = COUNT,
    seed: int = SEED,
    segmenter: str = "particle-unet",
    progress: Progress | None = None,
) -> Verdicts:
    """Ask the networks about objects of one task; see `evaluate`.

    Returns
    -------
    Verdicts
        What was told of every object beside what is true.
    """
    if change not in CHANGES:
        raise InputError(f"change must be one of {', '.join(CHANGES)}. Received: {change!r}")
    # Every task has objects of its own: none may lend another its luck.
    objects = Dataset(scenes, count, seed + 10 * TASKS.index(scenes.task))
    question = QUESTIONS[scenes.task]
    store.load(segmenter), store.load(network)  # once, before several threads ask for them

    def look(samples: list[Sample]) -> Verdicts:
        images = [CHANGES[change](sample.image) for sample in samples]
        probabilities, masks = ask(images, question, network, segmenter)
        truth = [question.classes.index(question.truth(s.particles[0])) for s in samples]
        overlap = [_overlap(s.thickness > 0, mask) for s, mask in zip(samples, masks)]
        return Verdicts(scenes.task, np.array(truth), probabilities, np.array(overlap))

    parts = []
    for part in _side_by_side(look, objects):
        parts.append(part)
        if progress:
            progress(sum(len(p.truth) for p in parts), count)
    return Verdicts.joined(parts)


def ask(
    images: Sequence[NDArray],
    question: Question,
    network: str = "particle-classes",
    segmenter: str = "particle-unet",
) -> tuple[NDArray[np.float32], list[NDArray[np.bool_]]]:
    """Find the largest particle in each image, and ask what it is.

    Parameters
    ----------
    images : sequence of ndarray, each of shape (ny, nx)
        Grey values.
    question : Question
        What to ask.
    network, segmenter : str
        Networks for classification and for segmentation.

    Returns
    -------
    probabilities : ndarray, shape (images, classes), float32
        Of the answers; zeros where nothing was found.
    masks : list of ndarray of bool, each of shape (ny, nx)
        Pixels of the particle; none where nothing was found.

    Raises
    ------
    InputError
        If a network cannot be used, or does not tell what is asked for.
    """
    masks = [_largest(labels) for labels in segment_frames(images, segmenter)]
    found = [(checked_frame(image), mask) for image, mask in zip(images, masks) if mask.any()]
    probabilities = np.zeros((len(images), len(question.classes)), np.float32)
    if found:
        outputs = particle_outputs(found, network)
        if question.output not in outputs:
            raise InputError(
                f"The network {network!r} must tell {question.output!r} to answer this question. "
                f"Received: one that tells {', '.join(outputs)}"
            )
        probabilities[[mask.any() for mask in masks]] = question.probabilities(outputs)
    return probabilities, masks


def row_of(
    verdicts: Verdicts, scenes: Corners128, network: str, change: str, seed: int
) -> pd.DataFrame:
    """Table of one row: the conditions and the figures."""
    conditions = {
        "network": network,
        "task": scenes.task,
        "dose": scenes.dose,
        "cuts": scenes.cuts,
        "change": change,
        "magnification": scenes.magnification,
        **({} if scenes.blur is None else {"blur": scenes.blur}),
        "objects": len(verdicts.truth),
        "seed": seed,
    }
    return pd.DataFrame([conditions | verdicts.figures()])


def _side_by_side(look: Callable[[list[Sample]], Verdicts], objects: Dataset) -> Iterator[Verdicts]:
    """Simulate in this thread, and look at what is simulated in two others, in order."""
    waiting: deque[Future[Verdicts]] = deque()
    with ThreadPoolExecutor(2) as pool:
        try:
            for first in range(0, len(objects), _CHUNK):
                waiting.append(pool.submit(look, objects[first : first + _CHUNK]))
                if len(waiting) > _WAITING:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _largest(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of the largest particle; none if there is none."""
    sizes = np.bincount(labels.ravel())
    return labels == 1 + np.argmax(sizes[1:]) if len(sizes) > 1 else np.zeros(labels.shape, bool)


def _overlap(body: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    """Intersection over union of the body and of what was found."""
    shared, all_of_it = int(np.sum(body & mask)), int(np.sum(body | mask))
    return shared / max(1, all_of_it)


def _stretched(image: NDArray[np.float32], highest: int) -> NDArray[np.float32]:
    """Whole numbers from 0 to `highest`, as pictures are exported."""
    low, high = float(image.min()), float(image.max())
    return np.rint((image - low) / max(high - low, 1e-12) * highest)


__all__ = ["CHANGES", "COUNT", "DOSES", "SEED", "TASKS", "ask", "evaluate", "judge", "row_of"]
