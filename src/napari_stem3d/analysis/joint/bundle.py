"""One body in several images: what it costs, and what they tell of it together.

Every image has a pose and an imaging of its own; the lengths and the cuts of the body are shared.
The normal equations are arrow-shaped, so each image's own numbers are eliminated by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.descent import descend
from napari_stem3d.analysis.fitting.likelihood import IMAGING, Beliefs, Look, scaled
from napari_stem3d.analysis.fitting.refinement import longest_step, moved
from napari_stem3d.analysis.fitting.variable import POSE, Variable

Array = NDArray[np.floating]
_LINE = 0.7  # pixels: longest step of the displacement of a line
_LEAST = 1e-9  # information that every number has


class Arrow(NamedTuple):
    """Normal equations of a body in several images, with their own numbers eliminated.

    Attributes
    ----------
    body : ndarray, shape (B, B)
        Inverse covariance of the lengths and the cuts, whatever the poses and the imaging.
    slope : ndarray, shape (B,)
        Half the derivative of the cost.
    own : list of ndarray, shape (8, B + 1)
        For each image the change of its own numbers with those of the body, and alone; negative.
    log_determinant : float
        Of the whole matrix.
    """

    body: Array
    slope: Array
    own: list[Array]
    log_determinant: float


@dataclass(frozen=True)
class Bundle:
    """Looks at several images that share one body.

    Attributes
    ----------
    looks : tuple of Look
        One for each image, with equal shapes and deformations.
    """

    looks: tuple[Look, ...]

    @classmethod
    def of(cls, variable: Variable, looks: Iterable[Look]) -> Self:
        """Let looks share the body of a particle, each in its own pose."""
        return cls(tuple(shown(variable, look) for look in looks))

    @property
    def variable(self) -> Variable:
        """The body, in the pose of the first image."""
        return self.looks[0].what.variable

    @property
    def cut(self) -> int:
        """How many corners are cut."""
        cuts = self.variable.cuts
        return len(cuts.corners) if cuts else 0

    @cached_property
    def cost(self) -> float:
        """Minus twice the logarithm of the posterior, but for constants."""
        repeated = len(self.looks) - 1
        return sum(look.cost for look in self.looks) - repeated * self.beliefs.surprise

    @property
    def chi2(self) -> Array:
        """Sum of the squared residuals over the noise of each image, shape (n,)."""
        return np.array([look.chi2 for look in self.looks])

    @cached_property
    def evidence(self) -> float:
        """Minus twice the logarithm of the evidence, by Laplace's approximation.

        Constants are left out that all explanations of the same images share.
        """
        # What neither the residuals nor the curvature make of each look's own evidence.
        rest = sum(
            look.evidence - look.cost - log_determinant(look.equations.curvature)
            for look in self.looks
        )
        repeated = (len(self.looks) - 1) * np.linalg.slogdet(self.beliefs.precision)[1]
        return self.cost + self.arrow().log_determinant + float(rest + repeated)

    @cached_property
    def covariance(self) -> Array:
        """Covariance (B, B) of the logarithms of lengths and fractions."""
        arrow = self.arrow()
        return np.linalg.inv(arrow.body + _LEAST * np.eye(len(arrow.body)))

    def arrow(self, damping: float = 0.0) -> Arrow:
        """Join the normal equations of all images, damped as Marquardt does."""
        shared, own = self._shared, np.r_[:POSE, self._shared.stop : self._shared.stop + IMAGING]
        # Each look has added what is known of the body before the first of them.
        repeated = len(self.looks) - 1
        body = -repeated * self.beliefs.precision
        slope = -repeated * self.beliefs.pull
        for look in self.looks:
            body += look.equations.curvature[shared, shared]
            slope += look.equations.slope[shared]
        body += np.diag(damping * np.diag(body) + _LEAST)
        solved: list[Array] = []
        determinant = 0.0
        for look in self.looks:
            curvature = look.equations.curvature
            alone, size = scaled(curvature[np.ix_(own, own)])
            alone += damping * np.eye(len(alone))
            coupling = curvature[own, shared]
            right = np.column_stack([coupling, look.equations.slope[own]])
            solved.append(np.linalg.solve(alone, right / size[:, None]) / size[:, None])
            body -= coupling.T @ solved[-1][:, :-1]
            slope -= coupling.T @ solved[-1][:, -1]
            determinant += np.linalg.slogdet(alone)[1] + 2 * np.log(size).sum()
        determinant += np.linalg.slogdet(body)[1]
        return Arrow(body, slope, solved, float(determinant))

    def without(self, corner: int) -> Bundle:
        """Return the same with one cut less."""
        return Bundle.of(self.variable.without(corner), self.looks)

    def completed(self, fraction: float) -> Bundle:
        """Return the same with cuts at all corners, where there were none to a given fraction."""
        return Bundle.of(self.variable.completed(fraction), self.looks)

    def stepped(self, damping: float, rigid: bool = False) -> Bundle:
        """Take one step of least squares, shorter with more damping; a rigid body stays."""
        arrow = self.arrow(damping)
        limit = longest_step(self.looks[0])[self._shared]
        change = np.linalg.solve(arrow.body, -arrow.slope).clip(-limit, limit) * (not rigid)
        looks = []
        for look, solved in zip(self.looks, arrow.own):
            alone = -solved[:, -1] - solved[:, :-1] @ change
            step = np.concatenate([alone[:POSE], change, alone[POSE:]])
            longest = longest_step(look)
            step = step.clip(-longest, longest)
            shifts = look.equations.shifted(step).clip(-_LINE, _LINE)
            looks.append(replace(look, what=moved(look.what, step, shifts)))
        return Bundle(tuple(looks))

    def refined(self, steps: int = 25, enough: float = 0.05, rigid: bool = False) -> Bundle:
        """Lower the cost as far as it goes downhill.

        Parameters
        ----------
        steps : int
            Steps at most.
        enough : float
            Gain of a step after which it ends.
        rigid : bool
            Whether only poses and imaging vary.

        Returns
        -------
        Bundle
            With the lowest cost.
        """
        return descend(self, lambda one, damping: one.stepped(damping, rigid), steps, enough)

    @property
    def _shared(self) -> slice:
        """Which of the numbers of a look tell of the body."""
        return slice(POSE, len(self.variable.names))

    @cached_property
    def beliefs(self) -> Beliefs:
        """What was known of the body before any image; each look holds it as well."""
        own = self.looks[0].beliefs
        told = np.arange(self._shared.stop, self._shared.stop + IMAGING)
        told = told[own.precision[told, told] > 0]
        imaging = (own.pull[told] ** 2 / own.precision[told, told]).sum()
        precision = own.precision[self._shared, self._shared]
        return Beliefs(precision, own.pull[self._shared], own.surprise - float(imaging))


def log_determinant(matrix: Array) -> float:
    """Logarithm of the determinant of an inverse covariance of numbers of any units."""
    alike, size = scaled(matrix)
    return float(np.linalg.slogdet(alike)[1] + 2 * np.log(size).sum())


def shown(variable: Variable, look: Look) -> Look:
    """Show a body in the pose, and as it is imaged, of a look at another one."""
    pose = look.what.variable.particle
    posed = variable.particle.posed(pose.position, pose.rotation)
    return replace(look, what=replace(look.what, variable=replace(variable, particle=posed)))
