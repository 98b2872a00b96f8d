"""Measure the particles of a HyperSpy signal: a file, or simulated cuboids of known volume."""

from __future__ import annotations

import sys

import hyperspy.api as hs
import numpy as np

import napari_stem3d as stem3d
from napari_stem3d.analysis.measurement import as_text


def simulated() -> hs.signals.Signal2D:
    """One frame of three cuboids."""
    grid = stem3d.Grid(gpts=(160, 160), sampling=(0.25, 0.25))
    cuboid = stem3d.simulation.Cuboid(a=8.0, b=10.0, c=12.0)
    sample = stem3d.simulate(cuboid, frames=1, particles=3, grid=grid, seed=2)[0]
    signal = hs.signals.Signal2D(sample.image)
    for axis, scale in zip(signal.axes_manager.signal_axes, grid.sampling[::-1]):
        axis.scale, axis.units = scale, "nm"
    print(f"volume of each cuboid: {cuboid.volume:.0f} nm³")
    return signal


signal = hs.load(sys.argv[1]) if len(sys.argv) > 1 else simulated()
stack = stem3d.from_signal(signal)
frame = stack.frame(0)
found = stem3d.measure_frame(frame, stem3d.segment_frame(frame).labels, stack.sampling_nm)

for row in found.table.itertuples():
    print(
        f"{row.shape} {row.particle}: {row.volume_nm3:.0f} ± {row.volume_nm3_sigma:.0f} nm³, "
        f"area {row.area_nm2:.1f} ± {row.area_nm2_sigma:.1f} nm², {row.vertices} vertices"
    )
    distances = row.corner_distances_nm
    if len(distances):
        first, second = np.unravel_index(distances.argmax(), distances.shape)
        error = row.corner_distances_nm_sigma[first, second]
        print(f"  farthest corners: {distances.max():.2f} ± {error:.2f} nm")
for note in found.notes:
    print(f"note: {note}")
as_text(found.table).to_csv("particles.csv", index=False)
