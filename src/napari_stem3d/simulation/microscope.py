"""From thickness to electron counts: the stages of an ADF-STEM image in their physical order.

Scattering comes first, the film underneath adds to it, the probe blurs both, the scan samples
them at displaced positions, and only then are electrons counted, so that the shot noise of
neighbouring pixels is independent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_stem3d._errors import InputError
from napari_stem3d.simulation._rows import shift_rows
from napari_stem3d.simulation.fields import check_bounds, quantity, switch
from napari_stem3d.simulation.grid import Grid

Image = NDArray[np.float32]
ELECTRONS_PER_PA_US = 6.241509  # 1 pA µs / e, from the exact elementary charge


class Stage:
    """One stage; a frozen dataclass whose fields carry units and bounds."""

    def __post_init__(self) -> None:
        """Refuse values outside their bounds."""
        check_bounds(self)


@dataclass(frozen=True)
class Contrast(Stage):
    """Fraction of the electrons that matter scatters onto the annular detector.

    Linear in the thickness t, or ``1 - exp(-μ t)`` once electrons run out (physics.md, 5.2).
    """

    attenuation: float = quantity(
        0.0155, "1/nm", 1e-6, 10.0, "fraction scattered onto the detector per nm (gold: 0.0155)"
    )
    saturating: bool = switch(False, "let thick matter saturate instead of staying linear")

    def fraction(self, thickness: Image) -> Image:
        """Scattered fraction of a thickness map [nm]."""
        if self.saturating:
            return -np.expm1(-self.attenuation * thickness)
        return self.attenuation * thickness


@dataclass(frozen=True)
class CarbonFilm(Stage):
    """Amorphous support: an even background with slow, positive variations of its thickness."""

    thickness: float = quantity(5.0, "nm", 0.0, 10_000.0, "mean thickness of the support")
    attenuation: float = quantity(
        1.9e-4, "1/nm", 0.0, 10.0, "fraction scattered onto the detector per nm of support"
    )
    roughness: float = quantity(10.0, "%", 0.0, 100.0, "rms variation of the thickness")
    correlation: float = quantity(10.0, "nm", 0.1, 1000.0, "length over which it varies")

    def fraction(self, grid: Grid, rng: np.random.Generator) -> Image:
        """Scattered fraction of the film, shape (ny, nx)."""
        even = np.full(grid.gpts, self.thickness * self.attenuation, np.float32)
        if self.roughness == 0 or not even.any():
            return even
        sigma = [self.correlation / d for d in grid.sampling]
        rough = gaussian_filter(rng.standard_normal(grid.gpts, np.float32), sigma, mode="wrap")
        # A white field smoothed by a Gaussian keeps 1 / (4 π σ_y σ_x) of its variance.
        rough *= np.sqrt(4 * np.pi * sigma[0] * sigma[1])
        spread = np.sqrt(np.log1p((self.roughness / 100) ** 2))
        return even * np.exp(spread * rough - spread**2 / 2)


@dataclass(frozen=True)
class Probe(Stage):
    """Gaussian electron probe."""

    sigma: float = quantity(0.15, "nm", 0.0, 100.0, "standard deviation of the probe")

    def blur(self, image: Image, grid: Grid) -> Image:
        """Image convolved with the probe."""
        if self.sigma == 0:
            return image
        return gaussian_filter(image, [self.sigma / d for d in grid.sampling], mode="nearest")


@dataclass(frozen=True)
class LineJitter(Stage):
    """Displacement of each scan line along x, an autoregressive series from line to line."""

    step: float = quantity(0.01, "nm", 0.0, 100.0, "standard deviation of each line's new kick")
    memory: float = quantity(
        0.9, "", 0.0, 0.999, "fraction of the displacement the next line keeps"
    )

    def displace(self, image: Image, grid: Grid, rng: np.random.Generator) -> Image:
        """Image sampled along displaced lines."""
        if self.step == 0:
            return image
        shift = rng.normal(0, self.step / np.sqrt(1 - self.memory**2))
        shifts = np.empty(grid.gpts[0])
        for row, kick in enumerate(rng.normal(0, self.step, grid.gpts[0])):
            shifts[row] = shift = self.memory * shift + kick
        return shift_rows(np.ascontiguousarray(image, np.float32), shifts / grid.sampling[1])


@dataclass(frozen=True)
class Electrons(Stage):
    """Electrons that arrive in each pixel, and their shot noise."""

    current: float = quantity(20.0, "pA", 1e-6, 1e6, "beam current")
    dwell: float = quantity(10.0, "µs", 1e-6, 1e6, "dwell time per pixel")
    efficiency: float = quantity(0.8, "", 1e-6, 1.0, "fraction of scattered electrons detected")
    shot_noise: bool = switch(True, "draw Poisson counts; off gives their expectation")

    @property
    def per_pixel(self) -> float:
        """Electrons that cross each pixel, N = I τ / e."""
        return ELECTRONS_PER_PA_US * self.current * self.dwell

    def count(self, fraction: Image, rng: np.random.Generator) -> Image:
        """Count electrons per pixel, whole numbers where there is shot noise."""
        expected = np.maximum(fraction, 0) * (self.per_pixel * self.efficiency)
        if not self.shot_noise:
            return expected.astype(np.float32)
        return rng.poisson(expected).astype(np.float32)


@dataclass(frozen=True)
class Microscope:
    """All stages, in their order."""

    contrast: Contrast = field(default_factory=Contrast)
    film: CarbonFilm = field(default_factory=CarbonFilm)
    probe: Probe = field(default_factory=Probe)
    jitter: LineJitter = field(default_factory=LineJitter)
    electrons: Electrons = field(default_factory=Electrons)

    def image(self, thickness: Image, grid: Grid, rng: np.random.Generator) -> Image:
        """Image of a thickness map.

        Parameters
        ----------
        thickness : ndarray, shape (ny, nx)
            Thickness of the particles along the beam [nm].
        grid : Grid
            Pixels of the map.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (ny, nx), float32
            Detected electrons per pixel.

        Raises
        ------
        InputError
            If the probe is wider than the image.
        """
        if self.probe.sigma > min(grid.extent):
            raise InputError(
                "Probe.sigma must be smaller than the image, "
                f"{min(grid.extent):g} nm. Received: {self.probe.sigma:g} nm"
            )
        fraction = self.contrast.fraction(thickness) + self.film.fraction(grid, rng)
        blurred = self.probe.blur(fraction.astype(np.float32), grid)
        return self.electrons.count(self.jitter.displace(blurred, grid, rng), rng)
