"""Explanations of one image that lie in different valleys of the likelihood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.likelihood import Look, Prior
from napari_stem3d.analysis.fitting.noise import learnt_noise
from napari_stem3d.analysis.fitting.patch import Noise, Patch
from napari_stem3d.analysis.fitting.refinement import begin, refine
from napari_stem3d.analysis.fitting.variable import POSE, Variable
from napari_stem3d.simulation import Particle

Array = NDArray[np.floating]
_ROUGH_PROBE = 0.7  # coarse pixels
_STILL = 0.02  # pixels: kicks of the lines of a coarse image
_ROUGH_STEPS, _FINE_STEPS, _VALLEY_STEPS = 12, 12, 15
_ALIKE = 0.002  # part of the range of an image by which two differ at least in the mean
_FAR = 5.0  # standard deviations of a step along a valley
_MOST = 2  # directions in which to look
# Longest step along them: pixels, radians, and logarithms of lengths and of fractions.
_SHIFT, _TURN, _LENGTH, _FRACTION = 3.0, 0.3, 0.4, 1.2
_SAME_COST, _SAME_LENGTH = 0.5, 0.05  # below both of which (the latter relative) two are one
#: What a fit from a hopeless start may end in: no step, or dimensions that no shape has.
FAILED = (np.linalg.LinAlgError, InputError)
_HOPELESS = 60.0  # cost above the least from which on an explanation is dropped


@dataclass(frozen=True)
class Scene:
    """What every start of a fit needs.

    Attributes
    ----------
    patch, rough : Patch
        The image, and a coarser one.
    noise : Noise
        Of the image.
    learn : bool
        Whether the noise is learnt anew from what a first fit leaves of the image.
    prior : Prior
        What is known before.
    """

    patch: Patch
    rough: Patch
    noise: Noise
    learn: bool = True
    prior: Prior = field(default_factory=Prior)

    def roughly(self, starts: Iterable[Particle]) -> list[Look]:
        """Fit the coarse image from each start; the best first, without repetitions."""
        prior = replace(self.prior, probe=_ROUGH_PROBE)
        found = []
        for particle in starts:
            try:
                first = begin(Variable(particle), self.rough, prior, _STILL)
                found.append(refine(first, _ROUGH_STEPS, 1.0, learn=False))
            except FAILED:
                continue
        kept: list[Look] = []
        for look in sorted(found, key=lambda one: one.cost):
            range_ = float(np.ptp(look.model))
            if all(np.abs(look.model - k.model).mean() > _ALIKE * range_ for k in kept):
                kept.append(look)
        return kept

    def finely(self, look: Look) -> Look | None:
        """Fit the image itself from a coarse fit, the second time with the noise that it leaves."""
        try:
            first = refine(begin(look.what.variable, self.patch, self.prior), _FINE_STEPS)
            noise = learnt_noise(first, self.noise) if self.learn else self.noise
            return refine(replace(first, patch=self.patch.weighted(noise, first.model)))
        except FAILED:
            return None


def along_valleys(look: Look) -> Iterator[Look]:
    """Restart a fit far away in the directions that the image tells least about."""
    lengths = len(look.what.variable.lengths)
    body = POSE + lengths
    covariance = look.covariance
    dy, dx = look.patch.pixel
    cuts = len(covariance) - body
    limits = [[_SHIFT * dy, _SHIFT * dx], [_TURN] * 3, [_LENGTH] * lengths, [_FRACTION] * cuts]
    longest = np.concatenate(limits)
    own = longest[:body]
    spreads, ways = np.linalg.eigh(covariance[:body, :body] / own[:, None] / own)
    for way in range(1, _MOST + 1):
        reach = _FAR * np.sqrt(max(spreads[-way], 0))
        wanted = np.linalg.solve(covariance[:body, :body], ways[:, -way] * own * reach)
        step = covariance[:, :body] @ wanted
        step /= max(1.0, np.abs(step / longest).max())
        for sign in (1, -1):
            variable = look.what.variable.moved(sign * step)
            try:
                moved = replace(look, what=replace(look.what, variable=variable))
                yield refine(moved, _VALLEY_STEPS, learn=False)
            except FAILED:
                continue


def distinct(looks: Iterable[Look], most: int) -> list[Look]:
    """Choose the best explanations that differ; the best first, at most so many."""
    kept: list[Look] = []
    for look in sorted(looks, key=lambda one: one.cost):
        if kept and look.cost > kept[0].cost + _HOPELESS:
            break
        if not any(_same(look, other) for other in kept):
            kept.append(look)
    return kept[:most]


def _same(look: Look, other: Look) -> bool:
    if abs(look.cost - other.cost) > _SAME_COST:
        return False
    one, two = (np.sort(list(k.what.variable.lengths.values())) for k in (look, other))
    return len(one) == len(two) and bool(np.allclose(one, two, rtol=_SAME_LENGTH))
