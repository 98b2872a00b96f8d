"""Whether a dose suffices to see what is wrong with a particle."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import PRESETS, Microscope
from napari_stem3d.simulation.scenes.particle import Particle
from napari_stem3d.simulation.scenes.scene import Scene

#: Distance d' of two images, in standard deviations, from which on they can be told apart.
THRESHOLD = 3.0
_ENDLESS = 60.0  # logarithm of a dose that is beyond all others


@dataclass(frozen=True)
class Detectability:
    """How well a deformed particle can be told from the whole one.

    Attributes
    ----------
    index : float
        Distance d' of the two images, in standard deviations of the noise.
    electrons : float
        Electrons per pixel at which d' would be 3; infinite where none suffice.
    """

    index: float
    electrons: float

    @property
    def detectable(self) -> bool:
        """Whether d' reaches 3, at which a threshold between errs once in 15 images."""
        return self.index >= THRESHOLD


def detect_deformation(
    particle: Particle,
    microscope: Microscope,
    grid: Grid,
    *,
    reference: Particle | None = None,
) -> Detectability:
    """Tell how far a particle's image lies from that of the same particle without deformations.

    The ideal observer, who knows both images and where they lie, sums up what the pixels tell:
    ``d'² = Σ ΔN² / (N (1 + ε²) + σ²)``, with N the electrons detected in a pixel, ΔN their
    difference, ε the rms height of a pulse and σ the read-out noise in electrons (physics.md, P-5).
    Afterglow, which only spreads signal and noise alike, costs nothing; what film and scan do to
    the image is not counted.

    Parameters
    ----------
    particle : Particle
        The deformed particle, where it lies in the image.
    microscope : Microscope
        With the dose.
    grid : Grid
        Pixels of the image.
    reference : Particle, optional
        What it is to be told from; the particle without its deformations by default.

    Returns
    -------
    Detectability
        The distance at this dose, and the dose for a distance of 3.

    Raises
    ------
    InputError
        If neither deformations nor a reference are given.
    """
    if reference is None:
        if not particle.deformations:
            raise InputError(
                "particle must have deformations, or a reference to be told from. "
                f"Received: a {particle.shape.name} without"
            )
        reference = dataclasses.replace(particle, deformations=())
    quiet = _without_noise(microscope)
    rng = np.random.default_rng(0)  # nothing is drawn from it, for nothing is random
    deformed, whole = (
        Scene((p,), grid, quiet).image(rng).image.astype(float) for p in (particle, reference)
    )
    detector, dose = microscope.detector, microscope.electrons_per_pixel
    counted = (detector.shot_noise + detector.pulse_height**2) * (deformed + whole) / 2
    written = (detector.read_out**2 + (detector.bits > 0) / 12) / detector.gain**2
    signal = (deformed - whole) ** 2

    def index(log_factor: float) -> float:
        """Return d' at a factor times the dose."""
        factor = math.exp(log_factor)
        variance = factor * counted + written
        with np.errstate(divide="ignore"):  # a signal without noise tells everything
            told = np.divide(signal, variance, out=np.zeros_like(signal), where=signal > 0)
        return factor * math.sqrt(told.sum())

    if not signal.any():
        return Detectability(0.0, math.inf)
    if index(-_ENDLESS) >= THRESHOLD:  # without any noise, one electron tells
        return Detectability(index(0.0), 0.0)
    enough = brentq(lambda x: math.log(index(x) / THRESHOLD), -_ENDLESS, _ENDLESS)
    return Detectability(index(0.0), dose * math.exp(enough))


def _without_noise(microscope: Microscope) -> Microscope:
    """Return the microscope whose images are the electrons expected to be detected."""
    ideal = PRESETS["ideal"]
    scan = microscope.scan
    return dataclasses.replace(
        microscope,
        beam=dataclasses.replace(microscope.beam, flicker=0.0),
        contrast=dataclasses.replace(microscope.contrast, diffraction=0.0),
        film=dataclasses.replace(microscope.film, roughness=0.0, grain=False, gradient=0.0),
        scan=dataclasses.replace(ideal.scan, dwell=scan.dwell, flyback=scan.flyback),
        detector=dataclasses.replace(ideal.detector, efficiency=microscope.detector.efficiency),
    )
