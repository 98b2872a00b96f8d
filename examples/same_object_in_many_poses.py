"""Make images of one object in random poses, and fit one body to some of them."""

from __future__ import annotations

import numpy as np

import napari_stem3d as stem3d
from napari_stem3d.analysis.joint.together import fit_together
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

frames = [np.asarray(sample.image, float) for sample in data[:3]]
labels = [stem3d.segment_frame(frame).labels for frame in frames]
together = fit_together(frames, labels, (dy, dx))
print(together.sentence)
for name, (length, error) in together.lengths.items():
    print(f"edge {name}: {length:.2f} ± {error:.2f} {together.unit}")
print(together.table.filter(["image", "belongs", "p_value", "about_more"]).to_string(index=False))
