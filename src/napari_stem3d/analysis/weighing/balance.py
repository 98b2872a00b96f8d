"""What turns grey values into matter: levels of the detector, and how its material scatters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Beam, Contrast
from napari_stem3d.simulation.fields import Checked, quantity

UNITS = ("nm", "px")
_ANY = 1e9  # beyond all grey values


@dataclass(frozen=True)
class Balance(Checked):
    """Calibration of grey values, by which particles are weighed.

    The grey value of a pixel, as a fraction of the beam current, is
    ``p = (I - I_vacuum) / (I_beam - I_vacuum)`` (LeBeau and Stemmer, Ultramicroscopy 108 (2008)
    1653); `contrast` tells how thick matter scatters that fraction. Angles and voltage count only
    for the cross section. The detector's efficiency is in both levels and drops out.

    Attributes
    ----------
    contrast : Contrast
        Material, detector angles, and whether thick matter saturates.
    beam : Beam
        High voltage.
    unit : {"nm", "px"}
        Unit of the lengths that it was calibrated in; pixels only where a particle's volume was
        told in pixels.
    """

    contrast: Contrast = field(default_factory=Contrast)
    beam: Beam = field(default_factory=Beam)
    vacuum: float = quantity(
        0.0, "grey", -_ANY, _ANY, "grey value of vacuum, which is that of the dark detector"
    )
    full_beam: float = quantity(
        0.0, "grey", -_ANY, _ANY, "grey value of the beam on the detector itself; 0: unknown"
    )
    level_error: float = quantity(
        2.0, "%", 0.0, 100.0, "standard error of the difference of both levels"
    )
    cross_section_error: float = quantity(
        30.0, "%", 0.0, 100.0, "standard error of what a nm of the material scatters"
    )
    sampling_error: float = quantity(
        1.0, "%", 0.0, 100.0, "standard error of the distance of pixels, which counts twice"
    )
    grey_per_electron: float = quantity(
        0.0, "grey", 0.0, _ANY, "variance of the noise over the signal; 0: from the image"
    )
    unit: str = "nm"

    def __post_init__(self) -> None:
        """Refuse levels the wrong way round, units that are none, and parts of other kinds."""
        super().__post_init__()
        for name, kind in (("contrast", Contrast), ("beam", Beam)):
            if not isinstance(getattr(self, name), kind):
                raise InputError(
                    f"Balance.{name} must be a {kind.__name__}. Received: {getattr(self, name)!r}"
                )
        if self.unit not in UNITS:
            raise InputError(f"Balance.unit must be nm or px. Received: {self.unit!r}")
        if self.full_beam and self.full_beam <= self.vacuum:
            raise InputError(
                "Balance.full_beam must be larger than Balance.vacuum. "
                f"Received: {self.full_beam:g} and {self.vacuum:g}"
            )

    @property
    def is_calibrated(self) -> bool:
        """Whether the level of the full beam is known, without which volumes are relative."""
        return self.full_beam != 0

    @property
    def span(self) -> float:
        """Grey values between vacuum and the full beam; 1 where they are unknown."""
        return self.full_beam - self.vacuum if self.is_calibrated else 1.0

    @property
    def per_length(self) -> float:
        """Fraction that matter scatters per nm, or per px; 1 where levels are unknown."""
        return self.contrast.per_nm(self.beam) if self.is_calibrated else 1.0

    @property
    def saturating(self) -> bool:
        """Whether grey values are converted with saturation, which takes known levels."""
        return self.contrast.saturating and self.is_calibrated

    @property
    def atoms_per_nm3(self) -> float:
        """Atoms of all elements in a nm³ of the material."""
        from napari_stem3d.simulation.microscope.contrast import number_densities

        densities = number_densities(self.contrast.material, self.contrast.density)
        return math.fsum(count for _, count in densities)

    def fraction(self, signal: ArrayLike) -> NDArray[np.float64]:
        """Fraction of the beam current of grey values above their background."""
        return np.asarray(signal, float) / self.span
