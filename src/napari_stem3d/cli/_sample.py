"""The sample of `stem3d demo`: particles of several shapes on a carbon film, made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.signals import Stack
    from napari_stem3d.simulation import Grid, Particle

SIZE = 384  # pixels
SAMPLING = 0.25  # nm
FRAMES = 2
#: Shapes, with the size that their dimensions are drawn from [nm] and their deformed corners.
PARTICLES = (
    *[("cuboid", 16.0, corners) for corners in (0, 0, 2, 3, 5, 8)],
    *[("octahedron", 14.0, 0), ("tetrahedron", 18.0, 0), ("square_pyramid", 18.0, 0)],
    *[("sphere", 14.0, 0)] * 4,
    *[("cylinder", 14.0, 0), ("cone", 16.0, 0), ("ellipsoid", 16.0, 0)],
)


def make_sample(seed: int) -> Stack:
    """Return a stack of the sample's particles, in places and poses of their own in each frame."""
    import numpy as np

    from napari_stem3d.signals import Axis, Stack
    from napari_stem3d.simulation import Dataset, Grid, Microscope, Scene, metadata

    grid = Grid((SIZE, SIZE), (SAMPLING, SAMPLING))
    data = Dataset(lambda rng: Scene(_particles(grid, rng), grid), FRAMES, seed)
    axes = (
        Axis("frame"),
        Axis("y", SAMPLING, units="nm"),
        Axis("x", SAMPLING, units="nm"),
    )
    told = metadata(Microscope(), grid)
    return Stack(np.stack([sample.image for sample in data]), axes, "sample", told)


def _particles(grid: Grid, rng: np.random.Generator) -> list[Particle]:
    from napari_stem3d.plugins import get_shape
    from napari_stem3d.simulation import CutCorners, Particle, random_rotation
    from napari_stem3d.simulation.scenes.placement import free_position

    particles: list[Particle] = []
    for name, size, corners in PARTICLES:
        shape = get_shape(name).random(rng, size)
        cuts = (CutCorners.random(shape, corners, rng),) if corners else ()
        position = free_position(shape.radius, particles, grid, rng)
        particles.append(Particle(shape, position, random_rotation(rng), cuts))
    return particles
