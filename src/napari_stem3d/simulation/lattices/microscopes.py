"""Microscopes that resolve atoms."""

from __future__ import annotations

from collections.abc import Mapping

from napari_stem3d.simulation.microscope import (
    Beam,
    CarbonFilm,
    Contrast,
    Detector,
    Microscope,
    Probe,
    Scan,
)


def _corrected(high_voltage: float, convergence: float, inner: float, outer: float) -> Microscope:
    return Microscope(
        Beam(high_voltage=high_voltage, convergence=convergence, current=50.0),
        Contrast(inner=inner, outer=outer),
        CarbonFilm(thickness=0.0),
        Probe(sigma=0.025),
        Scan(dwell=20.0, drift=0.1, mains=0.002, wide_band=1.0, jitter=0.002),
        Detector(efficiency=0.9, pulse_height=0.3, read_out=3.0),
    )


# Free specimens in a quiet room behind an aberration corrector. Below 80 kV the beam does not
# knock carbon out of graphene; 60 kV spares its edges too.
ATOMIC: Mapping[str, Microscope] = {
    "60 kV": _corrected(60.0, 32.0, 60.0, 200.0),
    "80 kV": _corrected(80.0, 30.0, 55.0, 200.0),
    "200 kV": _corrected(200.0, 28.0, 60.0, 200.0),
}
