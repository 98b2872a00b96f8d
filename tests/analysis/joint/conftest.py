"""Images of a cuboid with two cut corners in several poses, and fits from near the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.likelihood import Look, Prior
from napari_stem3d.analysis.fitting.patch import COUNTS, Patch, smoothed
from napari_stem3d.analysis.fitting.refinement import begin, refine
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.simulation import Cuboid, CutCorners, Grid, Particle, project_batch

PIXEL, PIXELS, GAIN, GROUND = 0.3, 64, 40.0, 60.0
BODY = Particle(
    Cuboid(7.0, 8.5, 10.5), deformations=(CutCorners((1, 6), ((0.3, 0.35, 0.4), (0.4, 0.3, 0.3))),)
)
PRIOR = Prior(0.28, 0.45, probe=0.5)


def imaged(particle: Particle, seed: int, turn: Rotation | None = None) -> Look:
    """Fit an image of a particle in a random pose, from a body that is a little wrong."""
    rng = np.random.default_rng(seed)
    turn = turn or Rotation.random(random_state=seed)
    middle = PIXEL * PIXELS / 2
    shown = particle.posed((middle, middle), turn)
    thickness = project_batch([shown], Grid((PIXELS, PIXELS), (PIXEL, PIXEL)))[0]
    image = rng.poisson(GAIN * thickness + GROUND).astype(float)
    places = np.arange(PIXELS) * PIXEL
    patch = smoothed(Patch(image, np.ones_like(image), places, places), COUNTS)
    wrong = replace(
        shown,
        shape=shown.shape.resized(*rng.normal(1, 0.02, 3).tolist()),
        rotation=Rotation.from_rotvec(rng.normal(0, 0.03, 3)) * turn,
    )
    return refine(begin(Variable(wrong).completed(0.1), patch, PRIOR, 0.02), learn=False)


@pytest.fixture(scope="session")
def looks() -> list[Look]:
    return [imaged(BODY, seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="session")
def picture() -> Callable[..., Look]:
    return imaged
