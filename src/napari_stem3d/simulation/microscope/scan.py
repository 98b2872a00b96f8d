"""The scan: when and where each pixel is recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation._filters import shift_rows
from napari_stem3d.simulation._random import normals
from napari_stem3d.simulation.fields import Checked, quantity
from napari_stem3d.simulation.grid import Grid

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Scan(Checked):
    """Raster of the probe, line by line."""

    dwell: float = quantity(10.0, "µs", 1e-6, 1e6, "dwell time per pixel")
    flyback: float = quantity(100.0, "µs", 0.0, 1e6, "time from one line's end to the next line")
    jitter: float = quantity(0.01, "nm", 0.0, 100.0, "standard deviation of each line's new kick")
    jitter_memory: float = quantity(
        0.0, "", 0.0, 0.999, "fraction of the displacement the next line keeps"
    )

    def line_time(self, grid: Grid) -> float:
        """Time from the start of one line to the start of the next [s]."""
        return 1e-6 * (grid.gpts[1] * self.dwell + self.flyback)

    def row_times(self, grid: Grid, start: float = 0.0) -> NDArray[np.float64]:
        """Time of the middle of each row [s], shape (ny,)."""
        middle = 0.5e-6 * grid.gpts[1] * self.dwell
        return start + middle + self.line_time(grid) * np.arange(grid.gpts[0])

    def sample(self, images: Image, grid: Grid, keys: Keys) -> Image:
        """Images (n, ny, nx) sampled along displaced lines."""
        if self.jitter == 0:
            return images
        shifts = self.jitter * normals(keys, grid.gpts[0])
        shifts[:, 0] /= math.sqrt(1 - self.jitter_memory**2)
        for row in range(1, grid.gpts[0]):
            shifts[:, row] += self.jitter_memory * shifts[:, row - 1]
        return shift_rows(images, shifts / grid.sampling[1])
