"""Images of single bodies whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import Explanation, Look, Prior
from napari_stem3d.analysis.fitting.patch import COUNTS, Patch
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.simulation import Cuboid, CutCorners, Particle, random_rotation

PIXEL = (0.25, 0.2)
Taken = Callable[..., tuple[Look, NDArray[np.bool_]]]


@pytest.fixture(scope="session")
def cuboid() -> Particle:
    """Cuboid with two cut corners in a general pose."""
    cuts = CutCorners((1, 6), ((0.3, 0.4, 0.35), (0.45, 0.3, 0.4)))
    turn = random_rotation(np.random.default_rng(4))
    return Particle(Cuboid(6.0, 7.5, 9.0), (8.0, 8.3), turn, (cuts,))


@pytest.fixture(scope="session")
def taken() -> Taken:
    """Take counted images of particles; gives the true look and the mask of the particle."""

    def take(particle: Particle, gain: float = 60.0, seed: int = 0) -> tuple[Look, NDArray]:
        rng = np.random.default_rng(seed)
        y, x = (np.arange(round(16.6 / d)) * d for d in PIXEL)
        nothing = np.zeros((len(y), len(x)))
        kicks = rng.normal(0, 0.15, len(y))
        shifts = np.zeros(len(y))
        for k in range(1, len(y)):
            shifts[k] = 0.9 * shifts[k - 1] + kicks[k]
        what = Explanation(Variable(particle), 1.1, gain, 200.0, shifts)
        true = Look(what, Patch(nothing, nothing + 1, y, x), Prior(0.28, 0.45))
        image = rng.poisson(true.model).astype(float)
        patch = Patch(image, COUNTS.variance(true.model), y, x)
        return Look(what, patch, true.prior), true.thickness > 0

    return take
