"""The electron probe: how wide it is at each depth, and how it blurs what it passes over."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._filters import blur
from napari_stem3d.simulation.fields import Checked, quantity, switch, whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope.beam import Beam

Image = NDArray[np.float32]
_FWHM = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian, in standard deviations


@dataclass(frozen=True)
class Probe(Checked):
    """Gaussian electron probe.

    In focus its width is that of the source with the aberrations, and of diffraction at the
    aperture, in quadrature. Out of focus the cone adds a disc of diameter ``2 α |z - Δf|``, whose
    standard deviation along an axis, a quarter of its diameter, is added in quadrature too. Matter
    that is thick against the depth of field λ/α² is therefore cut into `slabs`, each of which is
    blurred by the probe at its own depth (physics.md, 5.3).
    """

    sigma: float = quantity(0.1, "nm", 0.0, 100.0, "standard deviation of source and aberrations")
    diffraction: bool = switch(True, "add diffraction at the aperture, a width of 0.51 λ/α")
    defocus: float = quantity(0.0, "nm", -100_000.0, 100_000.0, "depth of the focus")
    slabs: int = whole(1, 1, 9, "slabs along the beam, each blurred by the probe at its depth")

    def width(self, beam: Beam, depth: float = 0.0) -> float:
        """Width of the probe at a depth, its standard deviation [nm]."""
        diffraction = 510 * beam.wavelength / beam.convergence / _FWHM if self.diffraction else 0.0
        disc = 0.5e-3 * beam.convergence * (depth - self.defocus)
        return math.hypot(self.sigma, diffraction, disc)

    def blur(
        self, images: Image, grid: Grid, beam: Beam, depths: NDArray[np.float64] | None = None
    ) -> Image:
        """Images as the probe sees them.

        Parameters
        ----------
        images : ndarray, shape (n, ny, nx) or (n, K, ny, nx), float32
            Scattered fractions, of K slabs where there are four axes.
        grid : Grid
            Pixels of the images.
        beam : Beam
            Electrons.
        depths : ndarray, shape (K,), optional
            Depth of each slab's middle [nm]; an image without slabs lies at depth 0.

        Returns
        -------
        ndarray, shape (n, ny, nx), float32
            The sum of the blurred slabs.

        Raises
        ------
        InputError
            If the probe is wider than the image.
        """
        if depths is None:
            return self._blurred(images, grid, beam, 0.0)
        total = self._blurred(images[:, 0], grid, beam, float(depths[0]))
        for slab, depth in enumerate(depths[1:], start=1):
            total = total + self._blurred(images[:, slab], grid, beam, float(depth))
        return total

    def _blurred(self, images: Image, grid: Grid, beam: Beam, depth: float) -> Image:
        width = self.width(beam, depth)
        if width > min(grid.extent):
            raise InputError(
                "Probe.sigma, with diffraction and defocus, must be smaller than the image, "
                f"{min(grid.extent):g} nm. Received: {width:g} nm"
            )
        if width == 0:
            return images
        return blur(images, (width / grid.sampling[0], width / grid.sampling[1]))
