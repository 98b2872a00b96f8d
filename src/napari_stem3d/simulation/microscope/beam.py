"""The electrons that arrive: their energy, their cone and how steadily they come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._random import uniforms
from napari_stem3d.simulation.fields import Checked, quantity

ELECTRONS_PER_PA_US = 6.241509  # 1 pA µs / e, from the exact elementary charge
REST_ENERGY = 510.998950  # m₀c² of the electron [keV], CODATA 2018
_HC = 1.239841984  # Planck's constant times the speed of light [keV nm], exact
_FLICKER_HZ = np.geomspace(0.5, 100.0, 16)  # frequencies of the flicker, each of the same power


@dataclass(frozen=True)
class Beam(Checked):
    """Electron beam on its way to the specimen."""

    high_voltage: float = quantity(200.0, "kV", 10.0, 3000.0, "acceleration voltage")
    convergence: float = quantity(20.0, "mrad", 0.1, 100.0, "semi-angle of the probe's cone")
    current: float = quantity(20.0, "pA", 1e-6, 1e6, "beam current")
    flicker: float = quantity(0.0, "%", 0.0, 30.0, "rms of the slow variation of the current")

    @property
    def wavelength(self) -> float:
        """Relativistic wavelength ``hc / sqrt(E (E + 2 m₀c²))`` [nm]."""
        energy = self.high_voltage
        return _HC / math.sqrt(energy * (energy + 2 * REST_ENERGY))

    @property
    def mass_ratio(self) -> float:
        """Relativistic mass of the electrons over their mass at rest, ``1 + E / m₀c²``."""
        return 1 + self.high_voltage / REST_ENERGY

    def electrons(self, dwell: float) -> float:
        """Electrons that arrive within `dwell` [µs], ``N = I τ / e``."""
        return ELECTRONS_PER_PA_US * self.current * dwell

    def steadiness(
        self, times: NDArray[np.float64], keys: NDArray[np.uint64]
    ) -> NDArray[np.float32] | None:
        """Return the current over its mean, which wanders as that of a cold field emitter does.

        Waves of random phase whose power falls as 1/f, from half a hertz to a hundred.

        Parameters
        ----------
        times : ndarray, shape (ny,)
            Times [s], as a rule the middles of the scan lines.
        keys : ndarray, shape (n,)
            One key per image.

        Returns
        -------
        ndarray, shape (n, ny), float32, or None
            Factors of mean 1, never negative; None where the current is steady.
        """
        if self.flicker == 0:
            return None
        phases = 2 * np.pi * uniforms(keys, _FLICKER_HZ.shape).astype(float)
        angles = 2 * np.pi * _FLICKER_HZ[:, None] * times
        # cos(a + b) by its sum formula, so that the loop over images is one product of matrices.
        waves = np.cos(phases) @ np.cos(angles) - np.sin(phases) @ np.sin(angles)
        amplitude = self.flicker / 100 * math.sqrt(2 / len(_FLICKER_HZ))
        return np.maximum(1 + amplitude * waves, 0).astype(np.float32)
