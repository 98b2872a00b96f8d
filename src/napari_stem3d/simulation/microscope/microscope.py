"""All stages in their physical order.

Matter scatters, the film underneath adds to it, the probe blurs both, the scan samples them at
displaced positions, and only then are electrons counted, so that the shot noise of neighbouring
pixels is independent; what the detector does to the counts comes last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import derive, draw_keys
from napari_stem3d.simulation.compute._threads import share_out
from napari_stem3d.simulation.fields import is_number, is_whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope.beam import Beam
from napari_stem3d.simulation.microscope.contrast import Contrast
from napari_stem3d.simulation.microscope.detector import Detector
from napari_stem3d.simulation.microscope.film import CarbonFilm
from napari_stem3d.simulation.microscope.probe import Probe
from napari_stem3d.simulation.microscope.scan import Scan

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
FILM, SCAN, BEAM = 1, 2, 3  # streams of random numbers
_PART = 1 << 17  # pixels worked on at a time, so that the stages hand them over in the cache


@dataclass(frozen=True)
class Microscope:
    """All stages, in the order of their causes.

    Attributes
    ----------
    beam, contrast, film, probe, scan, detector
        The stages; each is a frozen dataclass of quantities with units and bounds.
    """

    beam: Beam = field(default_factory=Beam)
    contrast: Contrast = field(default_factory=Contrast)
    film: CarbonFilm = field(default_factory=CarbonFilm)
    probe: Probe = field(default_factory=Probe)
    scan: Scan = field(default_factory=Scan)
    detector: Detector = field(default_factory=Detector)

    def __post_init__(self) -> None:
        """Refuse what is no stage, and a detector that the direct beam would hit."""
        for part in fields(self):
            stage, kind = getattr(self, part.name), part.default_factory
            if not isinstance(stage, kind):  # type: ignore[arg-type]
                raise InputError(
                    f"Microscope.{part.name} must be a {kind.__name__}. "  # type: ignore[union-attr]
                    f"Received: {stage!r}"
                )
        if self.beam.convergence > self.contrast.inner:
            raise InputError(
                "Beam.convergence must not be larger than Contrast.inner, or the direct beam "
                f"hits the detector. Received: {self.beam.convergence:g} and "
                f"{self.contrast.inner:g} mrad"
            )

    def images(
        self, thickness: ArrayLike, grid: Grid, keys: Keys, depths: ArrayLike | None = None
    ) -> Image:
        """Images of many thickness maps.

        Parameters
        ----------
        thickness : array_like, shape (n, ny, nx) or (n, K, ny, nx)
            Thickness of the particles along the beam [nm], of K slabs where there are four axes.
        grid : Grid
            Pixels of the maps.
        keys : ndarray, shape (n,), uint64
            One key per image, from `draw_keys`; image i depends on key i and map i alone.
        depths : array_like, shape (K,), optional
            Depth of each slab's middle [nm].

        Returns
        -------
        ndarray, shape (n, ny, nx), float32
            What the detector writes.

        Raises
        ------
        InputError
            If shapes do not fit each other or the probe is wider than the image.
        """
        return self._in_parts(self._scattered, thickness, grid, keys, depths)

    def image(
        self,
        thickness: ArrayLike,
        grid: Grid,
        rng: np.random.Generator,
        depths: ArrayLike | None = None,
    ) -> Image:
        """Image of one thickness map, (ny, nx) or (K, ny, nx) of slabs; see `images`."""
        return self.images(np.asarray(thickness)[None], grid, draw_keys(rng, 1), depths)[0]

    def record(
        self,
        fraction: ArrayLike,
        grid: Grid,
        keys: Keys,
        depths: ArrayLike | None = None,
        margin: int = 0,
    ) -> Image:
        """Images of many specimens of which the scattered fractions are known; see `images`.

        Where the probe must not take the image's edge for what lies beyond, the maps reach beyond
        the image by `margin` pixels on every side.
        """
        if not is_whole(margin, 0):
            raise InputError(f"margin must be a whole number of pixels. Received: {margin!r}")
        return self._in_parts(lambda part: part, fraction, grid, keys, depths, margin)

    @property
    def electrons_per_pixel(self) -> float:
        """Electrons that cross each pixel, ``N = I τ / e``."""
        return self.beam.electrons(self.scan.dwell)

    def dose(self, grid: Grid) -> float:
        """Electrons per area of the specimen [e/Å²]."""
        return self.electrons_per_pixel / (100 * grid.sampling[0] * grid.sampling[1])

    def dose_for(self, relative_noise: float = 0.01, fraction: float = 0.05) -> float:
        """Electrons per pixel at which a flat area has a given relative noise.

        Parameters
        ----------
        relative_noise : float
            Standard deviation over mean of the signal above the black level.
        fraction : float
            Scattered fraction of the area.

        Raises
        ------
        InputError
            If either does not lie between 0 and 1.
        """
        for name, value in (("relative_noise", relative_noise), ("fraction", fraction)):
            if not (is_number(value) and 0 < value <= 1):
                raise InputError(f"{name} must lie between 0 and 1. Received: {value!r}")
        detected = self.detector.electrons_for(relative_noise, self.scan)
        return detected / (fraction * self.detector.efficiency)

    def at_dose(self, electrons_per_pixel: float) -> Microscope:
        """Return the same microscope with the current that gives so many electrons per pixel."""
        if not is_number(electrons_per_pixel) or not 0 < electrons_per_pixel < math.inf:
            raise InputError(
                f"electrons_per_pixel must be a positive number. Received: {electrons_per_pixel!r}"
            )
        current = electrons_per_pixel / replace(self.beam, current=1.0).electrons(self.scan.dwell)
        return replace(self, beam=replace(self.beam, current=current))

    def linear_error(self, thickness: ArrayLike) -> NDArray[np.float64]:
        """By how many percent the linear model is wrong at a thickness [nm]."""
        return self.contrast.linear_error(thickness, self.beam)

    def _in_parts(
        self,
        scattered: Callable[[Image], Image],
        specimens: ArrayLike,
        grid: Grid,
        keys: Keys,
        depths: ArrayLike | None,
        margin: int = 0,
    ) -> Image:
        """Send specimens through all stages, as many at a time as the cache holds."""
        maps = np.asarray(specimens, np.float32)
        slabs = None if depths is None else np.atleast_1d(np.asarray(depths, float))
        wide = Grid((grid.gpts[0] + 2 * margin, grid.gpts[1] + 2 * margin), grid.sampling)
        shape = (len(keys), *(() if slabs is None else (len(slabs),)), *wide.gpts)
        if maps.shape != shape:
            raise InputError(
                "maps must have the shape (keys, [depths,] *grid.gpts), here "
                f"{shape}. Received: {maps.shape}"
            )
        images = np.empty((len(keys), *grid.gpts), np.float32)

        def record(part: slice) -> None:
            if not np.isfinite(maps[part].sum()):
                raise InputError("maps must hold numbers that are finite. Received: NaN or inf")
            images[part] = self._recorded(scattered(maps[part]), grid, wide, keys[part], slabs)

        step = max(1, _PART // (grid.gpts[0] * grid.gpts[1]))
        share_out(record, [slice(start, start + step) for start in range(0, len(keys), step)])
        return images

    def _scattered(self, thickness: Image) -> Image:
        """Scattered fraction of thicknesses; slabs share what their sum scatters."""
        if thickness.ndim == 3 or not self.contrast.saturating:
            return self.contrast.fraction(thickness, self.beam)
        total = thickness.sum(axis=1, keepdims=True)
        shares = np.divide(thickness, total, out=np.zeros_like(thickness), where=total != 0)
        return self.contrast.fraction(total, self.beam) * shares

    def _recorded(
        self,
        fraction: Image,
        grid: Grid,
        wide: Grid,
        keys: Keys,
        depths: NDArray[np.float64] | None,
    ) -> Image:
        """All that follows the scattering by the specimen, which is as wide as `wide`."""
        film = self.film.map(grid, derive(keys, FILM), self.probe.width(self.beam))
        per_nm = np.float32(self.film.per_nm(self.beam, self.contrast))
        if depths is None and wide == grid:
            seen = self.probe.blur(fraction + per_nm * film, grid, self.beam)
        else:
            below = film if isinstance(film, float) else self.probe.blur(film, grid, self.beam)
            (top, left), (ny, nx) = ((w - n) // 2 for w, n in zip(wide.gpts, grid.gpts)), grid.gpts
            seen = self.probe.blur(fraction, wide, self.beam, depths)
            seen = seen[:, top : top + ny, left : left + nx] + per_nm * below
        expected = self.scan.sample(seen, grid, derive(keys, SCAN))
        expected *= np.float32(self.electrons_per_pixel * self.detector.efficiency)
        steadiness = self.beam.steadiness(self.scan.row_times(grid), derive(keys, BEAM))
        if steadiness is not None:
            expected *= steadiness[:, :, None]
        return self.detector.record(expected, self.scan, keys)
