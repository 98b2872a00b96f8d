"""What a best fit without noise says of the best fits at other doses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from napari_stem3d.analysis.fitting.likelihood import IMAGING, Look
from napari_stem3d.analysis.fitting.variable import POSE

Array = NDArray[np.floating]


class Expected(NamedTuple):
    """What is expected of a fit, without the noise.

    Attributes
    ----------
    misfit : float
        Squared distance of the fit from the image, in standard deviations of the noise.
    evidence : float
        Minus twice the logarithm of its evidence, as `Look.evidence` has it, but for constants
        that all explanations of one image by one shape share.
    freedom : float
        Numbers that the image tells, each of which takes up the noise of one pixel.
    """

    misfit: float
    evidence: float
    freedom: float


@dataclass(frozen=True)
class Fisher:
    """Fisher information of all numbers, those of body and image first, then the lines' shifts.

    Attributes
    ----------
    data : ndarray, shape (K, K)
        Of the image.
    prior : ndarray, shape (K, K)
        Of what was known before.
    off : ndarray, shape (K,)
        How far the numbers lie from what was thought before.
    misfit : float
        Squared distance from the image.
    spread : float
        What else the evidence holds.
    """

    data: Array
    prior: Array
    off: Array
    misfit: float
    spread: float

    @classmethod
    def of(cls, look: Look) -> Fisher:
        """Information at a best fit."""
        what, known, prior = look.what, look.prior, look.before
        by, along = look.slopes
        own = len(by)
        fractions = slice(POSE + len(what.variable.lengths), own - IMAGING)
        off = np.zeros(len(prior))
        off[fractions] = np.log(what.variable.fractions / known.fraction)
        off[own - IMAGING] = np.log(what.probe / known.probe)
        off[own:] = what.shifts
        flat, data = by.reshape(own, -1), np.zeros_like(prior)
        data[:own, :own] = flat @ flat.T
        data[:own, own:] = np.einsum("kij,ij->ki", by, along)
        data[own:, :own] = data[:own, own:].T
        data[own:, own:] = np.diag((along**2).sum(axis=1))
        spread = 2 * len(what.variable.fractions) * np.log(known.fraction_spread)
        return cls(data, prior, off, look.chi2, spread)

    def at(self, factor: float) -> Expected:
        """Expect the best fit at a factor times the dose, where slopes stay as they are.

        At the best fit the image pulls as much as what was known before, so that at a factor a
        the pull ``(1 - a) P off`` is left, which ``(a F + P)⁻¹`` turns into a step.
        """
        pull = self.prior @ self.off
        whole = cho_factor(factor * self.data + self.prior)
        left = (1 - factor) * pull
        step = -cho_solve(whole, left)
        misfit = self.misfit - 2 * pull @ step + step @ self.data @ step
        cost = factor * self.misfit + self.off @ pull + left @ step
        size = 2 * float(np.log(np.diag(whole[0])).sum())
        freedom = float(np.trace(cho_solve(whole, factor * self.data)))
        return Expected(factor * max(misfit, 0.0), float(cost) + size + self.spread, freedom)
