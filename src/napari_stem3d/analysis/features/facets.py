"""The thickness of a body of flat faces, as planes that meet in creases.

Seen along the beam, the thickness of a convex polyhedron is the smallest of a set of planes: each
is the difference of a face above and a face below. Where two of them meet an edge is seen, of the
near side or of the far side, and where three do, a corner. The planes are fitted to the grey
values, many at first, by turns with the pixels on which each is the smallest (Magnani and Boyd,
Optimization and Engineering 10 (2009) 1); then those that explain too little are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_gradient_magnitude, laplace

from napari_stem3d.analysis.features.outline import Array

_EDGE = 2.0  # pixels from the outline that the probe blurs
_TILE = 6  # pixels of the sides of what the first planes are fitted to
_FEWEST = 40  # pixels from which planes are fitted
_ENOUGH = 6000  # pixels beyond which a raster of them is fitted
_PRICE = 100.0  # of a plane, in squared errors of a pixel
_BLURRED = 0.4  # pixels by which the probe displaces what lies near a crease
_LOCAL = 1.5  # pixels over which slopes are averaged
_ROUNDS, _AGAIN = 8, 6  # of fitting and assigning
_LAPLACE = 20.0  # variance of SciPy's Laplacian of noise of unit variance
_TRIED = 3  # planes that are left out for a trial


class Facets(NamedTuple):
    """Planes whose minimum is the thickness.

    Attributes
    ----------
    planes : ndarray, shape (k, 3)
        Grey value at (y, x) is ``planes @ (y - centre[0], x - centre[1], 1)``.
    covariances : ndarray, shape (k, 3, 3)
        Of the planes.
    centre : ndarray, shape (2,)
        Place (y, x) [pixels].
    inside : ndarray of bool, shape (ny, nx)
        Pixels that the planes were fitted to.
    """

    planes: Array
    covariances: Array
    centre: Array
    inside: NDArray[np.bool_]

    def values(self, places: Array) -> Array:
        """Grey values (n, k) of all planes at places (n, 2)."""
        return _design(places - self.centre) @ self.planes.T


def fit_facets(image: NDArray[np.floating], mask: NDArray[np.bool_]) -> Facets | None:
    """Fit planes to the grey values of a particle.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values, brighter where it is thicker.
    mask : ndarray of bool, shape (ny, nx)
        Pixels of the particle.

    Returns
    -------
    Facets or None
        None where the particle is too small.
    """
    inside = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] > _EDGE
    if inside.sum() < _FEWEST:
        return None
    places = np.argwhere(inside)
    raster = int(np.ceil(np.sqrt(len(places) / _ENOUGH)))
    places = places[(places % raster == 0).all(axis=1)]
    centre = places.mean(axis=0)
    pixels = _Pixels(
        _design(places - centre),
        image[tuple(places.T)].astype(float),
        _errors(image, inside, places),
    )
    tiles = np.unique(places // (raster * _TILE), axis=0, return_inverse=True)[1]
    planes = _settled(_refitted(pixels, tiles.ravel(), 12), pixels, _ROUNDS)
    if not len(planes):
        return None
    planes = _fewer(planes, pixels)
    own = (pixels.design @ planes.T).argmin(axis=1)
    scaled = pixels.design / pixels.errors[:, None]
    spreads = [np.linalg.pinv(scaled[own == k].T @ scaled[own == k]) for k in range(len(planes))]
    return Facets(planes, np.array(spreads), centre, inside)


class _Pixels(NamedTuple):
    """Where planes are fitted: offsets and 1 (n, 3), grey values (n,) and their errors (n,)."""

    design: Array
    grey: Array
    errors: Array


def _errors(
    image: NDArray[np.floating], inside: NDArray[np.bool_], places: NDArray[np.intp]
) -> Array:
    """Errors of grey values: their noise, and what the probe displaces near creases.

    A pixel's displacement matters the more, the steeper the thickness is.
    """
    noise = np.median(np.abs(laplace(image.astype(float))[inside])) / 0.6745 / np.sqrt(_LAPLACE)
    slopes = gaussian_gradient_magnitude(image.astype(float), _LOCAL)
    usual = float(np.median(slopes[inside]))
    return np.hypot(noise, _BLURRED * np.maximum(slopes[tuple(places.T)], usual)) + 1e-12


def _design(offsets: NDArray) -> Array:
    return np.column_stack([offsets, np.ones(len(offsets))])


def _refitted(pixels: _Pixels, owner: NDArray[np.intp], least: int = 6) -> Array:
    """Planes through the pixels of each owner, without owners of too few or of a line."""
    planes = []
    for k in np.unique(owner):
        own = owner == k
        if own.sum() >= least:
            weight = 1 / pixels.errors[own]
            plane, _, rank, _ = np.linalg.lstsq(
                pixels.design[own] * weight[:, None], pixels.grey[own] * weight
            )
            if rank == 3:
                planes.append(plane)
    return np.array(planes).reshape(-1, 3)


def _settled(planes: Array, pixels: _Pixels, rounds: int) -> Array:
    """Fit and assign by turns."""
    for _ in range(rounds):
        if not len(planes):
            break
        fresh = _refitted(pixels, (pixels.design @ planes.T).argmin(axis=1))
        if len(fresh) == len(planes) and np.allclose(fresh, planes, 1e-6, 1e-9):
            break
        planes = fresh
    return planes


def _fewer(planes: Array, pixels: _Pixels) -> Array:
    """Leave out planes as long as the others explain the pixels nearly as well."""
    misfit = _misfit(planes, pixels)
    while len(planes) > 1:
        for k in np.argsort(_worth(planes, pixels))[:_TRIED]:
            trial = _settled(np.delete(planes, k, axis=0), pixels, _AGAIN)
            then = _misfit(trial, pixels) if len(trial) else np.inf
            if then - misfit < _PRICE * (len(planes) - len(trial)):
                planes, misfit = trial, then
                break
        else:
            return planes
    return planes


def _misfit(planes: Array, pixels: _Pixels) -> float:
    off = (pixels.design @ planes.T).min(axis=1) - pixels.grey
    return float(((off / pixels.errors) ** 2).sum())


def _worth(planes: Array, pixels: _Pixels) -> Array:
    """Tell what the misfit would grow by without each plane, the others left as they are."""
    values = pixels.design @ planes.T
    order = np.argsort(values, axis=1)[:, :2]
    first, second = np.take_along_axis(values, order, axis=1).T
    growth = ((second - pixels.grey) ** 2 - (first - pixels.grey) ** 2) / pixels.errors**2
    worth = np.zeros(len(planes))
    np.add.at(worth, order[:, 0], growth)
    return worth
