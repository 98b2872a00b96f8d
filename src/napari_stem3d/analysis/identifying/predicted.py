"""Images that hypotheses about a body predict at a tilt, in units of their noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.patch import Noise
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.identifying.renaming import mirrored
from napari_stem3d.analysis.identifying.views import Joint, dimensions, resized, unposed
from napari_stem3d.simulation import Grid, Particle, project
from napari_stem3d.simulation.compute import blur

Array = NDArray[np.floating]
_STEP = 0.005  # radians, or logarithm of a dimension: of differences
_PLACE, _GAIN, _GROUND = 1.0, 0.1, 0.1  # unknown of a new image: nm, and parts of its signal
_MARGIN = 4  # pixels around the body


@dataclass(frozen=True)
class Imaging:
    """How images are taken, before and after.

    Attributes
    ----------
    sampling : tuple of float
        Size of a pixel (dy, dx) [nm].
    gain, ground : float
        Grey values per nm of thickness, and behind no thickness.
    noise : Noise
        How its variance grows with grey values.
    probe : float
        Standard deviation of the probe [sides of a square pixel as large].
    """

    sampling: tuple[float, float]
    gain: float
    ground: float
    noise: Noise
    probe: float = 1.0

    @classmethod
    def of(cls, look: Look) -> Imaging:
        """Return how the image of a fit was taken, with the noise that its variances tell."""
        known = look.patch.known
        levels, variances = look.model[known], look.patch.variance[known]
        slope, floor = np.polyfit(levels, variances, 1) if np.ptp(levels) else (0.0, variances[0])
        noise = Noise(float(slope), float(floor), float(variances.min()))
        what = look.what
        return cls(look.patch.pixel, what.gain, what.ground, noise, what.probe)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A body that may be the right one.

    Attributes
    ----------
    particle : Particle
        In its pose at the present tilt.
    probability : float
        That it is the right one.
    covariance : ndarray, shape (3 + d, 3 + d)
        Of a turn about x, y, z [rad] and of the logarithms of its dimensions; empty where pose and
        dimensions are known.
    """

    particle: Particle
    probability: float
    covariance: Array = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def both(cls, particle: Particle, covariance: Array) -> list[Hypothesis]:
        """Return a body and its mirror image, each as likely: what one projection leaves."""
        return cls(particle, 1.0, covariance).split()

    def split(self) -> list[Hypothesis]:
        """Return the hypothesis and its mirror image, with half the probability each."""
        half, own = self.probability / 2, self.covariance
        signs = np.ones(len(own))
        signs[:2] = -1  # in the mirror at the image plane, turns about x and y change their signs
        other = Hypothesis(mirrored(self.particle), half, own * np.outer(signs, signs))
        return [Hypothesis(self.particle, half, own), other]

    @classmethod
    def of(cls, look: Look, probability: float = 1.0) -> Hypothesis:
        """Return a fit as a hypothesis, with the uncertainty of its turns and lengths."""
        count = POSE + len(look.what.variable.lengths)
        inverse = np.linalg.pinv(look.equations.curvature, hermitian=True)
        return cls(look.what.variable.particle, probability, inverse[2:count, 2:count])

    @classmethod
    def of_joint(cls, joint: Joint, view: int = 0, probability: float = 1.0) -> Hypothesis:
        """Return an explanation of several images as a hypothesis, in its pose in one of them."""
        turn = joint.views[view].turn
        particle = joint.particle.posed((0.0, 0.0), turn * joint.particle.rotation)
        return cls(particle, probability, joint.covariance_at(turn))


class Predicted(NamedTuple):
    """What one hypothesis predicts of an image.

    Attributes
    ----------
    image : ndarray, shape (n,)
        Grey values.
    slopes : ndarray, shape (n, 3 + d + 4)
        Their change with what is uncertain, per standard deviation of each: body, then place, gain
        and ground.
    body : int
        How many of the columns belong to the body.
    """

    image: Array
    slopes: Array
    body: int


def predict(hypothesis: Hypothesis, turn: Rotation, imaging: Imaging, side: int) -> Predicted:
    """Predict the image after a turn of the stage, on side x side pixels about the body."""
    own = hypothesis.particle
    particle = own.posed((0.0, 0.0), turn * own.rotation)
    start = _seen(particle, imaging, side)
    names = dimensions(own.shape)[: max(len(hypothesis.covariance) - 3, 0)]
    count = 3 + len(names) if len(hypothesis.covariance) else 0
    columns = []
    if count:
        by = []
        for axis in np.eye(3):
            # A turn of the specimen as it lies now, before the stage turns on.
            turned = turn * Rotation.from_rotvec(_STEP * axis) * own.rotation
            by.append((_seen(own.posed((0.0, 0.0), turned), imaging, side) - start) / _STEP)
        for name in names:
            shape = resized(own.shape, {name: float(np.exp(_STEP))})
            bare = unposed(shape, tuple(own.deformations))
            other = bare.posed((0.0, 0.0), particle.rotation)
            by.append((_seen(other, imaging, side) - start) / _STEP)
        columns = list(
            np.tensordot(_root(hypothesis.covariance[:count, :count]), np.stack(by), (0, 0))
        )
    dy, dx = imaging.sampling
    columns += [_PLACE * np.gradient(start, step, axis=k) for k, step in enumerate((dy, dx))]
    columns += [_GAIN * start, np.full_like(start, _GROUND * start.max())]
    slopes = np.stack([column.ravel() for column in columns], axis=1)
    return Predicted(start.ravel() + imaging.ground, slopes, count)


def side_for(hypotheses: list[Hypothesis], imaging: Imaging) -> int:
    """Pixels along the side of a square that holds every body at any tilt."""
    radius = max(hypothesis.particle.body.radius for hypothesis in hypotheses)
    return int(np.ceil(2 * radius / min(imaging.sampling))) + 2 * _MARGIN


def _seen(particle: Particle, imaging: Imaging, side: int) -> Array:
    """Signal of a body in the middle of the image."""
    grid = Grid((side, side), imaging.sampling)
    thickness = project(particle.posed(grid.centre), grid)
    sigma = imaging.probe * np.sqrt(imaging.sampling[0] * imaging.sampling[1])
    dy, dx = imaging.sampling
    return imaging.gain * blur(thickness[None], (sigma / dy, sigma / dx))[0].astype(float)


def _root(covariance: Array) -> Array:
    """Matrix whose product with its transpose is a covariance; its columns are what may vary."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(values.clip(min=0))
