"""Draw atoms as Gaussians on a raster."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.grid import Grid

_SIGMAS = 4.5  # beyond, a Gaussian is cut off
NARROWEST = 0.6  # px; what is narrower is made so by its moments, not without negative values
_BATCH = 1 << 22  # pixels drawn at a time

Array = NDArray[np.float64]


def draw_atoms(positions: Array, weights: Array, sigma: float, grid: Grid) -> NDArray[np.float64]:
    """Sum of normalised Gaussians, ``Σ w g(r - r_i)``.

    Along each axis a Gaussian is sampled and then multiplied by the parabola that makes its sum,
    its centre and its variance exact, wherever it lies between the pixels and even if it is
    narrower than a pixel. Below `NARROWEST` its outskirts are negative, until a probe blurs them.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Centres (y, x) [nm]; they may lie beyond the image.
    weights : ndarray, shape (n,)
        Integral of each Gaussian [nm²].
    sigma : float
        Standard deviation [nm].
    grid : Grid
        Pixels.

    Returns
    -------
    ndarray, shape (ny, nx)
        The sum, without unit: the mean over the image times its area is the sum of the weights.
    """
    sampling = np.array(grid.sampling)
    radii = [math.ceil(_SIGMAS * max(sigma / d, NARROWEST)) for d in grid.sampling]
    ny, nx = (n + 2 * r for n, r in zip(grid.gpts, radii))
    image = np.zeros(ny * nx)
    places = positions / sampling
    near = ((places > -np.array(radii)) & (places < np.array(grid.gpts) - 1 + radii)).all(axis=1)
    places, weights = places[near], weights[near] / sampling.prod()
    step = max(1, _BATCH // math.prod(2 * r + 1 for r in radii))
    for start in range(0, len(places), step):
        part = slice(start, start + step)
        rows, across = _stencil(places[part, 0], sigma / grid.sampling[0], radii[0])
        columns, along = _stencil(places[part, 1], sigma / grid.sampling[1], radii[1])
        pixels = (rows[:, :, None] + radii[0]) * nx + (columns[:, None, :] + radii[1])
        values = (weights[part, None] * across)[:, :, None] * along[:, None, :]
        # Rows and columns of the stencils may reach beyond the frame by one; these fall away.
        kept = (rows[:, :, None] < ny - radii[0]) & (columns[:, None, :] < nx - radii[1])
        kept &= (rows[:, :, None] >= -radii[0]) & (columns[:, None, :] >= -radii[1])
        image += np.bincount(pixels[kept], values[kept], minlength=ny * nx)
    return image.reshape(ny, nx)[radii[0] : ny - radii[0], radii[1] : nx - radii[1]]


def _stencil(centres: Array, sigma: float, radius: int) -> tuple[NDArray[np.int64], Array]:
    """Pixels around each centre [px] and their weights, both of shape (n, 2 radius + 1)."""
    pixels = np.rint(centres).astype(np.int64)[:, None] + np.arange(-radius, radius + 1)
    away = pixels - centres[:, None]
    bell = np.exp(-(away**2) / (2 * max(sigma, NARROWEST) ** 2))
    moments = np.stack([(bell * away**k).sum(axis=1) for k in range(5)])
    system = moments[np.add.outer(np.arange(3), np.arange(3))].transpose(2, 0, 1)
    wanted = np.array([1.0, 0.0, sigma**2])[:, None]
    factors = np.linalg.solve(system, np.broadcast_to(wanted, (len(centres), 3, 1)))[..., 0]
    return pixels, bell * (factors[:, :1] + factors[:, 1:2] * away + factors[:, 2:] * away**2)
