"""Refinement of a body laid over several images, by Levenberg's and Marquardt's method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from napari_stem3d.analysis.fitting.descent import descend
from napari_stem3d.analysis.fitting.lines import likely_kick
from napari_stem3d.analysis.identifying.views import OWN, Joint

Array = NDArray[np.floating]
_TRIES = 5  # steps, each shorter than the last, before a point counts as the best
# Longest step: radians, logarithms of dimensions and of the probe, pixels of place and of lines.
_TURN, _SIZE, _PROBE, _SHIFT, _LINE = 0.2, 0.1, 0.3, 2.0, 0.7


def settle(joint: Joint, steps: int = 15, enough: float = 0.1, learn: bool = True) -> Joint:
    """Lower the cost as far as it goes downhill.

    Parameters
    ----------
    joint : Joint
        Where to begin.
    steps : int
        Steps at most.
    enough : float
        Gain of a step after which it ends.
    learn : bool
        Whether the size of the kicks of the lines is learnt, once all else has settled.

    Returns
    -------
    Joint
        With the lowest cost.
    """
    return descend(joint, _stepped, steps, enough, _with_likely_kick if learn else None, _TRIES)


def _stepped(joint: Joint, damping: float) -> Joint:
    curvature, slope, lines = joint.equations
    longest = _longest(joint)
    damped = curvature + damping * np.diag(np.diag(curvature) + 1e-9)
    step = np.linalg.solve(damped, -slope).clip(-longest, longest)
    shifts = [
        solveh_banded(bands, -pull - cross.T @ step[joint.places(k)]).clip(-_LINE, _LINE)
        for k, (bands, cross, pull) in enumerate(lines)
    ]
    return joint.at(step, shifts)


def _with_likely_kick(before: Joint, joint: Joint) -> Joint:
    """Learn the size of the kicks of the lines, whose shifts the last step has found."""
    lines = before.equations[2]
    kicks = [likely_kick(s.shifts, part[0]) for s, part in zip(joint.shots, lines)]
    return replace(joint, kick=float(np.sqrt(np.mean(np.square(kicks)))))


def _longest(joint: Joint) -> Array:
    """Longest step of each number."""
    sizes = len(joint.free)
    parts = [np.full(3, _TURN), np.full(sizes, _SIZE), np.array([_PROBE])]
    for view in joint.views:
        dy, dx = view.patch.pixel
        parts.append(np.array([_SHIFT * dy, _SHIFT * dx, np.inf, np.inf])[:OWN])
    return np.concatenate(parts)
