"""Refinement of an explanation by Levenberg's and Marquardt's method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.likelihood import IMAGING, Explanation, Look, Prior
from napari_stem3d.analysis.fitting.lines import likely_kick
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import Variable

Array = NDArray[np.floating]
_TRIES = 6  # steps, each shorter than the last, before a point counts as the best
_SETTLED = 30.0  # gain below which the kicks of the lines may be learnt
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


def refine(look: Look, steps: int = 25, enough: float = 0.05, learn: bool = True) -> Look:
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
    damping = 1e-3
    for _ in range(steps):
        equations, longest = look.equations, _longest(look)
        for _ in range(_TRIES):
            step = equations.step(damping).clip(-longest, longest)
            shifts = equations.shifted(step).clip(-_LINE, _LINE)
            try:
                trial = replace(look, what=_moved(look.what, step, shifts))
            except InputError:  # no shape has such dimensions
                trial = look
            if trial.cost < look.cost:
                break
            damping = max(damping * 8, 1e-5)
        else:
            return look
        gain, damping = look.cost - trial.cost, damping / 6
        look = trial
        if learn and gain < _SETTLED:
            learn = False
            kick = likely_kick(look.what.shifts, equations.lines)
            look = replace(look, what=replace(look.what, kick=kick))
        elif gain < enough:
            return look
    return look


def _moved(what: Explanation, step: Array, shifts: Array) -> Explanation:
    wider, gain, ground = step[-IMAGING:].tolist()
    return replace(
        what,
        variable=what.variable.moved(step[:-IMAGING]),
        probe=float(np.clip(what.probe * np.exp(wider), _SHARPEST, _WIDEST)),
        gain=what.gain + gain,
        ground=what.ground + ground,
        shifts=what.shifts + shifts,
    )


def _longest(look: Look) -> Array:
    """Longest step (K,) of each number."""
    variable, (dy, dx) = look.what.variable, look.patch.pixel
    return np.concatenate(
        [
            [_SHIFT * dy, _SHIFT * dx],
            np.full(3, _TURN),
            np.full(len(variable.lengths), _LENGTH),
            np.full(len(variable.fractions), _FRACTION),
            [_PROBE, np.inf, np.inf],
        ]
    )
