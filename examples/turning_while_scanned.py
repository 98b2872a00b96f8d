"""Ask of each cuboid of an image whether it moved while it was scanned: a file, or a simulation."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

import napari_stem3d as stem3d
from napari_stem3d.analysis.fitting.frame import fit_frame
from napari_stem3d.analysis.fitting.motion import detect_motion
from napari_stem3d.signals import from_signal
from napari_stem3d.simulation import PRESETS, CarbonFilm, Contrast, Cuboid, Grid, Motion, Probe


def simulated() -> object:
    """HyperSpy signal of one cuboid that turns by 12 degrees in a scan."""
    import hyperspy.api as hs

    ideal = PRESETS["ideal"]
    microscope = replace(
        ideal,
        contrast=Contrast(attenuation=1e-3),
        film=CarbonFilm(2.0, attenuation=1e-3, roughness=0.0, grain=False),
        probe=Probe(0.2, diffraction=False),
        scan=replace(ideal.scan, jitter=0.02, jitter_memory=0.9),
        detector=replace(ideal.detector, shot_noise=True),
    ).at_dose(80 / 1e-3)  # 80 counts per nm
    grid = Grid((128, 128), (0.2, 0.2))
    frame_time = 128 * microscope.scan.line_time(grid)
    data = stem3d.simulate(
        Cuboid(9.0, 11.0, 13.0),
        deformed_corners=2,
        grid=grid,
        microscope=microscope,
        motion=Motion(rotation=12 / frame_time, axis="x"),
        seed=3,
    )
    signal = hs.signals.Signal2D(data[0].image)
    for axis, name in zip(signal.axes_manager.signal_axes, "xy"):
        axis.name, axis.scale, axis.units = name, 0.2, "nm"
    return signal


stack = stem3d.load(sys.argv[1])[0] if len(sys.argv) > 1 else from_signal(simulated())
frame, sampling = next(stack.frames), stack.sampling_nm
labels, _ = stem3d.segment_frame(frame)
height = len(frame) * (sampling[0] if sampling else 1.0)
rows = []
for fit in fit_frame(frame, labels, sampling, shapes=["cuboid"]):
    motion = detect_motion(fit.look, height)
    rows.append({"particle": fit.label, **motion.columns(unit=fit.unit)})
    print(motion.table().round(3).to_string())
table = pd.DataFrame(rows).set_index("particle")
print(np.round(table, 3).T.to_string())
