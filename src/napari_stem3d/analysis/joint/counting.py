"""How many corners of a shared body are cut, by the evidence of all images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from napari_stem3d.analysis.fitting.cuts import leave_out
from napari_stem3d.analysis.joint.bundle import Bundle

Array = NDArray[np.floating]
_HOPELESS = 40.0  # evidence above the least at which to stop
_STEPS, _ENOUGH = 8, 0.3  # of a refinement with one cut less
_RAREST = 1e-4  # probability below which a number counts as excluded by a network
CORNERS = 8  # of a cuboid
_LABELLINGS = 48  # of a box and its mirror image, which all explain projections as well


def fewer_cuts(bundle: Bundle) -> Iterator[Bundle]:
    """Leave cuts of a body that explains several images out; see `cuts.leave_out`."""
    return leave_out(bundle, Bundle.without, lambda one: one.refined(_STEPS, _ENOUGH), _HOPELESS)


@dataclass(frozen=True)
class Counted:
    """Fits with different numbers of cut corners.

    Attributes
    ----------
    bundles : dict of int to Bundle
        The best fit with each number of cuts that is worth a thought.
    evidence : ndarray, shape (9,)
        Logarithm of the evidence of each number; minus infinity where there is no fit.
    told : ndarray, shape (9,)
        How probable each number is otherwise.
    """

    bundles: dict[int, Bundle]
    evidence: Array
    told: Array

    @property
    def log_evidence(self) -> float:
        """Logarithm of the evidence of any number, all as probable beforehand."""
        return float(logsumexp(self.evidence) - np.log(CORNERS + 1))

    @property
    def probabilities(self) -> Array:
        """How probable each number of cut corners is, shape (9,)."""
        return softmax(self.evidence + np.log(self.told))

    @property
    def best(self) -> Bundle:
        """The fit with the most probable number."""
        return self.bundles[int(np.argmax(self.probabilities))]


def counted(bundles: Sequence[Bundle], told: Array) -> Counted:
    """Count the cut corners of a shared body.

    Parameters
    ----------
    bundles : sequence of Bundle
        Fits with more cuts than there may be.
    told : ndarray, shape (n, 9)
        What a network tells of the number from each image alone. As the evidence has seen the
        same images, all of them together count as one.

    Returns
    -------
    Counted
        The best fit with each number of cuts.
    """
    kept: dict[int, Bundle] = {}
    for bundle in bundles:
        for one in fewer_cuts(bundle):
            if one.cut not in kept or one.evidence < kept[one.cut].evidence:
                kept[one.cut] = one
    evidence = np.full(CORNERS + 1, -np.inf)
    for number, one in kept.items():
        evidence[number] = -one.evidence / 2 - np.log(comb(CORNERS, number)) + np.log(_LABELLINGS)
    usual = np.exp(np.log(np.maximum(told, _RAREST)).mean(axis=0))
    return Counted(kept, evidence, usual / usual.sum())
