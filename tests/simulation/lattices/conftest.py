"""A microscope that shows what scatters and nothing else, and what periods an image has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_stem3d.simulation import PRESETS, Contrast, Microscope, Probe


@pytest.fixture(scope="session")
def sharp() -> Microscope:
    """Every scattered electron counted where the atom is; an atom's signal is Z to the 1.7."""
    return replace(PRESETS["ideal"], contrast=Contrast(exponent=1.7))


@pytest.fixture(scope="session")
def blurred(sharp: Microscope) -> Microscope:
    """The same with a probe as wide as that of a corrected microscope."""
    return replace(sharp, probe=Probe(sigma=0.035, diffraction=False))


@pytest.fixture(scope="session")
def periods() -> Callable[..., NDArray[np.float64]]:
    """Shifts (dy, dx) [px] of one half plane under which an image repeats, shortest first."""

    def measure(image: NDArray[np.floating], like: float = 0.93) -> NDArray[np.float64]:
        size = [2 * n for n in image.shape]

        def correlate(values: NDArray[np.floating]) -> NDArray[np.float64]:
            return np.fft.irfft2(np.abs(np.fft.rfft2(values, size)) ** 2, size)

        flat = image.astype(float) - image.mean()
        reach = [n // 3 for n in image.shape]
        pairs = np.maximum(correlate(np.ones(image.shape)), 1)
        found = np.roll(correlate(flat) / pairs, reach, axis=(0, 1))
        found = found[: 2 * reach[0] + 1, : 2 * reach[1] + 1] / found[reach[0], reach[1]]
        peaks = np.argwhere((found == maximum_filter(found, 7)) & (found > like))
        shifts = []
        for y, x in peaks:
            if 0 < y < len(found) - 1 and 0 < x < found.shape[1] - 1:
                shifts.append(
                    [
                        place - half + 0.5 * (low - high) / (low - 2 * found[y, x] + high)
                        for place, half, low, high in (
                            (y, reach[0], found[y - 1, x], found[y + 1, x]),
                            (x, reach[1], found[y, x - 1], found[y, x + 1]),
                        )
                    ]
                )
        every = np.array([s for s in shifts if s[0] > 1 or (abs(s[0]) <= 1 and s[1] > 1)])
        return every[np.argsort(np.hypot(*every.T))]

    return measure
