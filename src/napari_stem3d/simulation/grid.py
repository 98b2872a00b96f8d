"""Pixels of an image and where they lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number, is_pair, is_whole


@dataclass(frozen=True)
class Grid:
    """Raster of beam positions; the origin is the centre of the first pixel.

    Attributes
    ----------
    gpts : tuple of int
        Number of rows and columns (ny, nx).
    sampling : tuple of float
        Distance of neighbouring pixels (dy, dx) [nm].
    """

    gpts: tuple[int, int] = (128, 128)
    sampling: tuple[float, float] = (0.2, 0.2)

    def __post_init__(self) -> None:
        """Refuse empty rasters and distances that are not positive."""
        if not is_pair(self.gpts) or not all(is_whole(n, 1, 65_536) for n in self.gpts):
            raise InputError(
                "gpts must be two whole numbers of pixels (ny, nx) between 1 and 65536. "
                f"Received: {self.gpts!r}"
            )
        if not is_pair(self.sampling) or not all(
            is_number(d) and 0 < d < math.inf for d in self.sampling
        ):
            raise InputError(
                f"sampling must be two positive lengths (dy, dx) in nm. Received: {self.sampling!r}"
            )

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width of the image [nm]."""
        return (self.gpts[0] * self.sampling[0], self.gpts[1] * self.sampling[1])

    @property
    def centre(self) -> tuple[float, float]:
        """Position (y, x) of the middle of the image [nm]."""
        return tuple((n - 1) / 2 * d for n, d in zip(self.gpts, self.sampling))  # type: ignore[return-value]
