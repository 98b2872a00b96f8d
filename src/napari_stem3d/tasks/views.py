"""Accuracy from several images of one object in unknown poses, from the images to the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.batches import segment_frames
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.same_object import describe_objects, judge_views, the_object
from napari_stem3d.networks.prediction import Progress
from napari_stem3d.networks.set_views import HEADS, VIEW, split_views
from napari_stem3d.tasks.corners128 import TASKS, Corners128, seen_again
from napari_stem3d.tasks.questions import QUESTIONS
from napari_stem3d.tasks.verdicts import Verdicts

SEED = 940_001  # of the published figures; training uses the seeds of `sets`
VIEWS = (1, 2, 4, 8)


class Seen(NamedTuple):
    """Many objects, each in several images, as the classifier describes them.

    Attributes
    ----------
    task : str
        What is asked of them.
    truth : ndarray of int, shape (objects,)
        The right answer, an index into the classes of the question.
    rows : ndarray, shape (objects, images, 330), float32
        Rows of `pack_views`.
    overlap : ndarray, shape (objects, images)
        Intersection over union of what was found and the body; 0 where nothing was.
    """

    task: str
    truth: NDArray[np.int64]
    rows: NDArray[np.float32]
    overlap: NDArray[np.float64]


def evaluate_views(
    network: str = "same-particle",
    task: str = "corners",
    dose: str | float = "standard",
    *,
    views: Sequence[int] = VIEWS,
    count: int = 500,
    seed: int = SEED,
    classifier: str = "particle-classes",
    segmenter: str = "particle-unet",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Accuracy of segmentation, classification and joint judgement at "corners-128".

    Every object is drawn as `Corners128` does, and imaged in poses that have nothing to do with
    each other, under one microscope. Answers from fewer images are asked of the first ones of
    each object.

    Parameters
    ----------
    network : str
        Network for ground truth.
    task : str
        Any task of `Corners128`.
    dose : str or float
        Dose, as `Corners128` takes it.
    views : sequence of int
        Numbers of images, of which each gives a row.
    count : int
        Number of objects.
    seed : int
        Seed of the objects.
    classifier, segmenter : str
        Networks for classification and segmentation.
    progress : callable, optional
        Called with the number of objects done and their total.

    Returns
    -------
    pandas.DataFrame
        One row for each number of images: conditions; the figures of `Verdicts`; ``naive``, the
        accuracy of the plain product of the images' probabilities; ``one``, how many of the
        sets are told to show one object; and ``two_told``, of how many sets whose last image shows
        another object this is told, NaN for a single image; all in percent.

    Raises
    ------
    InputError
        If the conditions are none, or a network cannot be used.
    """
    if not views or min(views) < 1:
        raise InputError(f"views must be whole numbers from 1 on. Received: {views!r}")
    seen = see(Corners128(task, dose), count, max(views), seed, classifier, segmenter, progress)
    rows = []
    for number in views:
        joint, naive = (judged(seen, number, name) for name in (network, None))
        strangers = seen._replace(rows=seen.rows.copy(), overlap=seen.overlap.copy())
        strangers.rows[:, number - 1] = np.roll(seen.rows[:, number - 1], 1, axis=0)
        strangers.overlap[:, number - 1] = np.roll(seen.overlap[:, number - 1], 1, axis=0)
        one = joint[1][:, 0] >= 0.5
        two = judged(strangers, number, network)[1][:, 0] < 0.5
        rows.append(
            {
                "network": network,
                "task": task,
                "dose": dose,
                "views": number,
                "objects": count,
                "seed": seed,
                **joint[0].figures(),
                "naive": round(100 * naive[0].accuracy.value, 2),
                "one": round(100 * float(one.mean()), 2),
                "two_told": round(100 * float(two.mean()), 2) if number > 1 else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def see(
    task: Corners128,
    count: int,
    images: int,
    seed: int,
    classifier: str,
    segmenter: str,
    progress: Progress | None = None,
) -> Seen:
    """Draw objects, take images of each, find the object in them, and describe it.

    Parameters
    ----------
    task : Corners128
        Draws the objects.
    count, images : int
        Number of objects, and of images of each.
    seed : int
        Seed of the objects.
    classifier, segmenter : str
        Networks for classification and segmentation.
    progress : callable, optional
        Called with the number of objects done and their total.

    Returns
    -------
    Seen
        The objects as they look to the classifier.
    """
    question = QUESTIONS[task.task]
    truth = np.empty(count, np.int64)
    overlap = np.zeros((count, images))

    def found() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        for k in range(count):
            # Every task has objects of its own: none may lend another its luck.
            rng = np.random.default_rng([seed, TASKS.index(task.task), k])
            scene = task(rng)
            truth[k] = question.classes.index(question.truth(scene.particles[0]))
            samples = [scene.image(rng)]
            for _ in range(1, images):
                scene = seen_again(rng, scene)
                samples.append(scene.image(rng))
            frames = [checked_frame(sample.image) for sample in samples]
            for i, labels in enumerate(segment_frames(frames, segmenter)):
                mask, body = the_object(labels), samples[i].labels > 0
                if mask is not None:
                    # Even what has nothing of the body was found.
                    overlap[k, i] = max(np.sum(mask & body) / np.sum(mask | body), 1e-6)
                    yield frames[i], mask
            if progress:
                progress(k + 1, count)

    described = describe_objects(found(), classifier)
    rows = np.zeros((count, images, VIEW), np.float32)
    rows[overlap > 0] = described
    return Seen(task.task, truth, rows, overlap)


def judged(seen: Seen, views: int, network: str | None) -> tuple[Verdicts, NDArray[np.float32]]:
    """Answer from the first images of each object.

    Parameters
    ----------
    seen : Seen
        Objects.
    views : int
        Number of images; those in which nothing was found are left out.
    network : str, optional
        Network for ground truth; without one the probabilities of the images are multiplied.

    Returns
    -------
    Verdicts
        What is told of each object.
    ndarray, shape (objects, 1)
        Probability that the images are of one object; 1 without a network.
    """
    there = seen.overlap[:, :views] > 0
    question = QUESTIONS[seen.task]
    told = np.zeros((len(seen.truth), len(question.classes)), np.float32)
    same = np.ones((len(seen.truth), 1), np.float32)
    for number in np.unique(there.sum(axis=1)):
        own = np.flatnonzero(there.sum(axis=1) == number)
        if not number:
            continue
        rows = seen.rows[own, :views][there[own]].reshape(len(own), number, VIEW)
        outputs = multiplied(rows) if network is None else judge_views(rows, network)
        told[own] = question.probabilities(outputs)
        same[own] = outputs.get("same_object", 1.0)
    overlap = np.where(there, seen.overlap[:, :views], 1).min(axis=1) * there.any(axis=1)
    return Verdicts(seen.task, seen.truth, told, overlap), same


def multiplied(rows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Multiply the probabilities of views (objects, views, 330), and normalise: "naive Bayes"."""
    outputs = {}
    parts = split_views(rows)
    for name in HEADS:
        scores = parts[name].sum(axis=1)
        products = np.exp(scores - scores.max(axis=-1, keepdims=True))
        outputs[name] = products / products.sum(axis=-1, keepdims=True)
    return outputs
