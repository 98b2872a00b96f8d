"""How often the right number of corners wins, for doses and numbers of views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from napari_stem3d.analysis.planning.explanations import Explanations

Array = NDArray[np.floating]
IMAGES = 100  # noises that each particle is seen with
#: Factors of the dose between which chances are computed: what is found at one dose tells more of
#: smaller ones, where the fit has more freedom, than of larger ones.
LESS, MORE = 1 / 24, 3.0
_STEPS = 9
_SURE = 1e-4  # a chance is told no closer to 0 or 1


@dataclass(frozen=True)
class Chances:
    """Evidence for the wrong number, of many particles of either number, at several doses.

    Attributes
    ----------
    electrons : ndarray, shape (D,)
        Electrons per pixel, ascending.
    scores : tuple of ndarray, shape (D, P, n)
        For either number of corners, of P particles with n noises each.
    """

    electrons: Array
    scores: tuple[Array, Array]

    @classmethod
    def of(
        cls,
        compared: tuple[Sequence[Explanations], Sequence[Explanations]],
        electrons: float,
        rng: np.random.Generator,
    ) -> Chances:
        """Chances at `LESS` to `MORE` times the dose at which particles were compared.

        Parameters
        ----------
        compared : tuple of sequences of Explanations
            Of particles with either number of corners.
        electrons : float
            Electrons per pixel for which they hold.
        rng : numpy.random.Generator
            Source of the noises.
        """
        factors = np.geomspace(LESS, MORE, _STEPS)
        both = []
        for own in compared:
            noises = [rng.standard_normal((IMAGES, len(one.cuts))) for one in own]
            told = [[one.scores(f, noise) for one, noise in zip(own, noises)] for f in factors]
            both.append(np.array(told))
        return cls(electrons * factors, (both[0], both[1]))

    def right(self, views: int = 1, chosen: tuple[Array, Array] | None = None) -> Array:
        """Probability of the right answer at each dose.

        Parameters
        ----------
        views : int
            Images of one particle in other poses, whose evidence adds up.
        chosen : tuple of ndarray of int, optional
            Which particles to count; all by default.

        Returns
        -------
        ndarray, shape (D,)
            The mean of both numbers of corners.
        """
        rng = np.random.default_rng(0)
        shares = []
        for k, scores in enumerate(self.scores):
            flat = (scores if chosen is None else scores[:, chosen[k]]).reshape(len(scores), -1)
            orders = [np.arange(flat.shape[1])]
            orders += [rng.permutation(flat.shape[1]) for _ in range(views - 1)]
            total = np.sum([flat[:, order] for order in orders], axis=0)
            shares.append((total < 0).mean(axis=1))
        return np.asarray(np.mean(shares, axis=0))

    def at(self, electrons: float, views: int = 1) -> float:
        """Probability of the right answer at some electrons per pixel within those computed."""
        told = np.interp(np.log(electrons), np.log(self.electrons), self._quantiles(views))
        return float(ndtr(told))

    def needed(
        self, probability: float, views: int = 1, chosen: tuple[Array, Array] | None = None
    ) -> float:
        """Electrons per pixel for a probability; 0 or infinite where it lies beyond the doses."""
        off = self._quantiles(views, chosen) - ndtri(probability)
        if off[0] >= 0:
            return 0.0
        if off[-1] < 0:
            return float(np.inf)
        return float(np.exp(np.interp(0.0, off, np.log(self.electrons))))

    def interval(
        self, probability: float, views: int, rng: np.random.Generator, repeats: int = 200
    ) -> tuple[float, float]:
        """95 % interval of `needed`, by drawing the particles again and again."""
        counts = [scores.shape[1] for scores in self.scores]
        found = [
            self.needed(probability, views, tuple(rng.integers(n, size=n) for n in counts))
            for _ in range(repeats)
        ]
        low, high = np.quantile(found, [0.025, 0.975], method="nearest")
        return float(low), float(high)

    def _quantiles(self, views: int, chosen: tuple[Array, Array] | None = None) -> Array:
        """Chances as quantiles of the normal distribution, which are nearly straight; ascending."""
        right = np.maximum.accumulate(self.right(views, chosen))
        return np.asarray(ndtri(right.clip(_SURE, 1 - _SURE)))
