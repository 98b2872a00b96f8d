"""The microscope that estimates add up to."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TypeVar

from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Frame
from napari_stem3d.analysis.matching.specks import SIZE
from napari_stem3d.simulation import Microscope
from napari_stem3d.simulation.microscope.beam import ELECTRONS_PER_PA_US
from napari_stem3d.simulation.microscope.contrast import number_densities

Stage = TypeVar("Stage")
_USUAL_FILM = 5.0  # nm
_SLOW = ("drift", "settling", "mains", "wide_band", "flyback_error")  # of the scan


def build_microscope(found: dict[str, Estimate], start: Microscope, frame: Frame) -> Microscope:
    """Microscope that reproduces the estimates.

    One image never tells the spread of pulse heights from the gain, nor slow distortions from the
    specimen: the one is part of the gain, the others are off.

    Parameters
    ----------
    found : dict of str to Estimate
        Estimates by name; `electrons` and `dose` are added to them.
    start : Microscope
        Where all else is taken from.
    frame : Frame
        The image; what had to be assumed is added to its notes.
    """
    value = {name: estimate.value for name, estimate in found.items()}
    kept = value["afterglow"] if value["afterglow"] > 2 * found["afterglow"].error else 0.0
    detector = _within(
        start.detector,
        gain=value["gain"],
        pulse_height=0.0,
        afterglow=-start.scan.dwell / math.log(kept) if kept > 0 else 0.0,
        offset=value["offset"],
        read_out=value["read-out"],
        line_noise=value.get("line noise", 0.0),
        bits=frame.bits,
    )
    probe = _within(start.probe, sigma=value.get("blur", 0.0), diffraction=False, defocus=0.0)
    still = dict.fromkeys(_SLOW, 0.0)
    scan = _within(start.scan, jitter=value.get("jitter", 0.0), jitter_memory=0.0, **still)
    beam = _within(start.beam, flicker=value.get("flicker", 0.0))
    microscope = replace(start, beam=beam, probe=probe, scan=scan, detector=detector)
    return _with_film(_with_current(microscope, found, frame), found, frame)


def _with_current(microscope: Microscope, found: dict[str, Estimate], frame: Frame) -> Microscope:
    """Find the current that makes particles, or else the film, as bright as they are."""
    beam, detector = microscope.beam, microscope.detector
    signal, background = found.get("signal"), found.get("background")
    if signal:
        bright, matter = signal, microscope.contrast.per_nm(beam)
        frame.notes.append("The dose is that of particles as thick as they are wide.")
    elif background and background.value > 0:
        bright = background
        matter = _USUAL_FILM * microscope.film.per_nm(beam, microscope.contrast)
        frame.notes.append(f"The dose is that of a carbon film of {_USUAL_FILM:g} nm.")
    else:
        frame.notes.append("Neither particles nor film tell the dose: the current is assumed.")
        return microscope
    electrons = bright.value / (detector.gain * detector.efficiency * matter)
    relative = math.hypot(bright.error / bright.value, found["gain"].error / found["gain"].value)
    area = 100 * math.prod(frame.grid.sampling)  # Å²
    found["electrons"] = Estimate(electrons, electrons * relative, "e/pixel")
    found["dose"] = Estimate(electrons / area, electrons / area * relative, "e/Å²")
    current = electrons / (ELECTRONS_PER_PA_US * microscope.scan.dwell)
    return replace(microscope, beam=_within(beam, current=current))


def _with_film(microscope: Microscope, found: dict[str, Estimate], frame: Frame) -> Microscope:
    """Make a film as bright, as rough and as grainy as the image's.

    The grain tells the number of atoms under the probe, and so how thin the film is; the
    brightness is then left to its scattering per nm.
    """
    level = found["background"].value if "background" in found else 0.0
    area = math.prod(frame.grid.sampling)
    number, signal = (found[n].value if n in found else 0.0 for n in ("specks", "speck signal"))
    level -= 1e-6 * area * number * signal
    if level <= 0:
        return replace(microscope, film=_within(microscope.film, thickness=0.0, specks=0.0))
    thickness, grain = _USUAL_FILM, found["grain"]
    grainy = grain.value > 2 * grain.error
    if grainy:
        ((_, density),) = number_densities("C", microscope.film.density)
        width = microscope.probe.width(microscope.beam)
        atoms = (level / grain.value) ** 2
        thickness = atoms / (density * 4 * math.pi * (width**2 + 0.03**2))
    detected = microscope.detector.gain * microscope.detector.efficiency
    detected *= microscope.electrons_per_pixel
    return replace(
        microscope,
        film=_within(
            microscope.film,
            thickness=thickness,
            attenuation=level / (detected * thickness),
            roughness=found["roughness"].value,
            correlation=found["correlation"].value,
            grain=grainy,
            gradient=0.0,
            specks=number,
            speck_volume=thickness * signal / level * area,
            speck_size=SIZE * math.sqrt(area),
        ),
    )


def _within(stage: Stage, **values: float) -> Stage:
    """Give a stage other values, none beyond its bounds."""
    bounds = {f.name: f.metadata for f in fields(stage) if "min" in f.metadata}  # type: ignore[arg-type]
    inside = {
        name: min(max(value, bounds[name]["min"]), bounds[name]["max"]) if name in bounds else value
        for name, value in values.items()
    }
    return replace(stage, **inside)  # type: ignore[type-var]
