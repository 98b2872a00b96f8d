"""Weigh the particles of a HyperSpy signal: volumes, atoms and heights with error bars."""

from __future__ import annotations

import numpy as np

import napari_stem3d as stem3d
from napari_stem3d.plugins import get_shape

# An image as a microscope gives it: gold spheres of 5 to 9 nm. `hs.load` gives such a signal too.
microscope = stem3d.PRESETS["default"]
grid = stem3d.Grid(gpts=(192, 192), sampling=(0.25, 0.25))
spheres = [get_shape("sphere")(diameter) for diameter in (5.0, 7.0, 9.0)]
sample = stem3d.simulate(spheres, particles=5, frames=1, grid=grid, seed=3)[0]
axes = (stem3d.Axis("y", 0.25, units="nm"), stem3d.Axis("x", 0.25, units="nm"))
signal = stem3d.to_signal(stem3d.Stack(sample.image, axes, "gold spheres"))

# Grey values of vacuum, and of the beam on the detector itself: a scan over the detector tells.
detector = microscope.detector
full_beam = detector.offset + detector.gain * detector.efficiency * microscope.electrons_per_pixel
balance = stem3d.Balance(
    microscope.contrast, microscope.beam, vacuum=100.0, full_beam=full_beam, level_error=1.0
)

stack = stem3d.from_signal(signal)
frame = stack.frame(0)
labels = stem3d.segment_frame(frame).labels
weighing = stem3d.weigh_frame(frame, labels, stack.sampling_nm, balance)
columns = ["particle", "volume_nm3", "volume_nm3_sigma", "atoms", "height_nm", "height_nm_sigma"]
print(weighing.table[columns].round(1).to_string(index=False))
print("truth:", np.round([p.volume for p in sample.particles], 1), "nm³")

# The cross section is known to 30 %. One particle of known size replaces it for all others.
known = stem3d.balance_from_particles(
    frame, labels, 1, volume=weighing.table["volume_nm3"][0], error=3.0, sampling=(0.25, 0.25)
)
again = stem3d.weigh_frame(frame, labels, stack.sampling_nm, known)
print(again.table[columns[:3]].round(1).to_string(index=False))
