"""Find and name the particles of every frame of a stack: a file, or a simulated one."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import napari_stem3d as stem3d
from napari_stem3d.plugins import get_shape
from napari_stem3d.signals import Axis, Stack


def simulated() -> Stack:
    """Two frames of four spheres each."""
    grid = stem3d.Grid(gpts=(256, 256), sampling=(0.25, 0.25))
    sphere = get_shape("sphere")(diameter=12.0)
    data = stem3d.simulate(sphere, frames=2, particles=4, grid=grid, seed=4)
    axes = (Axis("frame"), Axis("y", 0.25, units="nm"), Axis("x", 0.25, units="nm"))
    return Stack(np.stack([sample.image for sample in data]), axes, "spheres")


stack = stem3d.load(sys.argv[1])[0] if len(sys.argv) > 1 else simulated()
tables = []
for index, frame in enumerate(stack.frames):
    labels, thickness = stem3d.segment_frame(frame)
    tables.append(stem3d.classify_frame(frame, labels).assign(frame=index))

table = pd.concat(tables)
print(table[["frame", "particle", "y", "x", "shape", "shape_probability"]].to_string(index=False))
