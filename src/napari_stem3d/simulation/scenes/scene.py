"""Scenes, and their images with all that is true about them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.projection import project, project_batch, project_particles
from napari_stem3d.simulation.compute._random import derive, draw_keys, normals
from napari_stem3d.simulation.compute._threads import compiled_loops
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import Microscope
from napari_stem3d.simulation.scenes.particle import Particle

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
Times = NDArray[np.float64]

_DIFFRACTION = 7  # stream of random numbers; the microscope's stages have the smaller ones


@dataclass(frozen=True, eq=False)
class Sample:
    """An image and everything that is true about it.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        What the detector writes, in its own units.
    thickness : ndarray, shape (ny, nx), float32
        Thickness of the particles along the beam [nm].
    labels : ndarray, shape (ny, nx), int32
        1 + index of the particle that each pixel shows, 0 for none.
    particles : tuple of Particle
        The scene.
    grid : Grid
        Pixels of the image.
    times : ndarray, shape (ny,)
        When each row was recorded [s].
    """

    image: Image
    thickness: Image
    labels: NDArray[np.int32]
    particles: tuple[Particle, ...]
    grid: Grid
    times: Times

    @property
    def boundaries(self) -> NDArray[np.bool_]:
        """Pixels of particles beside which lies another particle or none, shape (ny, nx).

        Neighbours are the four that share a side; beyond the edge of the image there are none.
        """
        labels = self.labels
        beside = np.zeros(labels.shape, bool)
        down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
        beside[1:] |= down
        beside[:-1] |= down
        beside[:, 1:] |= right
        beside[:, :-1] |= right
        return beside & (labels > 0)

    def truth(self) -> list[dict[str, Any]]:
        """One row per particle: ``particle`` (its label) and what `Particle.truth` tells."""
        return [
            {"particle": i, **p.truth(self.times)} for i, p in enumerate(self.particles, start=1)
        ]


@dataclass(frozen=True, eq=False)
class Scene:
    """Particles under a microscope.

    Attributes
    ----------
    particles : sequence of Particle
        What lies on the support.
    grid : Grid
        Pixels of the image.
    microscope : Microscope
        How the image is made.
    """

    particles: Sequence[Particle]
    grid: Grid = field(default_factory=Grid)
    microscope: Microscope = field(default_factory=Microscope)

    def __post_init__(self) -> None:
        """Refuse what is no particle, no grid and no microscope."""
        if not isinstance(self.particles, Sequence) or not all(
            isinstance(p, Particle) for p in self.particles
        ):
            raise InputError(f"particles must be a sequence of them. Received: {self.particles!r}")
        for name, kind in (("grid", Grid), ("microscope", Microscope)):
            if not isinstance(getattr(self, name), kind):
                raise InputError(
                    f"{name} must be a {kind.__name__}. Received: {getattr(self, name)!r}"
                )

    @property
    def frame_time(self) -> float:
        """Time from the start of one image to the start of the next [s]."""
        return self.grid.gpts[0] * self.microscope.scan.line_time(self.grid)

    def image(self, rng: np.random.Generator, start: float = 0.0) -> Sample:
        """Record the scene.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        start : float
            Time at which the scan begins [s]; particles that move are seen in each row in the
            pose of that row's time.

        Returns
        -------
        Sample
            Image and truth.
        """
        keys, times = draw_keys(rng, 1), self._times(start)
        with compiled_loops(threads=1):
            thickness, labels = project_particles(self.particles, self.grid, times=times)
            if not self._is_plain:
                image = self._record(keys, times)
            else:
                image = self.microscope.images(thickness[None], self.grid, keys)[0]
        return Sample(image, thickness, labels, tuple(self.particles), self.grid, times)

    def record(self, key: Keys, start: float = 0.0) -> Image:
        """Record the image alone, with the noise of one key, shape (1,)."""
        times = self._times(start)
        with compiled_loops(threads=1):
            if not self._is_plain:
                return self._record(key, times)
            thickness = project(self.particles, self.grid, times=times)
            return self.microscope.images(thickness[None], self.grid, key)[0]

    def _times(self, start: float) -> Times:
        return self.microscope.scan.row_times(self.grid, start)

    @property
    def _is_plain(self) -> bool:
        """Whether the sum of all thicknesses is all that the microscope needs."""
        optics, contrast = self.microscope.probe, self.microscope.contrast
        return (
            optics.slabs == 1
            and contrast.diffraction == 0
            and all(p.material is None for p in self.particles)
        )

    @property
    def _moves(self) -> bool:
        return any(p.motion is not None for p in self.particles)

    def _record(self, keys: Keys, times: Times) -> Image:
        """Image of particles of different brightness, or in slabs along the beam."""
        weights = self._weights(keys)
        if self.microscope.probe.slabs == 1:
            total = project(self.particles, self.grid, times=times, weights=weights)
            return self.microscope.images(total[None], self.grid, keys)[0]
        ends = self._slabs()
        slabs = [
            project(self.particles, self.grid, times=times, weights=weights, between=slab)
            for slab in itertools.pairwise(ends)
        ]
        depths = (ends[1:] + ends[:-1]) / 2
        return self.microscope.images(np.stack(slabs)[None], self.grid, keys, depths)[0]

    def _weights(self, keys: Keys) -> list[float]:
        """Brightness of each particle against the microscope's material.

        That is the ratio of what a nm scatters, times a log-normal factor of mean 1 that
        stands for diffraction contrast.
        """
        contrast, beam = self.microscope.contrast, self.microscope.beam
        own = contrast.per_nm(beam)
        spread = math.sqrt(math.log1p((contrast.diffraction / 100) ** 2))
        drawn = normals(derive(keys, _DIFFRACTION), max(1, len(self.particles)))[0]
        return [
            contrast.per_nm(beam, p.material) / own * math.exp(spread * (float(k) - spread / 2))
            for p, k in zip(self.particles, drawn)
        ]

    def _slabs(self) -> Times:
        """Return the ends [nm] of slabs of one height that hold all particles."""
        tops = [p.z + p.body.radius for p in self.particles] or [0.0]
        bottoms = [p.z - p.body.radius for p in self.particles] or [0.0]
        return np.linspace(min(bottoms), max(tops), self.microscope.probe.slabs + 1)


def record_scenes(scenes: Sequence[Scene], keys: Keys, starts: Sequence[float]) -> Image:
    """Images alone of many scenes at a time, the very numbers that `Scene.image` gives.

    Parameters
    ----------
    scenes : sequence of Scene, or of what has its `grid`, `microscope` and `record`
        All on grids of one shape; together they are fast where they share grid and microscope.
    keys : ndarray, shape (n,), uint64
        One key per scene, as drawn by `Scene.image`.
    starts : sequence of float
        Time at which each scan begins [s].

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        What the detector writes.

    Raises
    ------
    InputError
        If the grids have different shapes.
    """
    grid, microscope = scenes[0].grid, scenes[0].microscope
    for scene in scenes:
        if scene.grid.gpts != grid.gpts:
            raise InputError(
                f"The images of a stack must have one shape. Received: {grid.gpts} and "
                f"{scene.grid.gpts}"
            )
    alike = all(
        isinstance(s, Scene) and s.microscope == microscope and s.grid == grid for s in scenes
    )
    if not (alike and all(s._is_plain for s in scenes)):
        return np.stack([s.record(k, t) for s, k, t in zip(scenes, keys[:, None], starts)])
    still = np.array([not s._moves for s in scenes])
    thickness = np.empty((len(scenes), *grid.gpts), np.float32)
    with compiled_loops():
        if still.any():
            resting = [list(s.particles) for s, rests in zip(scenes, still) if rests]
            thickness[still] = project_batch(resting, grid)
        for i in np.flatnonzero(~still).tolist():
            thickness[i] = project(scenes[i].particles, grid, times=scenes[i]._times(starts[i]))
        return microscope.images(thickness, grid, keys)
