"""The amorphous carbon film under the particles, a background that is neither even nor white."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._filters import smooth_fields
from napari_stem3d.simulation.compute._random import derive, poisson, uniforms
from napari_stem3d.simulation.fields import Checked, quantity, switch
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope._kernels import stamp
from napari_stem3d.simulation.microscope.beam import Beam
from napari_stem3d.simulation.microscope.contrast import Contrast, number_densities

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
_CARBON = 6
_REACH = 4.0  # standard deviations of a speck that are kept
_ATOM = 0.03  # radius of the screened carbon atom, below which no probe sees detail [nm]
_GRAIN, _SLOPE, _SPECKS, _PLACES = 1, 2, 3, 4  # streams beside the thickness's


@dataclass(frozen=True)
class CarbonFilm(Checked):
    """Amorphous carbon support, of mean thickness `thickness` with two kinds of variation.

    Its thickness varies slowly, as the exponential of a Gaussian random field that keeps it
    positive; and a column under the probe holds a number of atoms that scatters by Poisson's law
    about its mean (physics.md, 5.4).

    Specks of contamination lie on it at random, Gaussians of one width whose volumes are
    distributed exponentially; they add ``specks * speck_volume`` to the mean thickness.
    """

    thickness: float = quantity(5.0, "nm", 0.0, 10_000.0, "mean thickness of the support")
    density: float = quantity(2.0, "g/cm³", 0.1, 4.0, "density of its carbon")
    roughness: float = quantity(10.0, "%", 0.0, 100.0, "rms variation of the thickness")
    correlation: float = quantity(10.0, "nm", 0.1, 1000.0, "length over which it varies")
    grain: bool = switch(True, "let the number of atoms under the probe scatter")
    gradient: float = quantity(0.0, "%", 0.0, 100.0, "change of the thickness across the image")
    attenuation: float = quantity(
        0.0, "1/nm", 0.0, 10.0, "fraction scattered per nm; 0: from carbon"
    )
    specks: float = quantity(0.0, "1/µm²", 0.0, 1e8, "number of specks of contamination per area")
    speck_volume: float = quantity(30.0, "nm³", 0.0, 1e9, "mean volume of a speck, as carbon")
    speck_size: float = quantity(1.0, "nm", 0.01, 1000.0, "standard deviation of a speck's shape")

    def per_nm(self, beam: Beam, contrast: Contrast) -> float:
        """Fraction of the electrons scattered per nm of film [1/nm]."""
        if self.attenuation:
            return self.attenuation
        ((_, atoms),) = number_densities("C", self.density)
        return contrast.calibration * atoms * contrast.cross_section(beam, _CARBON)

    def map(self, grid: Grid, keys: Keys, width: float = 0.0) -> Image | float:
        """Carbon along the beam, before the probe passes over it, as a thickness [nm].

        Parameters
        ----------
        grid : Grid
            Pixels of the images.
        keys : ndarray, shape (n,), uint64
            One key per image.
        width : float
            Standard deviation σ of the probe that will blur the map [nm]: the pixels' numbers of
            atoms scatter so that those under the probe, whose area is 4πσ², scatter rightly even
            where pixels are coarser than the probe.

        Returns
        -------
        ndarray, shape (n, ny, nx), float32, or float
            Thicknesses of mean `thickness`, and of what specks add to it, never negative; one
            number where they are all alike.
        """
        carbon = self._even(grid, keys, width)
        if not (self.specks and self.speck_volume):
            return carbon
        if isinstance(carbon, float):
            carbon = np.full((len(keys), *grid.gpts), carbon, np.float32)
        self._add_specks(carbon, grid, keys)
        return carbon

    def _even(self, grid: Grid, keys: Keys, width: float) -> Image | float:
        """Carbon without specks [nm]."""
        carbon = self._slow(grid, keys)
        if not self.grain or self.thickness == 0:
            return carbon
        ((_, density),) = number_densities("C", self.density)
        atoms = np.float32(density * probe_cell(grid, width))
        if isinstance(carbon, float):
            carbon = np.full((len(keys), *grid.gpts), carbon, np.float32)
        carbon *= atoms
        counts: Image = poisson(derive(keys, _GRAIN), carbon)
        counts /= atoms
        return counts

    def _add_specks(self, carbon: Image, grid: Grid, keys: Keys) -> None:
        """Add specks, also such as lie beyond the edge but reach across it."""
        margin = _REACH * self.speck_size
        sides = np.array(grid.extent) + 2 * margin
        expected = np.full((len(keys), 1), 1e-6 * self.specks * math.prod(sides), np.float32)
        counts = poisson(derive(keys, _SPECKS), expected)[:, 0].astype(np.int64)
        numbers = uniforms(derive(keys, _PLACES), (int(counts.max(initial=0)), 3)).astype(float)
        pixel = np.array(grid.sampling)
        numbers[..., :2] = (numbers[..., :2] * sides - margin) / pixel
        numbers[..., 2] = -np.log(numbers[..., 2]) * self.speck_volume / math.prod(pixel)
        stamp(counts, numbers, self.speck_size / pixel, _REACH, carbon)

    def _slow(self, grid: Grid, keys: Keys) -> Image | float:
        """Thickness with its slow variations alone [nm]."""
        if self.thickness == 0 or self.roughness == self.gradient == 0:
            return self.thickness
        carbon: Image
        if self.roughness:
            spread = math.sqrt(math.log1p((self.roughness / 100) ** 2))
            dy, dx = grid.sampling
            carbon = smooth_fields(keys, grid.gpts, (self.correlation / dy, self.correlation / dx))
            carbon *= np.float32(spread)
            carbon += np.float32(math.log(self.thickness) - spread**2 / 2)
            np.exp(carbon, out=carbon)
        else:
            carbon = np.full((len(keys), *grid.gpts), self.thickness, np.float32)
        if self.gradient:
            carbon *= self._gradient(grid, keys)
        return carbon

    def _gradient(self, grid: Grid, keys: Keys) -> Image:
        """Factors that rise evenly across each image, in a direction of its own."""
        angle = 2 * np.pi * uniforms(derive(keys, _SLOPE), (1, 1))
        sine, cosine = np.sin(angle), np.cos(angle)
        y, x = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in grid.gpts)
        along = (sine * y[:, None] + cosine * x) / (abs(sine) + abs(cosine))
        return (1 + self.gradient / 100 * along).astype(np.float32)


def probe_cell(grid: Grid, width: float) -> float:
    """Area of a pixel's independent number of atoms [nm²].

    Blurring white noise by a kernel k leaves ``Σ k²`` of its variance, and the number of atoms
    under a Gaussian probe and one atom of size a has the relative variance
    ``1 / (N t 4π (σ² + a²))``; the cell makes both equal. It is the pixel's own area where the
    probe is resolved.

    Parameters
    ----------
    grid : Grid
        Pixels.
    width : float
        Standard deviation of the probe [nm].
    """
    return 4 * math.pi * (width**2 + _ATOM**2) * math.prod(_kept(width / d) for d in grid.sampling)


def _kept(sigma: float) -> float:
    """Return what a Gaussian blur of `sigma` pixels leaves of the variance of white noise."""
    if sigma > 2:
        return 1 / (2 * math.sqrt(math.pi) * sigma)
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / max(sigma, 1e-9)) ** 2)
    return float((kernel**2).sum() / kernel.sum() ** 2)
