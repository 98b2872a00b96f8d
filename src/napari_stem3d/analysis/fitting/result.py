"""The body that explains an image of a particle, and how well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.simulation import Cuboid, Particle

Array = NDArray[np.floating]
K = TypeVar("K")
_STEP = 1e-3  # logarithms of lengths and fractions, over which a volume hardly bends


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
    window : tuple of slice
        Part of the image that it is fitted to, in pixels.
    unit : str
        ``"nm"``, or ``"px"`` where the image has no calibration.
    """

    label: int
    alternatives: tuple[Alternative, ...]
    p_value: float
    window: tuple[slice, slice]
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
        return _summed((own.corners, own.probability) for own in self.alternatives)

    @property
    def shapes(self) -> dict[str, float]:
        """Probabilities of shapes by their names, the most probable first."""
        chances = ((own.particle.shape.name, own.probability) for own in self.alternatives)
        return _summed(chances)

    @property
    def believable(self) -> bool:
        """Whether the residuals look like noise."""
        return self.p_value >= 0.01

    @cached_property
    def sigmas(self) -> dict[str, float]:
        """Standard errors of the most probable explanation by the names of `Variable.names`.

        Places in the unit of lengths, turns [rad], relative errors of lengths, and of fractions
        that cuts take of edges.
        """
        return _sigmas(self.look)

    @cached_property
    def lengths(self) -> dict[str, tuple[float, float]]:
        """Dimensions of the shape and their standard errors.

        The errors hold how far the dimensions of other explanations lie off, in the measure of
        their probabilities; edges of cuboids are compared in the order of their lengths.
        """
        own = self.look.what.variable.lengths
        exchangeable = isinstance(self.particle.shape, Cuboid)

        def ranked(names: Iterable[str], sizes: Mapping[str, float]) -> list[str]:
            return sorted(names, key=lambda name: sizes[name]) if exchangeable else list(names)

        variances, total = dict.fromkeys(own, 0.0), 0.0
        for other in self.alternatives:
            if type(other.particle.shape) is not type(self.particle.shape):
                continue
            sizes, sigmas = other.look.what.variable.lengths, _sigmas(other.look)
            total += other.probability
            for mine, theirs in zip(ranked(own, own), ranked(sizes, sizes)):
                off = sizes[theirs] - own[mine]
                spread = (sizes[theirs] * sigmas[theirs]) ** 2 + off**2
                variances[mine] += other.probability * spread
        return {name: (size, float(np.sqrt(variances[name] / total))) for name, size in own.items()}

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
        return own, float(np.sqrt(slopes @ self.look.covariance @ slopes))

    @property
    def residual(self) -> Array:
        """Image less what the body explains, in standard deviations of the noise; (ny, nx)."""
        return -self.look.off

    def residual_in(self, shape: tuple[int, ...]) -> Array:
        """Residual at its place in an image of a shape (ny, nx), 0 elsewhere."""
        whole = np.zeros(shape)
        place = whole[self.window]
        factor = -(-place.shape[0] // len(self.residual))  # of particles that were seen coarser
        seen = np.repeat(np.repeat(self.residual, factor, axis=0), factor, axis=1)
        seen = seen[: place.shape[0], : place.shape[1]]
        place[: seen.shape[0], : seen.shape[1]] = seen
        return whole


def _sigmas(look: Look) -> dict[str, float]:
    names = look.what.variable.names
    return dict(zip(names, np.sqrt(np.diag(look.covariance)).tolist()))


def _summed(chances: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Add up probabilities of the same thing; the most probable first."""
    total: dict[K, float] = {}
    for key, chance in chances:
        total[key] = total.get(key, 0.0) + chance
    return dict(sorted(total.items(), key=lambda item: -item[1]))
