"""Whether a particle moved while its image was scanned, and how: decided by evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.finalists import along_valleys
from napari_stem3d.analysis.fitting.likelihood import IMAGING, Look
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
_IMAGING = ("probe", "gain", "ground")
_DEGREES = np.degrees(1.0)


@dataclass(frozen=True)
class MotionFit:
    """How a particle moved during one scan.

    Attributes
    ----------
    looks : dict of str to MovingLook
        The best explanation under each of the `HYPOTHESES`.
    prior : dict of str to float
        How likely each was before.
    """

    looks: dict[str, MovingLook]
    prior: dict[str, float]

    @property
    def look(self) -> MovingLook:
        """The body that may drift and turn."""
        return self.looks["both"]

    @property
    def rates(self) -> Array:
        """Drift along y and x [nm per scan], and spin about x, y and z [rad per scan].

        The drift is that of a particle that drifts, whether it turns or not, and the spin that of
        one that turns, whether it drifts or not: means over the hypotheses, shape (5,). A
        projection along z is that of the mirror image as well: the spins about x and y may both
        have the other sign, with the pose mirrored in z.
        """
        return self._moments[0]

    @property
    def sigmas(self) -> Array:
        """Standard deviations of the rates, shape (5,)."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        """Means and standard deviations over the hypotheses under which a rate is free."""
        means, spreads = np.zeros((2, len(RATES)))
        alone = (("drifts", DRIFT), ("turns", SPIN))
        for name, own in alone:
            both = self.looks[name].evidence - self.looks["both"].evidence
            odds = (
                self.prior["both"]
                / max(self.prior[name], 1e-9)
                * math.exp(np.clip(both / 2, -50, 50))
            )
            weights = np.array([1, odds]) / (1 + odds)
            means_, variances = (
                np.stack(k) for k in zip(*(_moments(self.looks[n], own) for n in (name, "both")))
            )
            means[list(own)] = weights @ means_
            spreads[list(own)] = np.sqrt(weights @ (variances + (means_ - weights @ means_) ** 2))
        return means, spreads

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Probability of each hypothesis, the image seen."""
        logs = {k: math.log(p) - self.looks[k].evidence / 2 for k, p in self.prior.items() if p}
        most = max(logs.values())
        weights = {name: math.exp(log - most) for name, log in logs.items()}
        return {name: weights.get(name, 0.0) / sum(weights.values()) for name in self.prior}

    @property
    def moved_probability(self) -> float:
        """Probability that it moved at all."""
        return 1 - self.probabilities["still"]

    @property
    def turned_probability(self) -> float:
        """Probability that it turned, whether it drifted or not."""
        return self.probabilities["turns"] + self.probabilities["both"]

    @property
    def drifted_probability(self) -> float:
        """Probability that it drifted, whether it turned or not."""
        return self.probabilities["drifts"] + self.probabilities["both"]

    def table(self) -> pd.DataFrame:
        """Tell what the image says of each rate, and what it is mistaken for.

        Returns
        -------
        pandas.DataFrame
            One row per rate: ``value`` and ``sigma`` [nm or rad per scan]; ``known_body``, the
            standard deviation if body and imaging were known and only the lines of the scan were
            not; ``told``, 1 minus the ratio of the variances after and before the image: 0 where
            it says nothing; and the number of body or imaging that is ``like`` it, with their
            ``correlation`` after the image.
        """
        prior = self.look.motion
        spreads = np.array([prior.drift] * len(DRIFT) + [prior.spin] * len(SPIN))
        sigmas = np.sqrt(np.diag(self._covariance))
        alike = (self._covariance / sigmas / sigmas[:, None])[self._own].copy()
        alike[:, self._own] = 0
        most = np.abs(alike).argmax(axis=1)
        names = (*self.look.moving.names, *_IMAGING)
        curvature = np.diag(self.look.equations.curvature)[self._own]
        columns = {
            "value": self.rates,
            "sigma": self.sigmas,
            "known_body": 1 / np.sqrt(curvature),
            "told": (1 - (self.sigmas / spreads) ** 2).clip(0, 1),
            "like": [names[k] for k in most],
            "correlation": np.take_along_axis(alike, most[:, None], axis=1)[:, 0],
        }
        return pd.DataFrame(columns, index=pd.Index(RATES, name="rate"))

    def columns(self, frame_time: float | None = None, unit: str = "nm") -> dict[str, float]:
        """Make the columns that a table of particles gains.

        Parameters
        ----------
        frame_time : float, optional
            Time of a scan [s], that is rows times (columns times dwell plus fly-back); with it the
            rates are told per second as well.
        unit : str
            Of lengths: ``"px"`` if the image has no calibration.

        Returns
        -------
        dict
            ``moved_probability``, ``turned_probability``, ``drifted_probability``; per scan
            ``drift_y_nm``, ``drift_x_nm``, ``spin_x_deg``, ``spin_y_deg``, ``spin_z_deg``; with
            `frame_time` the same names that end in ``_s``. Each rate is followed by its
            ``_sigma`` and, per scan, by ``_told`` (see `table`).
        """
        named: dict[str, float] = {
            "moved_probability": self.moved_probability,
            "turned_probability": self.turned_probability,
            "drifted_probability": self.drifted_probability,
        }
        for rate, row in self.table().iterrows():
            is_drift = str(rate).startswith("drift")
            name = str(rate).replace(" ", "_") + (f"_{unit}" if is_drift else "_deg")
            scale = 1.0 if is_drift else _DEGREES
            named[name] = scale * float(row["value"])
            named[name + "_sigma"] = scale * float(row["sigma"])
            named[name + "_told"] = float(row["told"])
            if frame_time:
                named[name + "_s"] = named[name] / frame_time
                named[name + "_s_sigma"] = named[name + "_sigma"] / frame_time
        return named

    @property
    def _own(self) -> slice:
        """Where the rates are among all numbers."""
        return slice(-IMAGING - len(RATES), -IMAGING)

    @cached_property
    def _covariance(self) -> Array:
        return np.linalg.inv(self.look.equations.curvature)


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


def _moments(look: MovingLook, own: tuple[int, ...]) -> tuple[Array, Array]:
    """Means and variances of some rates under one hypothesis."""
    variances = np.diag(np.linalg.inv(look.equations.curvature))[-IMAGING - len(look.moving.free) :]
    places = [look.moving.free.index(rate) for rate in own]
    return look.moving.rates[list(own)], variances[places]


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
        _check_pair(f"size {name}", size)
    if prior.gain is not None:
        _check_pair("gain", prior.gain)


def _check_pair(name: str, pair: tuple[float, float]) -> None:
    if np.shape(pair) != (2,) or not (np.isfinite(pair).all() and min(pair) > 0):
        raise InputError(
            f"{name} of a motion's prior must be a positive value and its standard deviation. "
            f"Received: {pair!r}"
        )
