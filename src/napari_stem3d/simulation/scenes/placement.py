"""Where particles come to lie in an image: apart, touching, overlapping or anywhere."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from napari_stem3d.simulation.bodies.body import Body
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.scenes.particle import Particle

Array = NDArray[np.float64]

_TRIES = 30  # places tried for each particle before the best one is taken
_OVERLAP = (0.2, 0.8)  # distance of overlapping particles, as a fraction of that of touching ones


class Placement(StrEnum):
    """How the particles of a scene lie to each other.

    All but the last kind lie inside the image, where it has room for them.
    """

    APART = "apart"  # spheres around them do not overlap, where there is room
    TOUCHING = "touching"  # the outlines of each and of one before it touch, and none overlap
    OVERLAPPING = "overlapping"  # each overlaps one before it, seen along the beam
    ANYWHERE = "anywhere"  # evenly over the image, whatever lies there; some partly outside


def find_place(
    particle: Particle,
    others: Sequence[Particle],
    grid: Grid,
    placement: Placement,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Position for a particle among those placed already.

    Parameters
    ----------
    particle : Particle
        In its orientation; its own position does not matter.
    others : sequence of Particle
        Particles placed already.
    grid : Grid
        Pixels of the image.
    placement : Placement
        How it is to lie to the others.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    tuple of float
        Position (y, x) [nm].
    """
    if placement == Placement.ANYWHERE:
        y, x = (rng.uniform(-0.5, n - 0.5) * d for n, d in zip(grid.gpts, grid.sampling))
        return float(y), float(x)
    if placement == Placement.APART or not others:
        return free_position(particle.body.radius, others, grid, rng)
    return _beside(particle, others, grid, placement, rng)


def free_position(
    radius: float, others: Sequence[Particle], grid: Grid, rng: np.random.Generator
) -> tuple[float, float]:
    """Position for a particle inside the image and, where there is room, off the others.

    Parameters
    ----------
    radius : float
        Radius that holds the particle [nm]; where the image is smaller, it is centred.
    others : sequence of Particle
        Particles placed already.
    grid : Grid
        Pixels of the image.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    tuple of float
        Position (y, x) [nm]: the first one tried that is free, else the least crowded.
    """
    room = np.array([max(0.0, centre - radius) for centre in grid.centre])
    places = np.array(grid.centre) + room * rng.uniform(-1, 1, (_TRIES, 2))
    if not others:
        return float(places[0, 0]), float(places[0, 1])
    centres = np.array([p.position for p in others])
    radii = np.array([p.body.radius for p in others])
    distances = np.linalg.norm(places[:, None] - centres, axis=2)
    gaps = np.minimum((distances - radii - radius).min(axis=1), 0)
    best = places[np.argmax(gaps)]
    return float(best[0]), float(best[1])


def _beside(
    particle: Particle,
    others: Sequence[Particle],
    grid: Grid,
    placement: Placement,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Push the particle from far away towards another one until their outlines touch, or further.

    Of all places tried, the first of those that reach the least beyond the image is taken.
    """
    own = outline(particle)
    centres = np.array([p.position for p in others])
    angles = rng.uniform(0, 2 * np.pi, _TRIES)
    ways = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    hosts = rng.integers(len(others), size=_TRIES)
    outlines = [outline(p) for p in others]
    if placement == Placement.TOUCHING:
        met = [
            _contacts(own, other, centres[hosts] - centre, ways)
            for other, centre in zip(outlines, centres)
        ]
        reaches = np.max(met, axis=0)  # the first one met on the way
    else:
        still = np.zeros((_TRIES, 2))
        met = [_contacts(own, other, still, ways) for other in outlines]
        reaches = np.array(met)[hosts, range(_TRIES)] * rng.uniform(*_OVERLAP, _TRIES)
    places = centres[hosts] + reaches[:, None] * ways
    low, high = places + own.min(axis=0), places + own.max(axis=0)
    ends = (np.array(grid.gpts) - 1) * grid.sampling
    beyond = (np.maximum(-low, 0) + np.maximum(high - ends, 0)).sum(axis=1)
    y, x = places[np.argmin(beyond)]
    return float(y), float(x)


def _contacts(own: Array, other: Array, starts: Array, ways: Array) -> Array:
    """How far from `starts` along `ways` an outline leaves another one, -inf if it never meets it.

    The displacements at which two convex outlines meet are themselves a convex polygon, whose
    sides are those of the one and of the other turned by half a turn (Minkowski).
    """
    normals = np.concatenate([_normals(other), -_normals(own)])
    reach = (other @ normals.T).max(axis=0) + (-own @ normals.T).max(axis=0)
    rise, gap = ways @ normals.T, reach - starts @ normals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = gap / rise
    leave = np.where(rise > 0, crossing, np.inf).min(axis=1)
    enter = np.where(rise < 0, crossing, -np.inf).max(axis=1)
    outside = ((rise == 0) & (gap < 0)).any(axis=1)
    return np.where((enter < leave) & ~outside, leave, -np.inf)


def _normals(polygon: Array) -> Array:
    """Outward unit normals (y, x) of a convex polygon whose corners follow each other."""
    sides = np.roll(polygon, -1, axis=0) - polygon
    turned = np.stack([sides[:, 1], -sides[:, 0]], axis=1)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return turned * np.sign(np.einsum("ij,ij->i", turned, polygon - polygon.mean(axis=0)))[:, None]


def outline(particle: Particle) -> Array:
    """Corners (P, 2) of the convex hull of a particle's projection, y and x from its origin [nm].

    They follow each other around the outline. Curved bodies have many.
    """
    points = surface_points(particle.body) @ particle.rotation.as_matrix()[1::-1].T
    return points[ConvexHull(points).vertices]


@functools.lru_cache(maxsize=64)
def surface_points(body: Body) -> Array:
    """Points (P, 3) whose convex hull is that of a body [nm], nearly so of a curved one."""
    return np.concatenate([mesh[0] for sign, mesh in body.meshes() if sign > 0])
