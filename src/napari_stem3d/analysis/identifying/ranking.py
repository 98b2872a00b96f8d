"""Which tilt would tell most: candidate stage tilts ranked by expected information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.identifying.poses import Progress
from napari_stem3d.analysis.identifying.predicted import (
    Hypothesis,
    Imaging,
    Predicted,
    predict,
    side_for,
)
from napari_stem3d.analysis.identifying.stage import Tilt
from napari_stem3d.simulation.detectability import THRESHOLD

Array = NDArray[np.floating]
_SAMPLES = 1000  # images imagined for each hypothesis
_ENDLESS = 30.0  # logarithm of a dose beyond all others
_FINEST = 0.01  # bits that are worth a preference


@dataclass(frozen=True)
class Advice:
    """What an image at a tilt is expected to tell.

    Attributes
    ----------
    tilt : Tilt
        Of the stage.
    bits : float
        Expected information about which hypothesis is right: their entropy before the image less
        that after it.
    sharper : float
        Expected information about pose and dimensions [bits], half the logarithm of the
        determinant by which their inverse covariance grows.
    distance : float
        Distance d' of the images of the two likeliest hypotheses, in standard deviations.
    dose : float
        Dose for a d' of 3, in doses of the present image; infinite where none suffices.
    """

    tilt: Tilt
    bits: float
    sharper: float
    distance: float
    dose: float


def candidates(
    alpha: tuple[float, float], beta: tuple[float, float], step: float = 5.0, axis: float = 0.0
) -> list[Tilt]:
    """Tilts within the limits of a holder [degrees], a step apart."""
    for name, (low, high) in (("alpha", alpha), ("beta", beta)):
        if not -180 <= low <= high <= 180:
            raise InputError(
                f"The limits of {name} must be two angles from -180 to 180, the lower first. "
                f"Received: {low:g} and {high:g}"
            )
    if not step > 0:
        raise InputError(f"step must be a positive angle in degrees. Received: {step!r}")
    ranges = [np.arange(np.ceil(a / step), np.floor(b / step) + 1) * step for a, b in (alpha, beta)]
    return [Tilt(float(a), float(b), axis) for a in ranges[0] for b in ranges[1]]


def rank_tilts(
    hypotheses: Sequence[Hypothesis],
    present: Tilt,
    tilts: Sequence[Tilt],
    imaging: Imaging,
    tick: Progress = lambda: None,
) -> list[Advice]:
    """Rank tilts by what one more image there is expected to tell.

    The images that the hypotheses predict are compared in units of noise. What is uncertain of
    each, its pose and dimensions, where the new image lies and how bright it is, adds to the noise
    to first order: a difference that a small turn would make as well tells nothing.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
        Bodies that may be the right ones; their probabilities are made to add up to 1.
    present : Tilt
        At which their poses were told.
    tilts : sequence of Tilt
        That the holder reaches.
    imaging : Imaging
        How images are taken, with the noise of one.
    tick : callable
        Called after each tilt; what it raises ends the work.

    Returns
    -------
    list of Advice
        The most telling tilt first: by `bits`, and where these are equal to 0.01, by `sharper`.
    """
    if not hypotheses or not tilts:
        raise InputError(
            "There must be hypotheses and tilts to rank. "
            f"Received: {len(hypotheses)} and {len(tilts)}"
        )
    chances = np.array([hypothesis.probability for hypothesis in hypotheses], float)
    if not (np.isfinite(chances).all() and (chances >= 0).all() and chances.sum() > 0):
        raise InputError(f"Probabilities must be positive numbers. Received: {chances.tolist()}")
    chances /= chances.sum()
    side, back = side_for(list(hypotheses), imaging), present.rotation.inv()
    found = []
    for tilt in tilts:
        turn = tilt.rotation * back
        seen = [predict(hypothesis, turn, imaging, side) for hypothesis in hypotheses]
        found.append(_advice(tilt, _Space(seen, chances, imaging), chances))
        tick()
    return sorted(found, key=lambda a: (-round(a.bits / _FINEST), -a.sharper))


class _Space:
    """Predictions in units of noise, and products of them in which uncertainty is noise as well."""

    def __init__(self, seen: Sequence[Predicted], chances: Array, imaging: Imaging) -> None:
        mean = sum(chance * one.image for chance, one in zip(chances, seen))
        self.root = 1 / np.sqrt(imaging.noise.variance(np.asarray(mean)))[:, None]
        self.seen = seen
        self.images = (np.stack([one.image for one in seen], axis=1) - mean[:, None]) * self.root
        weighed = [np.sqrt(chance) * one.slopes for chance, one in zip(chances, seen)]
        self.unknown = np.concatenate(weighed, axis=1) * self.root
        self.overlap = self.unknown.T @ self.unknown

    def products(self, dose: float = 1.0) -> Array:
        """Return products of the images (K, K), a (1 + B Bᵀ)⁻¹ b with the unknown B (Woodbury)."""
        return _less(self.images, self.unknown, self.overlap, dose)

    def sharper(self, chances: Array) -> float:
        """Return the expected information about pose and dimensions [bits]."""
        total = 0.0
        for chance, one in zip(chances, self.seen):
            own, rest = np.split(one.slopes * self.root, [one.body], axis=1)
            fisher = _less(own, rest, rest.T @ rest, 1.0)
            total += chance * np.linalg.slogdet(np.eye(one.body) + fisher)[1] / 2 / np.log(2)
        return float(total)


def _less(vectors: Array, unknown: Array, overlap: Array, dose: float) -> Array:
    """Products of vectors less what the unknown takes of them, at a multiple of the dose."""
    across = vectors.T @ unknown
    inner = np.linalg.solve(np.eye(len(overlap)) + dose * overlap, across.T)
    return dose * (vectors.T @ vectors) - dose**2 * across @ inner


def _advice(tilt: Tilt, space: _Space, chances: Array) -> Advice:
    products = space.products()
    first, second = np.argsort(-chances, kind="stable")[:2] if len(chances) > 1 else (0, 0)

    def distance(dose: float) -> float:
        own = products if dose == 1 else space.products(dose)
        square = own[first, first] + own[second, second] - 2 * own[first, second]
        return float(np.sqrt(max(square, 0.0)))

    def short(log_dose: float) -> float:
        return distance(float(np.exp(log_dose))) - THRESHOLD

    enough = np.inf
    if short(_ENDLESS) > 0:
        enough = float(np.exp(brentq(short, -_ENDLESS, _ENDLESS, xtol=1e-3)))
    bits = _information(products, chances)
    return Advice(tilt, bits, space.sharper(chances), distance(1.0), enough)


def _information(products: Array, chances: Array) -> float:
    """Mutual information [bits] of hypotheses and an image, from imagined images.

    The images of K hypotheses lie in K - 1 dimensions, in which noise is normal with variance 1:
    only there do imagined images have to be drawn, the same for every tilt.
    """
    values, vectors = np.linalg.eigh((products + products.T) / 2)
    points = vectors * np.sqrt(values.clip(min=0))
    noise = np.random.default_rng(0).normal(size=(_SAMPLES, len(chances)))
    with np.errstate(divide="ignore"):
        logs = np.log(chances)
    left = 0.0
    for chance, point in zip(chances, points):
        apart = ((point + noise)[:, None] - points) ** 2
        chance_after = logs - apart.sum(axis=2) / 2
        chance_after -= logsumexp(chance_after, axis=1, keepdims=True)
        after = np.exp(chance_after)
        left -= chance * float(np.where(after > 0, after * chance_after, 0.0).sum(axis=1).mean())
    before = -float(np.where(chances > 0, chances * np.where(chances > 0, logs, 0.0), 0.0).sum())
    return max(0.0, (before - left) / np.log(2))
