"""The annular detector: from electrons to the numbers in a file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._random import derive, normals, poisson
from napari_stem3d.simulation.fields import Checked, quantity, switch, whole
from napari_stem3d.simulation.microscope._kernels import detect
from napari_stem3d.simulation.microscope.scan import Scan

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
_DARK = 1e-8  # afterglow of which single precision sees nothing
COUNTS, PULSES, READ_OUT, LINES = 4, 5, 6, 7  # streams of random numbers


@dataclass(frozen=True)
class Detector(Checked):
    """Scintillator, photomultiplier and converter, in the order of physics.md, 5.6.

    Of the electrons that arrive, Poisson's law counts n; each gives a pulse of a height of its
    own, together ``S ~ Normal(g n, n (g ε)²)``; the scintillator gives the light back over a time,
    so that a pixel keeps ``ρ = exp(-τ / τ_d)`` of the light before it; and the read-out adds a
    black level, noise of each pixel and of each line, rounds, and clips.
    """

    efficiency: float = quantity(0.8, "", 1e-6, 1.0, "fraction of scattered electrons detected")
    shot_noise: bool = switch(True, "draw Poisson counts; off gives their expectation")
    gain: float = quantity(20.0, "ADU/e", 1e-6, 1e6, "mean height of the pulse of an electron")
    pulse_height: float = quantity(0.4, "", 0.0, 5.0, "rms of the pulse heights over their mean")
    afterglow: float = quantity(0.3, "µs", 0.0, 1e4, "decay time of the scintillator")
    offset: float = quantity(100.0, "ADU", -1e6, 1e6, "black level")
    read_out: float = quantity(5.0, "ADU", 0.0, 1e6, "rms of the read-out noise")
    bits: int = whole(16, 0, 24, "depth of the converter; 0 leaves real values")
    line_noise: float = quantity(0.0, "ADU", 0.0, 1e6, "rms of what each line is offset by")

    def record(self, expected: Image, scan: Scan, keys: Keys) -> Image:
        """Values written for an expected number of electrons, in which they are lost.

        While the probe waits for a line to begin, the beam stays on at the line's first pixel.

        Parameters
        ----------
        expected : ndarray, shape (n, ny, nx), float32
            Electrons expected to be detected in each pixel; overwritten.
        scan : Scan
            Dwell time and fly-back.
        keys : ndarray, shape (n,), uint64
            One key per image.

        Returns
        -------
        ndarray, shape (n, ny, nx), float32
            Values, whole numbers from 0 to ``2^bits - 1`` where there is a converter.
        """
        keep = self.glow(scan.dwell)
        rest = expected[:, :, 0].copy()
        black = np.full(rest.shape, self.offset, np.float32)
        if self.line_noise:
            black += np.float32(self.line_noise) * normals(derive(keys, LINES), rest.shape[1])
        counts = poisson(derive(keys, COUNTS), expected) if self.shot_noise else expected
        detect(
            counts.reshape(len(counts), -1),
            np.maximum(rest, 0),
            black,
            derive(keys, PULSES),
            derive(keys, READ_OUT),
            _singles(self.gain, self.gain * self.pulse_height),
            _singles(keep if keep > _DARK else 0.0, self.glow(scan.flyback)),
            _singles(self.read_out, 2**self.bits - 1),
        )
        return counts

    def glow(self, time: float) -> float:
        """Fraction of the light that is still to come after a time [µs]."""
        return math.exp(-time / self.afterglow) if self.afterglow else 0.0

    def noise(self, electrons: float, scan: Scan) -> float:
        """Relative rms of the signal of a flat image, from all that the detector adds.

        ``σ² / s² = (1 + ε²) a / s + (σ_r² + 1/12) / (g s)²`` for s detected electrons, with
        ``a = (1 - ρ) / (1 + ρ)``, what afterglow leaves of the variance, and a twelfth for
        rounding.

        Parameters
        ----------
        electrons : float
            Detected electrons per pixel, s.
        scan : Scan
            Its dwell time.
        """
        counted, written = self._variances(scan)
        return math.sqrt(counted / electrons + written / electrons**2)

    def electrons_for(self, noise: float, scan: Scan) -> float:
        """Electrons to detect per pixel so that a flat image has this relative noise."""
        counted, written = self._variances(scan)
        return (counted + math.sqrt(counted**2 + 4 * noise**2 * written)) / (2 * noise**2)

    def _variances(self, scan: Scan) -> tuple[float, float]:
        """Variance per detected electron, and beside them, in electrons."""
        keep = self.glow(scan.dwell)
        counted = (self.shot_noise + self.pulse_height**2) * (1 - keep) / (1 + keep)
        return counted, (self.read_out**2 + (self.bits > 0) / 12) / self.gain**2


def _singles(*numbers: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(number) for number in numbers)
