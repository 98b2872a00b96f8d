"""Whether a particle moved while its image was scanned, and how: decided by evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.finalists import along_valleys
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.motion_fit import MotionFit
from napari_stem3d.analysis.fitting.moving import (
    DRIFT,
    RATES,
    SPIN,
    MotionPrior,
    Moving,
    MovingLook,
)
from napari_stem3d.analysis.fitting.refinement import refine

Array = NDArray[np.floating]
#: What may have happened: nothing, drift alone, rotation alone, or both.
HYPOTHESES = {"still": (), "drifts": DRIFT, "turns": SPIN, "both": DRIFT + SPIN}
_STEPS, _ROUNDS = 30, 4  # of a refinement, and refinements
_ENOUGH, _WORTH = 0.3, 1.0  # evidence and cost by which another of them must be better


def detect_motion(
    look: Look,
    height: float,
    prior: MotionPrior | None = None,
    *,
    drifts: float = 0.5,
    turns: float = 0.5,
) -> MotionFit:
    """Explain an image by a body that stands still, drifts, turns, or does both.

    Each explanation is refined from the one that is given, and the evidence (Laplace's
    approximation) of each decides how likely it is. The rows of the scan follow each other at
    equal times.

    Parameters
    ----------
    look : Look
        Fit of the body at rest.
    height : float
        Height of the whole image [nm], its rows times dy, of which the patch may be a part: what
        is scanned in one scan.
    prior : MotionPrior, optional
        How fast particles are that move, and what is known of the body from elsewhere.
    drifts, turns : float
        Probabilities, before the image, that a particle drifts and that it turns; independent of
        each other.

    Returns
    -------
    MotionFit
        Rates with their standard deviations, and probabilities.

    Raises
    ------
    InputError
        If `height` is less than the patch's, a probability does not lie between 0 and 1, or a
        number of the prior is none.
    """
    prior = prior or MotionPrior()
    _check(look, height, prior, {"drifts": drifts, "turns": turns})
    own = look.what.variable.particle
    body = Moving(replace(own, motion=None), middle=own.position[0], height=float(height))
    first = MovingLook(replace(look.what, variable=body), look.patch, look.prior, prior)
    looks = {"still": _lowest(_with(first, ()))}
    looks["turns"] = _lowest(_with(looks["still"], SPIN))
    looks["drifts"] = _settled(_with(looks["still"], DRIFT))
    looks["both"] = _settled(_with(looks["turns"], DRIFT + SPIN))
    for name, free in HYPOTHESES.items():  # what one of them has found may help another
        other = min((looks[k] for k in looks if k != name), key=lambda one: one.cost)
        again = _refined(_with(other, free))
        looks[name] = min(looks[name], again, key=lambda one: one.evidence)
    chances = {
        "still": (1 - drifts) * (1 - turns),
        "drifts": drifts * (1 - turns),
        "turns": turns * (1 - drifts),
        "both": drifts * turns,
    }
    return MotionFit(looks, chances)


def _with(look: MovingLook, free: tuple[int, ...]) -> MovingLook:
    """Return the same with some rates free, and the others 0."""
    rates = np.zeros(len(RATES))
    rates[list(free)] = look.moving.rates[list(free)]
    body = replace(look.moving, free=free, rates=rates)
    return replace(look, what=replace(look.what, variable=body))


def _refined(look: MovingLook) -> MovingLook:
    try:
        return refine(look, _STEPS)
    except np.linalg.LinAlgError:  # a body that the image tells nothing of any more
        return look


def _settled(look: MovingLook) -> MovingLook:
    """Refine until the kicks of the lines, which each refinement learns once, have settled too."""
    for _ in range(_ROUNDS):
        better = _refined(look)
        if better.evidence > look.evidence - _ENOUGH:
            break
        look = better
    return min(look, better, key=lambda one: one.evidence)


def _lowest(look: MovingLook) -> MovingLook:
    """Settle, and look along the valleys of the cost for a lower place."""
    look = _settled(look)
    other = min(along_valleys(look), key=lambda one: one.cost, default=look)
    if not isinstance(other, MovingLook) or other.cost > look.cost - _WORTH:
        return look
    return min(look, _settled(other), key=lambda one: one.evidence)


def _check(look: Look, height: float, prior: MotionPrior, shares: dict[str, float]) -> None:
    least = float(np.ptp(look.patch.y))
    if not (np.isfinite(height) and height > least):
        raise InputError(
            "height must be that of the whole image in nm, more than the patch's "
            f"{least:.4g}. Received: {height!r}"
        )
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"{name} must be a probability from 0 to 1. Received: {share!r}")
    for name in ("drift", "spin"):
        spread = getattr(prior, name)
        if not (np.isfinite(spread) and spread > 0):
            raise InputError(
                f"{name} of a motion's prior must be a positive standard deviation. "
                f"Received: {spread!r}"
            )
    lengths = look.what.variable.lengths
    for name, size in prior.sizes.items():
        if name not in lengths:
            raise InputError(
                f"sizes of a motion's prior must be named {', '.join(lengths)}. Received: {name!r}"
            )
        if np.shape(size) != (2,) or not (np.isfinite(size).all() and min(size) > 0):
            raise InputError(
                f"size {name} of a motion's prior must be a positive value and its standard "
                f"deviation. Received: {size!r}"
            )
