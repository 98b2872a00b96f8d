"""Answers beside the truth: how often they are right, by how much they miss, how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d.networks.evaluation import Proportion, calibration, proportion
from napari_stem3d.tasks.questions import QUESTIONS, Question

NOTHING = "nothing found"
_SAME_BODY = 0.9  # intersection over union from which on a mask shows the whole body


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What was told of many objects.

    Attributes
    ----------
    task : str
        One of `QUESTIONS`.
    truth : ndarray of int, shape (n,)
        The right class of each object.
    probabilities : ndarray, shape (n, classes)
        What was told of each; zeros where nothing was found in its image.
    overlap : ndarray, shape (n,)
        Intersection over union of what was found and the body; 0 where nothing was.
    """

    task: str
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    overlap: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Verdicts]) -> Self:
        """Verdicts on all objects of several parts, of one task."""
        arrays = ("truth", "probabilities", "overlap")
        return cls(
            parts[0].task, *(np.concatenate([getattr(p, name) for p in parts]) for name in arrays)
        )

    @property
    def question(self) -> Question:
        """What was asked."""
        return QUESTIONS[self.task]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether anything was found in each image."""
        return np.asarray(self.probabilities.any(axis=1))

    @property
    def told(self) -> NDArray[np.int64]:
        """Class told of each object, -1 where nothing was found."""
        return np.where(self.found, self.question.told(self.probabilities), -1)

    @property
    def accuracy(self) -> Proportion:
        """Share of right answers; where nothing was found the answer is wrong."""
        return proportion(int(np.sum(self.told == self.truth)), len(self.truth))

    def figures(self) -> dict[str, float]:
        """Figures of one row, shares in percent.

        Returns
        -------
        dict
            ``accuracy`` with the ends ``low`` and ``high`` of its Wilson 95 % interval;
            ``baseline``, the accuracy of blind guessing; ``balanced``, the mean accuracy over
            the true classes; ``within_one`` and ``mae``, the share that is off by one at most and
            the mean distance, of numbers alone (NaN otherwise; what is not found is not counted);
            ``ece``, the expected calibration error; and where the errors come from: ``not_found``
            nothing was, ``wrong_mask`` what was found is not the whole body alone (intersection
            over union below 0.9), ``wrong_class`` the rest.
        """
        told, right = self.told, self.told == self.truth
        clear = self.overlap >= _SAME_BODY
        recalls = [right[self.truth == k].mean() for k in np.unique(self.truth)]
        misses = np.abs(told - self.truth)[self.found]
        ordered = self.question.ordered and misses.size > 0
        shares = dict(zip(("accuracy", "low", "high"), self.accuracy)) | {
            "baseline": 1 / self.question.answers,
            "balanced": float(np.mean(recalls)),
            "within_one": float(np.mean(misses <= 1)) if ordered else float("nan"),
            "ece": calibration(*self._sureness())[1],
            "not_found": float(np.mean(~self.found)),
            "wrong_mask": float(np.mean(self.found & ~right & ~clear)),
            "wrong_class": float(np.mean(self.found & ~right & clear)),
        }
        figures = {name: round(100 * value, 2) for name, value in shares.items()}
        return figures | {"mae": round(float(misses.mean()), 4) if ordered else float("nan")}

    def confusion(self) -> pd.DataFrame:
        """Objects by what they are (rows) and by what was told of them (columns)."""
        names = [*self.question.classes, NOTHING]
        counts = np.zeros((len(names), len(names)), int)
        np.add.at(counts, (self.truth, self.told), 1)
        table = pd.DataFrame(counts, names, names).drop(index=NOTHING)
        table = table[table.any(axis=1)]
        return table.loc[:, [n for n in names if table[n].any() or n in table.index]]

    def calibration(self) -> pd.DataFrame:
        """Accuracy by how sure the answer was, see `networks.evaluation.calibration`."""
        return calibration(*self._sureness())[0]

    def _sureness(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Probability of what was told, and whether it is right, of the objects found."""
        found = np.flatnonzero(self.found)
        told = self.told[found]
        return self.probabilities[found, told], told == self.truth[found]
