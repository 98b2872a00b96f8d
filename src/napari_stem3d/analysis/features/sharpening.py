"""Outlines moved to where the image says that the thickness begins.

Along a normal of its outline a body of flat faces is a ramp that begins at the outline, and
perhaps becomes flatter further inside; the probe blurs it. The ramp that fits the grey values
best tells the place of the outline, with the outline of the label as prior knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, map_coordinates
from scipy.special import ndtr

from napari_stem3d.analysis.features.outline import Array, Outline

BLURS = tuple(np.arange(4, 19) / 10)  # pixels: widths (sigma) of probes that are tried
_OUTSIDE, _STEP = 4.0, 0.5  # pixels: how far profiles reach, and their step
_DEEPEST, _SHALLOWEST = 5.0, 2.0  # pixels that they reach inside
_SHIFTS = np.arange(-20, 21) / 8  # pixels by which the outline may be off
_KINKS = (0.3, 1.0, 2.0, 3.5, np.inf)  # pixels from the outline to where the ramp is flatter
_PRIOR = 0.5  # pixels that a label's outline is off
_ALONG = 0.5  # points over which neighbouring profiles are averaged
_TURNS = 2.0  # points over which the direction of the outline is averaged
_SHARED = 3.0  # samples of a profile that share their noise
_EXACT = 1e-6  # of the signal: images without noise have errors too

Profiles = NDArray[np.float64]


class Surroundings(NamedTuple):
    """Profiles of grey values across an outline.

    Attributes
    ----------
    profiles : ndarray, shape (n, m)
        Grey values above the background, from outside to inside; NaN where the way outside meets
        another particle or the edge of the image.
    normals : ndarray, shape (n, 2)
        Directions (y, x) to the inside.
    depth : float
        How far they reach inside [pixels].
    """

    profiles: Profiles
    normals: Array
    depth: float


def look_across(
    image: NDArray[np.floating], labels: NDArray[np.integer], label: int, outline: Outline
) -> Surroundings | None:
    """Read the grey values across an outline.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite grey values, or a window of them.
    labels : ndarray of int, shape (ny, nx)
        Particles in it.
    label : int
        The one that the outline is of.
    outline : Outline
        Its outline in the window.

    Returns
    -------
    Surroundings or None
        None where the particle is too small, or no background is seen beside it.
    """
    own = labels == label
    deep = float(distance_transform_edt(np.pad(own, 1)).max())
    depth = np.floor(min(_DEEPEST, 0.8 * deep))
    beside = (labels == 0) & (distance_transform_edt(~own) > _OUTSIDE)
    if depth < _SHALLOWEST or beside.sum() < 8:
        return None
    smooth = gaussian_filter1d(outline.points, _TURNS, axis=0, mode="wrap")
    ways = np.roll(smooth, -1, axis=0) - np.roll(smooth, 1, axis=0)
    ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-9)
    normals = np.stack([ways[:, 1], -ways[:, 0]], axis=1)
    places = outline.points[:, None] + _distances(depth)[:, None] * normals[:, None]
    where = np.moveaxis(places, -1, 0)
    signal = np.asarray(image, float) - np.median(image[beside])
    profiles = map_coordinates(signal, where, order=3, mode="nearest")
    met = map_coordinates(labels, where, order=0, mode="constant", cval=-1)
    profiles = gaussian_filter1d(profiles, _ALONG, axis=0, mode="wrap")
    profiles[((met != 0) & (met != label))[:, _distances(depth) < 1].any(axis=1)] = np.nan
    return Surroundings(profiles, normals, float(depth))


def estimate_blur(seen: Sequence[Surroundings]) -> float:
    """Width of the probe, by which the profiles of several particles are explained best.

    Parameters
    ----------
    seen : sequence of Surroundings
        Profiles across outlines, at least one.

    Returns
    -------
    float
        Standard deviation [pixels], between the first and the last of `BLURS`.
    """
    totals = np.zeros(len(BLURS))
    for around in seen:
        known = np.isfinite(around.profiles).all(axis=1)
        if known.any():
            misfits = [
                np.median(_misfits(around.profiles[known], around.depth, blur).min(axis=(1, 2)))
                for blur in BLURS
            ]
            power = np.mean(around.profiles[known] ** 2)
            if power > 0:
                totals += np.log(np.array(misfits) + _EXACT * power)
    return float(BLURS[int(np.argmin(totals))])


def sharpen(outline: Outline, around: Surroundings, blur: float) -> Outline:
    """Move an outline to where the thickness begins.

    Parameters
    ----------
    outline : Outline
        Outline of a label.
    around : Surroundings
        The profiles across it.
    blur : float
        Width (sigma) of the probe [pixels].

    Returns
    -------
    Outline
        Mean and standard deviation of the places that explain each profile; unchanged where the
        profile is not known.
    """
    known = np.isfinite(around.profiles).all(axis=1)
    profiles = around.profiles[known]
    if not profiles.any():
        return outline
    misfits = _misfits(profiles, around.depth, blur)
    left = profiles.shape[1] - 4  # samples less what is fitted
    noise = np.median(misfits.min(axis=(1, 2))) / left + _EXACT * np.mean(profiles**2)
    chances = -misfits / (2 * noise * _SHARED) - (_SHIFTS**2)[:, None] / (2 * _PRIOR**2)
    chances = np.exp(chances - chances.max(axis=(1, 2), keepdims=True)).sum(axis=2)
    chances /= chances.sum(axis=1, keepdims=True)
    shifts = chances @ _SHIFTS
    spread = np.sqrt(np.maximum(chances @ _SHIFTS**2 - shifts**2, 0) + (1 / 8) ** 2 / 12)
    points, sigma = outline.points.copy(), outline.sigma.copy()
    points[known] += shifts[:, None] * around.normals[known]
    sigma[known] = spread
    return Outline(points, sigma)


def _distances(depth: float) -> Array:
    """Distances of the samples from the outline, positive inside."""
    return np.arange(-_OUTSIDE, depth + _STEP / 2, _STEP)


def _misfits(profiles: Profiles, depth: float, blur: float) -> Profiles:
    """Squared differences (n, shifts, kinks) from the ramps that fit best."""
    found = np.einsum("ijkm,nm->nijk", _ramps(depth, blur), profiles)
    whole = (profiles**2).sum(axis=1)
    return np.maximum(whole[:, None, None] - (found**2).sum(axis=-1), 0)


@cache
def _ramps(depth: float, blur: float) -> Profiles:
    """Orthonormal bases (shifts, kinks, 2, m) of blurred ramps that begin and bend somewhere."""
    inside = _distances(depth)
    bases = np.zeros((len(_SHIFTS), len(_KINKS), 2, len(inside)))
    for i, shift in enumerate(_SHIFTS):
        for j, kink in enumerate(_KINKS):
            places = [shift] if np.isinf(kink) else [shift, shift + kink]
            ramps = np.stack([_blurred_ramp(inside - place, blur) for place in places], axis=1)
            basis = np.linalg.qr(ramps)[0].T
            bases[i, j, : len(basis)] = basis
    return bases


def _blurred_ramp(x: Array, blur: float) -> Array:
    """Return what a Gaussian makes of max(x, 0)."""
    return x * ndtr(x / blur) + blur / np.sqrt(2 * np.pi) * np.exp(-((x / blur) ** 2) / 2)
