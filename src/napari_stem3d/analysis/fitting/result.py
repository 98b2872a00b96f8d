"""The body that explains an image of a particle, and how well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.simulation import Particle

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Alternative:
    """One explanation of an image.

    Attributes
    ----------
    look : Look
        Body and imaging, laid over the image.
    probability : float
        That it is the right one of all that were found.
    """

    look: Look
    probability: float

    @property
    def particle(self) -> Particle:
        """The body."""
        return self.look.what.variable.particle

    @property
    def corners(self) -> int:
        """Number of its deformed corners."""
        return len(self.particle.deformed_corners)


@dataclass(frozen=True)
class Fit:
    """A body fitted to the image of one particle.

    Attributes
    ----------
    label : int
        Of the particle.
    alternatives : tuple of Alternative
        All explanations that were found, the most probable first.
    p_value : float
        Probability that residuals are as structured as these, if the body is the right one: below
        0.01 the fit is better not believed.
    unit : str
        ``"nm"``, or ``"px"`` where the image has no calibration.
    """

    label: int
    alternatives: tuple[Alternative, ...]
    p_value: float
    unit: str = "nm"

    @property
    def look(self) -> Look:
        """The most probable explanation."""
        return self.alternatives[0].look

    @property
    def particle(self) -> Particle:
        """The body that is most probable."""
        return self.alternatives[0].particle

    @property
    def corners(self) -> dict[int, float]:
        """Probabilities of numbers of deformed corners, the most probable first."""
        chances: dict[int, float] = {}
        for own in self.alternatives:
            chances[own.corners] = chances.get(own.corners, 0.0) + own.probability
        return dict(sorted(chances.items(), key=lambda item: -item[1]))

    @property
    def believable(self) -> bool:
        """Whether the residuals look like noise."""
        return self.p_value >= 0.01

    @cached_property
    def sigmas(self) -> dict[str, float]:
        """Standard errors by the names of `Variable.names`.

        Places in the unit of lengths, turns [rad], relative errors of lengths, and of fractions
        that cuts take of edges. They hold around this explanation; see `alternatives`.
        """
        names = self.look.what.variable.names
        return dict(zip(names, np.sqrt(np.diag(self._covariance)).tolist()))

    @cached_property
    def lengths(self) -> dict[str, tuple[float, float]]:
        """Dimensions of the shape and their standard errors."""
        sizes = self.look.what.variable.lengths
        return {name: (size, size * self.sigmas[name]) for name, size in sizes.items()}

    @cached_property
    def volume(self) -> tuple[float, float]:
        """Volume with all cuts and its standard error, from the errors of lengths and cuts."""
        variable = self.look.what.variable
        slopes = np.zeros(len(variable.names))
        own = variable.particle.volume
        for k in range(POSE, len(slopes)):
            step = np.zeros(len(slopes))
            step[k] = _STEP
            slopes[k] = (variable.at(step).volume - own) / _STEP
        return own, float(np.sqrt(slopes @ self._covariance @ slopes))

    @property
    def _covariance(self) -> Array:
        count = len(self.look.what.variable.names)
        return np.linalg.inv(self.look.equations.curvature)[:count, :count]

    @property
    def residual(self) -> Array:
        """Image less what the body explains, in standard deviations of the noise; (ny, nx)."""
        return -self.look.off


_STEP = 1e-3  # logarithms of lengths and fractions, over which a volume hardly bends
