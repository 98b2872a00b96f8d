"""Edges and corners of particles as they are seen along the beam: truth of heat maps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_stem3d.simulation import Particle
from napari_stem3d.simulation.scenes.creases import creases

Array = NDArray[np.float64]

EDGE_SIGMA, CORNER_SIGMA = 1.0, 1.5  # pixels of the Gaussian marks


def crease_maps(particles: Iterable[Particle], size: int) -> tuple[NDArray, NDArray]:
    """Draw the edges and the corners of particles, as if all were of glass.

    Parameters
    ----------
    particles : iterable of Particle
        Where they lie in pixels, that is on a grid with a sampling of 1.
    size : int
        Pixels of the maps' sides.

    Returns
    -------
    edges, corners : ndarray, shape (size, size), float32
        Gaussian marks of height 1 at and around them.
    """
    maps = np.full((2, size, size), np.inf, np.float32)
    for particle in particles:
        edges, corners = creases(particle)
        turn = particle.rotation.as_matrix()[1::-1].T
        place = np.array(particle.position)
        approach(edges @ turn + place, 4 * EDGE_SIGMA, maps[0])
        points = corners @ turn + place
        approach(np.stack([points, points], axis=1), 4 * CORNER_SIGMA, maps[1])
    sigmas = np.array([EDGE_SIGMA, CORNER_SIGMA], np.float32)[:, None, None]
    edges, corners = np.exp(-maps / (2 * sigmas**2))
    return edges, corners


@njit(cache=True)
def approach(segments: Array, reach: float, squares: NDArray[np.float32]) -> None:
    """Lower each pixel of `squares` to its squared distance from segments (n, 2, 2), if near."""
    height, width = squares.shape
    for n in range(len(segments)):
        (y0, x0), (y1, x1) = segments[n]
        dy, dx = y1 - y0, x1 - x0
        length = dy * dy + dx * dx
        for i in range(max(0, int(min(y0, y1) - reach)), min(height, int(max(y0, y1) + reach) + 2)):
            low, high = min(x0, x1) - reach, max(x0, x1) + reach
            for j in range(max(0, int(low)), min(width, int(high) + 2)):
                along = (i - y0) * dy + (j - x0) * dx
                share = min(max(along / length, 0.0), 1.0) if length > 0 else 0.0
                own = (i - y0 - share * dy) ** 2 + (j - x0 - share * dx) ** 2
                squares[i, j] = min(squares[i, j], own)
