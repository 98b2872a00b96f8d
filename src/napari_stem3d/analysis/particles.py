"""Where the particles of a labelled image lie, and how large they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def measure_particles(
    labels: NDArray[np.integer], sampling_nm: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Position and size of every label.

    Parameters
    ----------
    labels : ndarray of int, shape (ny, nx)
        One number per particle, 0 for the background.
    sampling_nm : tuple of float, optional
        Distance of neighbouring pixels (dy, dx) [nm], where it is known.

    Returns
    -------
    pandas.DataFrame
        One row per particle: ``particle`` (its label), its centre ``y`` and ``x`` (array
        indices), then its area and the diameter of the circle of the same area: ``area_nm2`` and
        ``diameter_nm``, or ``area_px2`` and ``diameter_px`` without calibration.
    """
    from skimage.measure import regionprops_table

    unit = "px" if sampling_nm is None else "nm"
    spacing = np.array(sampling_nm or (1.0, 1.0))
    wanted = ("label", "centroid", "area", "equivalent_diameter_area")
    table = regionprops_table(np.asarray(labels), properties=wanted, spacing=tuple(spacing))
    return pd.DataFrame(
        {
            "particle": table["label"],
            "y": table["centroid-0"] / spacing[0],
            "x": table["centroid-1"] / spacing[1],
            f"area_{unit}2": table["area"],
            f"diameter_{unit}": table["equivalent_diameter_area"],
        }
    )
