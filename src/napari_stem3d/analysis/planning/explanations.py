"""All sets of corners that may be cut, and what the image of one particle says of each.

Cuts never overlap, so that the image is the sum of what each of them takes away. All else that is
unknown is linearised about the truth and eliminated: the Schur complement of the Fisher information
is left of what tells cuts apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, log

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp

from napari_stem3d.analysis.fitting.likelihood import IMAGING
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.planning.sight import Sight, cut_at
from napari_stem3d.simulation import Particle

Array = NDArray[np.floating]
Corners = tuple[int, ...]
_FAR = 50.0  # squared distance beyond which an explanation does not count
_ALL_SETS, _MOST_SETS = 2000, 200  # sets that are looked at, and that are compared


@dataclass(frozen=True)
class Explanations:
    """Fisher information of one image: of what is unknown anyway, and of cuts.

    Attributes
    ----------
    nuisances : ndarray, shape (K, K)
        Of pose, lengths, probe, gain, ground and shifts of lines.
    before : ndarray, shape (K, K)
        Their inverse covariance before the image.
    cross : ndarray, shape (K, B)
        What couples them to the cuts.
    cuts : ndarray, shape (B, B)
        Of the cuts: first whether each of V corners is cut, then the logarithms of the fractions
        of the edges that each cut takes.
    noise : ndarray, shape (K + B, K + B)
        Covariance of what the image's noise seems to say of all of them.
    disturbed : ndarray, shape (K + B, K + B)
        The same of what scan and film do, which grows with the square of the dose.
    lines : int
        How many of the nuisances, the last of them, are shifts of lines.
    owners : ndarray of int, shape (B - V,)
        The corner that each fraction belongs to.
    off : ndarray, shape (B - V,)
        How far the logarithms lie from those expected.
    spread : float
        Their standard deviation before the image.
    own : tuple of int
        Corners that are cut.
    counts : tuple of int
        Both numbers of cut corners, the true one first.
    """

    nuisances: Array
    before: Array
    cross: Array
    cuts: Array
    noise: Array
    disturbed: Array
    lines: int
    owners: NDArray[np.int_]
    off: Array
    spread: float
    own: Corners
    counts: tuple[int, int]

    @classmethod
    def of(cls, particle: Particle, sight: Sight, electrons: float) -> Explanations:
        """Information in the image of a particle at so many electrons per pixel."""
        question = sight.question
        look = sight.look(particle, electrons)
        own = particle.deformed_corners
        every = tuple(range(question.places))
        bare, full = (cut_at(look, corners, question) for corners in ((), every))
        root = 1 / np.sqrt(look.patch.variance)
        gain = look.what.gain * root
        alone = [gain * (cut_at(look, (c,), question).blurred - bare.blurred) for c in every]
        by, along = look.slopes
        lengths = POSE + len(look.what.variable.lengths)
        told = np.concatenate([np.stack(alone), full.slopes[0][lengths:-IMAGING]])
        maps = np.concatenate([by[:lengths], by[-IMAGING:], told])
        # Noise is the truth's own, which differs from what pixels are thought to have.
        loud = sight.variance(look.model, electrons) / look.patch.variance
        information, noise = (_products(maps, along, weight) for weight in (1.0, loud))
        waves = sight.disturbances(look, electrons) * root
        flat = waves.reshape(len(waves), -1).T
        rows = np.einsum("ij,nij->in", along, waves)
        pulls = np.concatenate([maps.reshape(len(maps), -1) @ flat, rows])
        disturbed = pulls @ pulls.T / len(waves)
        rest = np.ones(len(information), bool)
        rest[lengths + IMAGING : len(maps)] = False
        kept = np.r_[:lengths, len(by) - IMAGING : len(look.before)]
        order = np.argsort(~rest, kind="stable")
        fractions = full.what.variable.fractions
        return cls(
            information[np.ix_(rest, rest)],
            look.before[np.ix_(kept, kept)],
            information[np.ix_(rest, ~rest)],
            information[np.ix_(~rest, ~rest)],
            noise[np.ix_(order, order)],
            disturbed[np.ix_(order, order)],
            len(along),
            np.repeat(every, [len(n) for n in question.shape.neighbours()]),
            np.log(fractions / question.depth),
            question.variation,
            own,
            (len(own), question.few + question.many - len(own)),
        )

    def left(self, factor: float) -> tuple[Array, Array]:
        """Information of the cuts at a factor times the dose, whatever the rest, and its noise.

        With nuisances of information F, known before to P, ``C - A' (F + P)⁻¹ A`` is left of the
        cuts' own information C, A being what couples both. Without a prior, and where pixels weigh
        as their noise has it, that is the covariance of the noise as well.
        """
        share = factor * cho_solve(cho_factor(factor * self.nuisances + self.before), self.cross)
        told = factor * (self.cuts - self.cross.T @ share)
        apart = np.concatenate([-share, np.eye(len(told))])
        seen = factor * self.noise + factor**2 * self.disturbed
        drawn = slice(None, len(self.before) - self.lines)
        noise = apart.T @ seen @ apart + share[drawn].T @ self.before[drawn, drawn] @ share[drawn]
        return told, noise

    def squares(self, sets: Sequence[Corners], factor: float = 1.0) -> Array:
        """Squared distances d'² (S,) of sets of corners from the true one.

        All else that is unknown, how deep the cuts are included, brings the images as near to each
        other as it can.
        """
        told, places = self.left(factor)[0], len(self.cuts) - len(self.off)
        loose = told[places:, places:] + np.eye(len(self.off)) / self.spread**2
        given = np.linalg.solve(loose, told[places:, :places])
        hard = told[:places, :places] - told[:places, places:] @ given
        changes = np.array([self._change(corners, places) for corners in sets])
        return np.asarray(np.einsum("sc,cd,sd->s", changes, hard, changes))

    def near(self, factor: float = 1.0) -> list[Corners]:
        """Find the sets of corners that count at a factor times the dose, the nearest first."""
        places = len(self.cuts) - len(self.off)
        sets = [corners for count in self.counts for corners in self._sets(count, places)]
        squares = self.squares(sets, factor)
        order = np.argsort(squares, kind="stable")[:_MOST_SETS]
        return [sets[k] for k in order if squares[k] < _FAR]

    def scores(self, factor: float, normals: Array) -> Array:
        """Logarithms of the evidence for the other number of cuts over that for the right one.

        Parameters
        ----------
        factor : float
            Of the dose.
        normals : ndarray, shape (n, B)
            Standard normal numbers, which stand for the noise of n images.

        Returns
        -------
        ndarray, shape (n,)
            Negative where the right number wins.
        """
        told, noise = self.left(factor)
        values, ways = np.linalg.eigh(noise)
        seen = normals @ (ways * np.sqrt(values.clip(0))).T
        sums = []
        near, places = self.near(factor), len(self.cuts) - len(self.off)
        for count in self.counts:
            sets = [corners for corners in near if len(corners) == count]
            each = [self._evidence(corners, told, seen) for corners in sets]
            each.append(np.full(len(seen), -_FAR))
            sums.append(logsumexp(each, axis=0) - log(comb(places, count)))
        return np.asarray(sums[1] - sums[0])

    def _sets(self, count: int, places: int) -> Iterable[Corners]:
        """List the sets of so many corners; of very many, those not far from the true one."""
        if comb(places, count) <= _ALL_SETS:
            return combinations(range(places), count)
        rest = [corner for corner in range(places) if corner not in self.own]
        more = count - len(self.own)
        return [
            tuple(sorted((*kept, *new)))
            for swaps in range(max(0, -more), 2)
            for kept in combinations(self.own, len(self.own) - swaps)
            for new in combinations(rest, more + swaps)
        ]

    def _change(self, corners: Corners, count: int) -> Array:
        """Tell what a set does to the true cuts: 1 where it adds one, -1 where one is gone."""
        change = np.zeros(count)
        change[list(corners)] += 1
        change[list(self.own)] -= 1
        return change

    def _evidence(self, corners: Corners, told: Array, seen: Array) -> Array:
        """Logarithm of the evidence for a set, of n images of which (n, B) is seen."""
        places = len(told) - len(self.off)
        change = self._change(corners, len(told))
        free = np.flatnonzero(np.isin(self.owners, corners))
        change[places + free] = -self.off[free]
        fits = seen @ change - change @ told @ change / 2
        if not len(free):
            return np.asarray(fits)
        own = places + free
        part = told[np.ix_(own, own)]
        whole = cho_factor(part + np.eye(len(own)) / self.spread**2)
        rest = (seen - told @ change)[:, own]
        size = 2 * np.log(np.diag(whole[0])).sum() + 2 * len(own) * log(self.spread)
        gain = (rest * cho_solve(whole, rest.T).T).sum(axis=1)
        return np.asarray(fits + gain / 2 - size / 2)


def _products(maps: Array, along: Array, weight: Array | float) -> Array:
    """Products of maps with each other and with the shifts of the lines, which come last."""
    heavy = maps * weight
    flat = heavy.reshape(len(maps), -1) @ maps.reshape(len(maps), -1).T
    lines = np.einsum("kij,ij->ki", heavy, along)
    return np.block([[flat, lines], [lines.T, np.diag((along**2 * weight).sum(axis=1))]])
