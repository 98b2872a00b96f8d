"""Refinement of an explanation by Levenberg's and Marquardt's method."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.descent import descend
from napari_stem3d.analysis.fitting.likelihood import IMAGING, Explanation, Look, Prior
from napari_stem3d.analysis.fitting.lines import likely_kick
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import POSE, Variable

Array = NDArray[np.floating]
Kind = TypeVar("Kind", bound=Look)
_SHARPEST, _WIDEST = 0.3, 4.0  # pixels: probes that are tried
# Longest step: pixels, radians, and logarithms of lengths, fractions and the probe.
_SHIFT, _TURN, _LENGTH, _FRACTION, _PROBE, _LINE = 1.5, 0.25, 0.12, 0.5, 0.3, 0.7


def begin(variable: Variable, patch: Patch, prior: Prior | None = None, kick: float = 0.15) -> Look:
    """Lay a body over an image, with the gain and the ground that suit it best."""
    prior = prior or Prior()
    still = np.zeros(len(patch.y))
    bare = Look(Explanation(variable, prior.probe, 1.0, 0.0, still, kick), patch, prior)
    weight = 1 / np.sqrt(patch.variance)
    design = np.stack([bare.blurred * weight, weight]).reshape(2, -1).T
    gain, ground = np.linalg.lstsq(design, (patch.image * weight).ravel(), rcond=None)[0]
    return Look(replace(bare.what, gain=float(gain), ground=float(ground)), patch, prior)


def refine(look: Kind, steps: int = 25, enough: float = 0.05, learn: bool = True) -> Kind:
    """Lower the cost as far as it goes downhill.

    Parameters
    ----------
    look : Look
        Where to begin.
    steps : int
        Steps at most.
    enough : float
        Gain of a step after which it ends.
    learn : bool
        Whether the size of the kicks of the lines is learnt, once all else has settled.

    Returns
    -------
    Look
        With the lowest cost.
    """
    return descend(look, _stepped, steps, enough, _with_likely_kick if learn else None)


def _stepped(look: Kind, damping: float) -> Kind:
    longest = longest_step(look)
    step = look.equations.step(damping).clip(-longest, longest)
    shifts = look.equations.shifted(step).clip(-_LINE, _LINE)
    try:
        return replace(look, what=moved(look.what, step, shifts))
    except InputError:  # no shape has such dimensions
        return look


def _with_likely_kick(before: Kind, look: Kind) -> Kind:
    """Learn the size of the kicks of the lines, whose shifts the last step has found."""
    kick = likely_kick(look.what.shifts, before.equations.lines)
    return replace(look, what=replace(look.what, kick=kick))


def moved(what: Explanation, step: Array, shifts: Array) -> Explanation:
    """Change all numbers (K,) of an explanation, and the shifts (ny,) of its lines."""
    wider, gain, ground = step[-IMAGING:].tolist()
    return replace(
        what,
        variable=what.variable.moved(step[:-IMAGING]),
        probe=float(np.clip(what.probe * np.exp(wider), _SHARPEST, _WIDEST)),
        gain=what.gain + gain,
        ground=what.ground + ground,
        shifts=what.shifts + shifts,
    )


def longest_step(look: Look) -> Array:
    """Longest step (K,) of each number."""
    variable, (dy, dx) = look.what.variable, look.patch.pixel
    shape = POSE + len(variable.lengths) + len(variable.fractions)
    return np.concatenate(
        [
            [_SHIFT * dy, _SHIFT * dx],
            np.full(3, _TURN),
            np.full(len(variable.lengths), _LENGTH),
            np.full(len(variable.fractions), _FRACTION),
            np.full(len(variable.names) - shape, np.inf),  # whatever else tells of the body
            [_PROBE, np.inf, np.inf],
        ]
    )
