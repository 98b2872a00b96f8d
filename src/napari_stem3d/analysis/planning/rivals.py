"""A particle with one number of cut corners, and the nearest explanations with the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import comb, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.analysis.planning.fisher import Fisher
from napari_stem3d.analysis.planning.question import Question
from napari_stem3d.analysis.planning.sight import Sight
from napari_stem3d.simulation import CutCorners, Particle

Array = NDArray[np.floating]
_PRECISE = 0.02  # gain of a step after which a fit without noise ends


@dataclass(frozen=True)
class Rivals:
    """How far the other number's explanations lie from the truth.

    Attributes
    ----------
    truth : Fisher
        Best fit of the truth to its own image.
    others : tuple of Fisher
        Best fits with the other number of corners.
    alike : ndarray, shape (R, R)
        Correlations of what each of them misses in the image.
    odds : float
        Logarithm of how likely each of them is beforehand, over the truth.
    """

    truth: Fisher
    others: tuple[Fisher, ...]
    alike: Array
    odds: float

    def scores(self, factor: float, normals: Array) -> Array:
        """Logarithms of the evidence of the other number over the truth's.

        Parameters
        ----------
        factor : float
            Of the dose.
        normals : ndarray, shape (n, R)
            Standard normal numbers, which stand for the noise of n images.

        Returns
        -------
        ndarray, shape (n,)
            Negative where the right number wins.
        """
        truth = self.truth.at(factor)
        told = [other.at(factor) for other in self.others]
        means = [
            (truth.evidence - t.evidence + t.freedom - truth.freedom) / 2 + self.odds for t in told
        ]
        sizes = np.sqrt([t.misfit for t in told])
        values, ways = np.linalg.eigh(self.alike)
        noise = normals @ (ways * np.sqrt(values.clip(0))).T * sizes
        return np.asarray(logsumexp(np.array(means) + noise, axis=1))


def rivals(particle: Particle, sight: Sight, electrons: float) -> Rivals:
    """Find the nearest explanations with the other number of corners, without noise.

    Parameters
    ----------
    particle : Particle
        The truth.
    sight : Sight
        How it is seen.
    electrons : float
        Electrons per pixel.
    """
    best = refine(sight.look(particle, electrons), enough=_PRECISE, learn=False)
    starts = other_starts(best, sight.question)
    found = [refine(start, enough=_PRECISE, learn=False) for start in starts]
    missed = np.array([(other.off - best.off).ravel() for other in found])
    products = missed @ missed.T
    sizes = np.sqrt(np.diag(products)).clip(1e-12)
    odds = set_odds(particle, sight.question)
    alike = products / sizes / sizes[:, None]
    return Rivals(Fisher.of(best), tuple(map(Fisher.of, found)), alike, odds)


def set_odds(particle: Particle, question: Question) -> float:
    """Logarithm of how likely one set of the other number is beforehand, over the truth's."""
    own = len(particle.deformed_corners)
    other = question.few + question.many - own
    return log(comb(question.places, own) / comb(question.places, other))


def other_starts(look: Look, question: Question) -> Iterator[Look]:
    """Explanations with one cut less, or with one more, from which their fits begin."""
    variable = look.what.variable
    cuts = variable.cuts
    own = cuts.corners if cuts else ()
    if len(own) == question.many:
        others = [variable.without(corner) for corner in own]
    else:
        free = [k for k in range(question.places) if k not in own]
        others = [_with(variable, corner, question) for corner in free]
    for other in others:
        yield replace(look, what=replace(look.what, variable=other))


def _with(variable: Variable, corner: int, question: Question) -> Variable:
    """Return the variable with one more cut of the usual depth."""
    cuts, particle = variable.cuts, variable.particle
    corners, fractions = (cuts.corners, cuts.fractions) if cuts else ((), ())
    more = CutCorners((*corners, corner), (*fractions, question.cut(corner)))
    rest = tuple(d for d in particle.deformations if d is not cuts)
    return Variable(replace(particle, deformations=(*rest, more)))
