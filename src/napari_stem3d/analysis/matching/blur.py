"""Width of the probe, from how fast the spectrum of the scan lines falls off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_stem3d.analysis.matching.estimates import Estimate, bands, jackknife
from napari_stem3d.analysis.matching.frame import Frame

_PARTS = 8
_SLOWEST = 0.03  # periods per pixel below which the spectrum tells of the arrangement, not of edges
_POWERS = (4.0, 5.0)  # the spectrum of steep rims falls as K⁻⁴, of kinks as K⁻⁵
_UNSEEN = 0.35  # px, the widest probe that can pass for none
_ACROSS = (np.arange(32) + 0.5) / 64  # frequencies across the lines


def measure_blur(frame: Frame, memory: float) -> Estimate | None:
    """Measure the standard deviation of the probe; None where too few lines are whole.

    The projections of bodies have spectra ``A K⁻ⁿ`` in two dimensions, which a Gaussian probe
    multiplies by ``exp(-(2πσK)²)``. Only the spectra of single lines are used, since a line
    displaced as a whole keeps its own: the integral over the frequencies across, to which noise
    adds a constant; afterglow filters both alike. The four numbers are those of the largest
    Whittle likelihood (Ark. Mat. 2 (1953) 423).

    Parameters
    ----------
    frame : Frame
        Image.
    memory : float
        ρ, the fraction of the light that the next pixel keeps.
    """
    whole = frame.known.all(axis=1)
    if whole.sum() < 2 * _PARTS:
        return None
    lines = frame.values[whole]
    count = lines.shape[1]
    taper = np.hanning(count + 2)[1:-1]
    spectra = abs(np.fft.rfft((lines - lines.mean()) * taper)) ** 2 / (taper**2).sum()
    k = np.arange(count // 2 + 1) / count
    use = k >= _SLOWEST
    glow = (1 - memory) ** 2 / abs(1 - memory * np.exp(-2j * np.pi * k[use])) ** 2
    part = bands(len(lines), _PARTS)

    scale = spectra[:, use].mean()

    def fitted(
        parts: Sequence[int], starts: Sequence[float], powers: tuple[float, float] = _POWERS
    ) -> float:
        mean = spectra[np.isin(part, parts)][:, use].mean(axis=0) / glow
        return _fit(mean / scale, k[use], starts, powers)

    everything = range(_PARTS)
    first = fitted(everything, (0.1, 0.6, 4.0))
    (sigma,), (error,) = jackknife(lambda parts: np.sqrt([fitted(parts, [first])]), _PARTS)
    # No image tells the power of its bodies' spectrum; and a narrow probe leaves no trace at all.
    steep, gentle = (np.sqrt(fitted(everything, [first], (n, n))) for n in _POWERS)
    error = np.sqrt(error**2 + (gentle - steep) ** 2 / 12 + max(_UNSEEN - sigma, 0.0) ** 2)
    pixel = frame.grid.sampling[1]
    return Estimate(float(sigma) * pixel, float(error) * pixel, "nm")


def _fit(
    power: NDArray[np.float64],
    k: NDArray[np.float64],
    starts: Sequence[float],
    powers: tuple[float, float],
) -> float:
    """σ² of the Gaussian in a spectrum, in squared pixels."""
    squares = k[:, None] ** 2 + _ACROSS**2
    logs, decay = np.log(squares / squares[0, 0]) / 2, 4 * np.pi**2 * squares
    floor = float(np.log(np.median(power[-len(power) // 4 :]) + 1e-300))

    def loss(p: NDArray[np.float64]) -> float:
        signal = np.exp(p[0] - p[1] * logs - p[2] * decay).mean(axis=1)
        model = signal + np.exp(p[3])
        return float((np.log(model) + power / model).mean())

    limits = [(-50.0, 50.0), powers, (0.0, 50.0), (floor - 20, floor + 3)]
    fits = [
        minimize(loss, [3.0, sum(powers) / 2, s, floor - 1], method="L-BFGS-B", bounds=limits)
        for s in starts
    ]
    return float(min(fits, key=lambda fit: fit.fun).x[2])
