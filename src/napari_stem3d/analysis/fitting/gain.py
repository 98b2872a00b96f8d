"""One gain for all particles of an image: what one of them hides, the others tell.

Grey values grow with thickness at the same rate wherever the matter is the same. A particle whose
depth no outline tells alone is as deep as that rate says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from napari_stem3d.analysis.fitting.finalists import FAILED
from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.fitting.result import Alternative, Fit

Array = NDArray[np.floating]
_SAME = 0.01  # spread of the logarithms of gains of the same matter: diffraction, a slanted film
_OUTLYING = 3.0  # standard deviations from which on a particle has no say
_ROUNDS = 5  # of weighting
_STEPS = 12  # of a refinement with the common gain


def share_gain(fits: Sequence[Fit]) -> list[Fit]:
    """Fit again, each particle with the gain that the others agree on.

    Parameters
    ----------
    fits : sequence of Fit
        Of particles of one image that are made of the same matter.

    Returns
    -------
    list of Fit
        In the same order; unchanged where no other particle tells a gain.
    """
    gains = np.array([fit.look.what.gain for fit in fits])
    usable = np.array([fit.believable for fit in fits], bool) & (gains > 0)
    logs = np.log(np.where(usable, gains, 1.0))
    variances = np.array([fit.look.gain_error**2 for fit in fits]) + _SAME**2
    shared = []
    for number, fit in enumerate(fits):
        others = usable.copy()
        others[number] = False
        if not others.any():
            shared.append(fit)
            continue
        middle, error = _agreed(logs[others], variances[others])
        shared.append(_again(fit, float(np.exp(middle)), float(np.hypot(error, _SAME))))
    return shared


def _agreed(logs: Array, variances: Array) -> tuple[float, float]:
    """Weighted mean of those that agree, and its standard error."""
    middle = _weighted_median(logs, 1 / variances)
    for _ in range(_ROUNDS):
        near = np.abs(logs - middle) < _OUTLYING * np.sqrt(variances)
        if not near.any():
            break
        middle = float(np.average(logs[near], weights=1 / variances[near]))
    weights = np.where(near, 1 / variances, 0.0)
    return middle, float(np.sqrt(1 / max(weights.sum(), 1 / variances.max())))


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])


def _again(fit: Fit, gain: float, spread: float) -> Fit:
    """Refine all explanations of a fit with a gain that is known so well."""
    found: list[tuple[float, Look]] = []
    for own in fit.alternatives:
        prior = replace(own.look.prior, gain=gain, gain_spread=spread)
        try:
            look = refine(replace(own.look, prior=prior), _STEPS)
        except FAILED:
            continue
        before = -2 * np.log(max(own.probability, 1e-12)) - own.look.evidence
        found.append((look.evidence + before, look))
    if not found:
        return fit
    found.sort(key=lambda one: one[0])
    chances = -np.array([score for score, _ in found]) / 2
    alternatives = (
        Alternative(look, float(np.exp(chance)))
        for chance, (_, look) in zip(chances - logsumexp(chances), found)
    )
    return replace(fit, alternatives=tuple(alternatives), p_value=goodness(found[0][1]))
