"""How training images vary: everything that an unknown microscope may do to them.

Lengths are in pixels here (the grids have a sampling of 1 "nm"), because a network sees pixels.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from napari_stem3d.simulation import PRESETS, CarbonFilm, Contrast, Microscope, Probe

_IDEAL = PRESETS["ideal"]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between those of `low` and `high`."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def random_microscope(rng: np.random.Generator, radius: float, fewest: float = 10) -> Microscope:
    """Microscope that images particles of a given radius [px] well, badly, or in between.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    radius : float
        Typical radius of the particles [px].
    fewest : float
        Fewest counts per pixel where a particle is as thick as its radius.

    Returns
    -------
    Microscope
        `fewest` to 10,000 counts per pixel where a particle is as thick as its radius, 0 to 2
        times that signal from the film, a probe and line jitter from negligible to a tenth of the
        radius or a pixel and a half, and now and then a saturating signal.
    """
    attenuation = rng.uniform(0.05, 0.8) / radius
    counts = log_uniform(rng, fewest, 10_000)
    background = rng.uniform(0, 0.5) if rng.random() < 0.85 else rng.uniform(0.5, 2)
    blur = min(log_uniform(rng, 0.01, 0.1) * radius, 4.0)
    microscope = replace(
        _IDEAL,
        contrast=Contrast(attenuation=attenuation, saturating=bool(rng.random() < 0.3)),
        film=CarbonFilm(
            thickness=background * radius,
            attenuation=attenuation,
            roughness=rng.uniform(0, 15) if rng.random() < 0.5 else 0.0,
            correlation=rng.uniform(0.3, 3) * radius,
            grain=False,
        ),
        probe=Probe(max(blur, rng.uniform(0.2, 1.0)), diffraction=False),
        scan=replace(
            _IDEAL.scan,
            jitter=rng.uniform(0, 0.012) * radius if rng.random() < 0.7 else 0.0,
            jitter_memory=0.9,
        ),
        detector=replace(_IDEAL.detector, shot_noise=bool(rng.random() < 0.95)),
    )
    return microscope.at_dose(counts / (attenuation * radius))
