"""Microscopes to start from."""

from __future__ import annotations

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.microscope.beam import Beam
from napari_stem3d.simulation.microscope.contrast import Contrast
from napari_stem3d.simulation.microscope.detector import Detector
from napari_stem3d.simulation.microscope.film import CarbonFilm
from napari_stem3d.simulation.microscope.microscope import Microscope
from napari_stem3d.simulation.microscope.probe import Probe
from napari_stem3d.simulation.microscope.scan import Scan

PRESETS: dict[str, Microscope] = {
    "default": Microscope(),
    # The thickness times a constant: the number of electrons that it scatters.
    "ideal": Microscope(
        film=CarbonFilm(thickness=0.0),
        probe=Probe(sigma=0.0, diffraction=False),
        scan=Scan(drift=0.0, mains=0.0, wide_band=0.0, jitter=0.0),
        detector=Detector(
            efficiency=1.0,
            shot_noise=False,
            gain=1.0,
            pulse_height=0.0,
            afterglow=0.0,
            offset=0.0,
            read_out=0.0,
            bits=0,
        ),
    ),
    # A cold field emitter behind a corrector: a wide cone, a sharp probe, a quiet room.
    "aberration-corrected 200 kV": Microscope(
        Beam(convergence=28.0, current=50.0, flicker=1.0),
        Contrast(inner=70.0, outer=250.0),
        CarbonFilm(thickness=3.0),
        Probe(sigma=0.03, slabs=5),
        Scan(drift=0.5, mains=0.01, wide_band=2.0, jitter=0.005),
        Detector(efficiency=0.9, pulse_height=0.3, read_out=3.0),
    ),
    # A thermal source: a narrow cone, a wide probe, a film as thick as it used to be, 8 bits.
    "tungsten-era": Microscope(
        Beam(high_voltage=100.0, convergence=8.0, current=10.0),
        Contrast(inner=40.0, outer=160.0, saturating=True),
        CarbonFilm(thickness=15.0),
        Probe(sigma=1.0),
        Scan(dwell=32.0, drift=3.0, mains=0.1, jitter=0.05),
        Detector(
            efficiency=0.5, gain=0.3, pulse_height=0.7, afterglow=3.0, offset=10.0, read_out=1.5,
            bits=8,
        ),
    ),
    # What a specimen that the beam destroys allows: 1 pA for 2 µs, 12 electrons per pixel.
    "low dose": Microscope(
        Beam(current=1.0), film=CarbonFilm(thickness=3.0), scan=Scan(dwell=2.0)
    ),
}  # fmt: skip


def get_preset(name: str) -> Microscope:
    """Return the microscope with this name; InputError lists the known ones otherwise."""
    if not isinstance(name, str) or name not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}. Received: {name!r}")
    return PRESETS[name]
