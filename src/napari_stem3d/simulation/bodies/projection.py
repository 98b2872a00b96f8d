"""Exact line integrals through particles along the beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies import _kernels
from napari_stem3d.simulation.bodies._packing import ends_of, stack_bodies
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.scenes.particle import Particle

Image = NDArray[np.float32]
Scenes = Sequence[Particle] | Sequence[Sequence[Particle]]
_EVERYWHERE = (-1e9, 1e9)  # nm


class Projection(NamedTuple):
    """Thickness of a scene and which particle each pixel shows.

    Attributes
    ----------
    thickness : ndarray, shape (ny, nx), float32
        Length of the beam inside matter [nm]; where particles overlap they add up.
    labels : ndarray, shape (ny, nx), int32
        1 + index of the particle that is thickest in the pixel, 0 for none.
    """

    thickness: Image
    labels: NDArray[np.int32]


def project(
    particles: Particle | Sequence[Particle],
    grid: Grid,
    *,
    times: ArrayLike | None = None,
    between: tuple[float, float] | None = None,
    weights: Sequence[float] | None = None,
) -> Image:
    """Thickness along the beam through the centre of every pixel.

    Parameters
    ----------
    particles : Particle or sequence of Particle
        Scene; thicknesses of overlapping particles add up.
    grid : Grid
        Pixels of the image.
    times : array_like, shape (ny,), optional
        Time of each row [s]: particles that move are seen in every row as they lie at its time.
        Without it they are seen as they lie at rest.
    between : tuple of float, optional
        Depths along the beam [nm], the smaller first: only the matter between them counts.
        Without it all does.
    weights : sequence of float, optional
        Factors, one per particle; 1 by default.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Thickness [nm].

    Raises
    ------
    InputError
        If `times`, `between` or `weights` do not fit.
    """
    if isinstance(particles, Particle):
        particles = (particles,)
    scene = _arrange(particles, grid, times, weights)
    thickness = np.zeros(grid.gpts, np.float32)
    _kernels.project(scene, _slab(between), _sampling(grid), thickness)
    return thickness


def project_particles(
    particles: Sequence[Particle], grid: Grid, *, times: ArrayLike | None = None
) -> Projection:
    """Thickness of a scene with the label of the particle that each pixel shows.

    Parameters and errors are those of `project`.
    """
    scene = _arrange(particles, grid, times, None)
    total, thickest = np.zeros((2, *grid.gpts), np.float32)
    labels = np.zeros(grid.gpts, np.int32)
    _kernels.label(scene, _EVERYWHERE, _sampling(grid), total, thickest, labels)
    return Projection(total, labels)


def project_batch(scenes: Scenes, grid: Grid) -> Image:
    """One image per scene, computed on all cores.

    Parameters
    ----------
    scenes : sequence of Particle or of sequences of Particle
        What each image shows, at rest.
    grid : Grid
        Pixels of every image.

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Thickness [nm], of each image the very numbers that `project` gives.
    """
    return project_packed(pack(scenes, grid), grid)


class Packed(NamedTuple):
    """Scenes as flat arrays, ready for `project_packed`."""

    scene: tuple[Any, ...]
    images: NDArray[np.int64]


def pack(scenes: Scenes, grid: Grid) -> Packed:
    """Stack the geometry and the poses of all particles of scenes."""
    each = [(scene,) if isinstance(scene, Particle) else scene for scene in scenes]
    particles = [particle for scene in each for particle in scene]
    return Packed(_arrange(particles, grid, None, None), np.array(ends_of(each)))


def project_packed(packed: Packed, grid: Grid, out: Image | None = None) -> Image:
    """Thickness [nm] of packed scenes, shape (n, ny, nx), on all cores."""
    if out is None:
        out = np.empty((len(packed.images) - 1, *grid.gpts), np.float32)
    _kernels.project_batch(packed.scene, packed.images, _EVERYWHERE, _sampling(grid), out)
    return out


def _arrange(
    particles: Sequence[Particle],
    grid: Grid,
    times: ArrayLike | None,
    weights: Sequence[float] | None,
) -> tuple[Any, ...]:
    """Geometry, particles and poses, as the kernels take them."""
    bodies = [p.body for p in particles]
    geometry, pieces = stack_bodies(bodies)
    firsts, steps, turns, places = _poses(particles, grid, times)
    spans = np.concatenate([pieces, firsts[:, None], steps[:, None]], axis=1)
    hulls = [_NO_POINTS if body.hull is None else body.hull for body in bodies]
    windows = _kernels.find_windows(
        np.concatenate([_NO_POINTS, *hulls]),
        np.array(ends_of(hulls)),
        np.array([body.radius for body in bodies], float),
        spans,
        turns,
        places,
        grid.gpts,
        _sampling(grid),
    )
    depths = np.array([p.z for p in particles], float)
    return (
        tuple(geometry),
        (spans, windows, depths, _factors(weights, len(bodies))),
        (turns, places),
    )


def _poses(
    particles: Sequence[Particle], grid: Grid, times: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """First pose of each particle, 1 where one for each row follows and 0 elsewhere, and poses."""
    quaternions = np.array([p.rotation.as_quat() for p in particles]).reshape(-1, 4)
    turns = _kernels.matrices(quaternions)
    places = np.array([p.position for p in particles], float).reshape(-1, 2)
    firsts, steps = np.arange(len(particles)), np.zeros(len(particles), np.int64)
    if times is None:
        return firsts, steps, turns, places
    rows = _numbers(times)
    if rows.shape != grid.gpts[:1] or not np.isfinite(rows).all():
        raise InputError(
            f"times must be {grid.gpts[0]} finite times, one for each row. Received: {times!r}"
        )
    moving = [i for i, particle in enumerate(particles) if particle.motion is not None]
    paths = [particles[i].poses(rows) for i in moving]
    steps[moving] = 1
    firsts[moving] = len(particles) + len(rows) * np.arange(len(moving))
    turns = np.concatenate([turns, *(matrices for matrices, _ in paths)])
    places = np.concatenate([places, *(positions for _, positions in paths)])
    return firsts, steps, turns, places


def _factors(weights: Sequence[float] | None, count: int) -> NDArray[np.float32]:
    if weights is None:
        return np.ones(count, np.float32)
    factors = _numbers(weights)
    if factors.shape != (count,) or not np.isfinite(factors).all():
        raise InputError(
            f"weights must be {count} finite numbers, one for each particle. Received: {weights!r}"
        )
    return factors.astype(np.float32)


_NO_POINTS = np.empty((0, 3))


def _slab(between: tuple[float, float] | None) -> tuple[float, float]:
    if between is None:
        return _EVERYWHERE
    depths = _numbers(between)
    if depths.shape != (2,) or not depths[0] <= depths[1]:
        raise InputError(f"between must be two depths, the smaller first. Received: {between!r}")
    low, high = np.clip(depths, *_EVERYWHERE).tolist()
    return low, high


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    """Array of numbers; an empty one where they are none."""
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        return np.empty(0)


def _sampling(grid: Grid) -> tuple[float, float]:
    return float(grid.sampling[0]), float(grid.sampling[1])
