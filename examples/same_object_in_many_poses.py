"""Make images of one object in random poses, and see that the truth about them agrees."""

from __future__ import annotations

import numpy as np

import napari_stem3d as stem3d
from napari_stem3d.simulation import Beam, Cuboid, Microscope, Scan

cuboid = Cuboid(a=8.0, b=10.0, c=12.0)
microscope = Microscope(Beam(current=50.0), scan=Scan(dwell=20.0))
data = stem3d.simulate(cuboid, frames=8, microscope=microscope, seed=1)

dy, dx = data[0].grid.sampling
volumes = [sample.thickness.sum() * dy * dx for sample in data]
print(f"volume of the cuboid    {cuboid.volume:8.1f} nm³")
print(
    f"sum of its projections  {np.mean(volumes):8.1f} nm³, ± {np.std(volumes):.1f} over the poses"
)
for sample in data:
    truth = sample.truth()[0]
    print(f"{truth['orientation_xyzw']}  brightest pixel {sample.image.max():6.0f}")
