"""How a particle moved during one scan, how sure that is, and what hides it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from napari_stem3d.analysis.fitting.likelihood import IMAGING
from napari_stem3d.analysis.fitting.moving import DRIFT, RATES, SPIN, MovingLook

Array = NDArray[np.floating]
_IMAGING = ("probe", "gain", "ground")
_DEGREES = np.degrees(1.0)
_NEVER = 1e-300  # probability of what is said to be impossible


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
        means, variances = np.zeros((2, len(RATES)))
        for names, free in ((("drifts", "both"), DRIFT), (("turns", "both"), SPIN)):
            own = list(free)
            each, spreads = np.stack([_moments(self.looks[name], free) for name in names], axis=1)
            weights = self._weights(names)
            means[own] = weights @ each
            variances[own] = weights @ (spreads + (each - means[own]) ** 2)
        return means, np.sqrt(variances)

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Probability of each hypothesis, the image seen."""
        return dict(zip(self.prior, self._weights(tuple(self.prior)).tolist()))

    def _weights(self, names: tuple[str, ...]) -> Array:
        """How probable some hypotheses are, if it is one of them."""
        before = np.array([max(self.prior[name], _NEVER) for name in names])
        return softmax(np.log(before) - [self.looks[name].evidence / 2 for name in names])

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


def _moments(look: MovingLook, own: tuple[int, ...]) -> tuple[Array, Array]:
    """Means and variances of some rates under one hypothesis."""
    variances = np.diag(np.linalg.inv(look.equations.curvature))[-IMAGING - len(look.moving.free) :]
    places = [look.moving.free.index(rate) for rate in own]
    return look.moving.rates[list(own)], variances[places]
