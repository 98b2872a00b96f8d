"""How a body looks from everywhere, compared with images at any tilt.

One set of projections serves every image, every tilt and both hands: turned in its plane, the
projection along one direction is every pose that has this direction along the beam.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.simulation import Grid, Particle, project_batch

Array = NDArray[np.floating]
_ASPECTS = 500  # directions over half a sphere; neighbours lie about 6 degrees apart
_ANGLES = 72  # turns in the plane
_RADII = 24
_SIDE = 49  # pixels of a projection, an odd number: its middle is a pixel
_TOGETHER = 50  # projections made at once, for memory
_GOLDEN = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True, eq=False)
class Aspects:
    """A body seen from directions all over the sphere, each in polar coordinates.

    Attributes
    ----------
    body : Particle
        The body.
    """

    body: Particle

    @cached_property
    def turns(self) -> Rotation:
        """One rotation for each direction: half a sphere, and the same from behind."""
        height = (np.arange(_ASPECTS) + 0.5) / _ASPECTS
        angle = _GOLDEN * np.arange(_ASPECTS)
        tilt = Rotation.from_rotvec(np.arccos(height)[:, None] * [1.0, 0.0, 0.0])
        front = tilt * Rotation.from_rotvec(angle[:, None] * [0.0, 0.0, 1.0])
        return Rotation.concatenate([front, Rotation.from_rotvec([np.pi, 0, 0]) * front])

    @cached_property
    def radii(self) -> Array:
        """Radii at which images are read [nm]."""
        return (np.arange(_RADII) + 0.5) / _RADII * self.body.body.radius

    @cached_property
    def waves(self) -> NDArray[np.complex128]:
        """Each projection around circles, as waves, shape (n, radii, angles / 2 + 1)."""
        pixel = 2.1 * self.body.body.radius / (_SIDE - 1)
        grid, middle = Grid((_SIDE, _SIDE), (pixel, pixel)), _SIDE // 2
        ahead, found = self.turns[:_ASPECTS], []
        for first in range(0, _ASPECTS, _TOGETHER):
            scenes = [self.body.posed(grid.centre, turn) for turn in ahead[first:][:_TOGETHER]]
            for image in project_batch(scenes, grid):
                found.append(self._around(image, (middle, middle), (pixel, pixel)))
        front = np.array(found)
        # From behind, half a turn about x, the image is reflected: y becomes -y.
        behind = front[:, :, -np.arange(_ANGLES) % _ANGLES]
        return np.fft.rfft(self._level(np.concatenate([front, behind])))

    def likeness(self, patch: Patch, place: tuple[float, float]) -> Array:
        """Correlate an image, whose middle lies at a place (y, x) [nm], with every aspect.

        Returns
        -------
        ndarray, shape (n, angles)
            Correlation with each aspect, turned in its plane by each angle from x towards y.
        """
        dy, dx = patch.pixel
        pixel = ((place[0] - patch.y[0]) / dy, (place[1] - patch.x[0]) / dx)
        outside = np.median(patch.image[patch.known])
        image = np.where(patch.known, patch.image, outside)
        own = np.fft.rfft(self._level(self._around(image, pixel, (dy, dx))[None])[0])
        return np.fft.irfft((own * self.waves.conj()).sum(axis=1), _ANGLES)

    def scores(self, table: Array, poses: Rotation) -> Array:
        """Look up how well poses (m) go with an image whose table of likeness is given."""
        beams = poses.inv().apply([0.0, 0.0, 1.0])
        nearest = self._tree.query(beams)[1]
        rest = (poses * self.turns[nearest].inv()).as_matrix()
        angle = np.arctan2(rest[:, 1, 0] - rest[:, 0, 1], rest[:, 0, 0] + rest[:, 1, 1])
        step = np.rint(angle / (2 * np.pi) * _ANGLES).astype(int) % _ANGLES
        return table[nearest, step]

    @cached_property
    def poses(self) -> Rotation:
        """Every aspect turned in its plane by every second angle."""
        angles = 2 * np.pi * np.arange(0, _ANGLES, 2) / _ANGLES
        about = Rotation.from_rotvec(angles[:, None] * [0.0, 0.0, 1.0])
        return Rotation.concatenate([about * turn for turn in self.turns])

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.turns.inv().apply([0.0, 0.0, 1.0]))

    def _around(
        self, image: NDArray[np.floating], middle: tuple[float, float], pixel: tuple[float, float]
    ) -> Array:
        """Read an image on circles about a pixel (y, x); shape (radii, angles)."""
        angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
        down = middle[0] + self.radii[:, None] * np.sin(angles) / pixel[0]
        right = middle[1] + self.radii[:, None] * np.cos(angles) / pixel[1]
        return map_coordinates(image, [down, right], order=1, mode="nearest")

    def _level(self, circles: Array) -> Array:
        """Subtract means and divide by norms, where every circle counts as its area."""
        share = self.radii[:, None] / (self.radii.sum() * _ANGLES)
        level = circles - (circles * share).sum(axis=(1, 2), keepdims=True)
        weighed = level * np.sqrt(share)
        return weighed / np.sqrt((weighed**2).sum(axis=(1, 2), keepdims=True)).clip(min=1e-12)
