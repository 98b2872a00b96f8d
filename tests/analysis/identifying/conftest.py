"""Helices at signed tilts under the reference microscope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest


@pytest.fixture
def photographed() -> Callable:
    """Record a particle at tilts of the stage; gives one image for each."""
    from napari_stem3d.simulation import Particle, Scene
    from napari_stem3d.tasks.corners128 import Corners128

    def record(
        particle: Particle, tilts, seed: int = 0, counts: float = 1000.0
    ) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        scene: Scene = Corners128("shape", counts)(rng)
        images = []
        for tilt in tilts:
            y, x = np.array(scene.grid.centre) + rng.uniform(-1, 1, 2)
            there = particle.posed((float(y), float(x)), tilt.rotation * particle.rotation)
            images.append(replace(scene, particles=(there,)).image(rng).image)
        return images

    return record
