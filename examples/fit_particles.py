"""Fit bodies to the particles of a HyperSpy signal, and image what was found again."""

from __future__ import annotations

import sys

import hyperspy.api as hs
import numpy as np

import napari_stem3d as stem3d
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import project


def simulated() -> hs.signals.Signal2D:
    """Return an image of one truncated cuboid, calibrated as a microscope would."""
    grid = stem3d.Grid(gpts=(128, 128), sampling=(0.2, 0.2))
    cuboid = get_shape("cuboid")(a=8.0, b=9.0, c=11.0)
    sample = stem3d.simulate(cuboid, frames=1, deformed_corners=2, grid=grid, seed=11)[0]
    signal = hs.signals.Signal2D(np.asarray(sample.image, float))
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.units = 0.2, "nm"
    return signal


signal = hs.load(sys.argv[1]) if len(sys.argv) > 1 else simulated()
stack = stem3d.from_signal(signal)
frame = stack.frame(0)
labels = stem3d.segment_frame(frame).labels
grid = stem3d.Grid(frame.shape, stack.sampling_nm or (1.0, 1.0))
for fit in stem3d.fit_frame(frame, labels, stack.sampling_nm):
    sizes = ", ".join(f"{n} = {v:.2f} ± {s:.2f}" for n, (v, s) in fit.lengths.items())
    number, chance = next(iter(fit.corners.items()))
    print(f"{fit.particle.shape.name} with {sizes} {fit.unit}, volume {fit.volume[0]:.0f} ± "
          f"{fit.volume[1]:.0f} {fit.unit}³")  # fmt: skip
    print(f"{number} deformed corners with a probability of {chance:.2f}")
    print(f"residual like noise: {fit.believable} (p = {fit.p_value:.2g})")
    print(f"thickest point: {project(fit.particle, grid).max():.1f} {fit.unit}")
