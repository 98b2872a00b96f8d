"""Exact line integrals through particles along the beam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import _kernels
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.particle import Particle

Image = NDArray[np.float32]


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


def project(particles: Particle | Sequence[Particle], grid: Grid) -> Image:
    """Thickness along the beam through the centre of every pixel.

    Parameters
    ----------
    particles : Particle or sequence of Particle
        Scene; thicknesses of overlapping particles add up.
    grid : Grid
        Pixels of the image.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        Thickness [nm].
    """
    if isinstance(particles, Particle):
        particles = (particles,)
    thickness = np.zeros(grid.gpts, np.float32)
    for particle in particles:
        _add(particle, grid, thickness)
    return thickness


def project_particles(particles: Sequence[Particle], grid: Grid) -> Projection:
    """Thickness of a scene with the label of the particle that each pixel shows."""
    total = np.zeros(grid.gpts, np.float32)
    thickest = np.zeros(grid.gpts, np.float32)
    labels = np.zeros(grid.gpts, np.int32)
    own = np.zeros(grid.gpts, np.float32)
    for label, particle in enumerate(particles, start=1):
        window = np.s_[slice(*(box := _window(particle, grid))[:2]), slice(*box[2:])]
        own[window] = 0
        _add(particle, grid, own)
        total[window] += own[window]
        front = own[window] > thickest[window]
        thickest[window][front] = own[window][front]
        labels[window][front] = label
    return Projection(total, labels)


def project_batch(particles: Sequence[Particle], grid: Grid) -> Image:
    """One image per particle, computed on all cores.

    Parameters
    ----------
    particles : sequence of Particle
        Convex bodies, all with the same number of planes or fewer.
    grid : Grid
        Pixels of every image.

    Returns
    -------
    ndarray, shape (n, ny, nx), float32
        Thickness [nm].
    """
    return project_packed(pack(particles, grid), grid)


class Packed(NamedTuple):
    """Convex bodies in the laboratory's frame as stacked arrays, ready for the kernel."""

    planes: NDArray[np.float64]
    quadrics: NDArray[np.float64]
    curved: NDArray[np.bool_]
    windows: NDArray[np.int64]
    origins: NDArray[np.float64]


def pack(particles: Sequence[Particle], grid: Grid) -> Packed:
    """Rotate convex bodies into the laboratory's frame and stack them."""
    if any(p.body.mesh is not None for p in particles):
        raise InputError("project_batch takes convex bodies. Received: a body given as a mesh")
    most = max(len(p.body.offsets) for p in particles)
    planes = np.zeros((len(particles), most, 4))
    planes[..., 3] = 1  # 0 . r <= 1 fills up the bodies with fewer planes: it cuts nothing off
    for i, particle in enumerate(particles):
        planes[i, : len(particle.body.offsets)] = _planes(particle)
    return Packed(
        planes,
        np.array([_quadric(p) for p in particles]),
        np.array([p.body.quadric is not None for p in particles]),
        np.array([_window(p, grid) for p in particles], np.int64),
        np.array([p.position for p in particles], float),
    )


def project_packed(packed: Packed, grid: Grid, out: Image | None = None) -> Image:
    """Thickness [nm] of packed bodies, shape (n, ny, nx), on all cores."""
    if out is None:
        out = np.empty((len(packed.planes), *grid.gpts), np.float32)
    _kernels.project_batch(*packed, tuple(map(float, grid.sampling)), out)
    return out


def _add(particle: Particle, grid: Grid, out: Image) -> None:
    """Add the thickness of one particle to `out`."""
    window = _window(particle, grid)
    place = (
        window[:2],
        window[2:],
        tuple(map(float, particle.position)),
        tuple(map(float, grid.sampling)),
        out,
    )
    if particle.body.mesh is not None:
        vertices, faces = particle.body.mesh
        _kernels.add_mesh(particle.rotation.apply(vertices), np.asarray(faces), *place)
    else:
        curved = particle.body.quadric is not None
        _kernels.add_convex(_planes(particle), _quadric(particle), curved, *place)


def _planes(particle: Particle) -> NDArray[np.float64]:
    """Planes (F, 4) in the laboratory's frame: normal and offset."""
    body = particle.body
    normals = body.normals @ particle.rotation.as_matrix().T
    return np.concatenate([normals, body.offsets[:, None]], axis=1)


def _quadric(particle: Particle) -> NDArray[np.float64]:
    """Quadric (4, 4) in the laboratory's frame."""
    if particle.body.quadric is None:
        return np.zeros((4, 4))
    turn = np.eye(4)
    turn[:3, :3] = particle.rotation.as_matrix()
    return turn @ particle.body.quadric @ turn.T


def _window(particle: Particle, grid: Grid) -> tuple[int, int, int, int]:
    """First and one-past-last row and column of the pixels that the particle can cover."""
    body = particle.body
    reach_y = reach_x = body.radius
    if body.hull is not None:
        turned = np.abs(body.hull @ particle.rotation.as_matrix()[:2].T).max(axis=0)
        reach_x, reach_y = (min(body.radius, float(reach)) for reach in turned)
    edges = []
    for centre, reach, n, d in zip(particle.position, (reach_y, reach_x), grid.gpts, grid.sampling):
        edges.append(int(np.clip(np.ceil((centre - reach) / d), 0, n)))
        edges.append(int(np.clip(np.floor((centre + reach) / d) + 1, 0, n)))
    return edges[0], edges[1], edges[2], edges[3]
