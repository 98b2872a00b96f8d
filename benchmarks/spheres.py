"""Real SiO2 spheres: how many are found apart from each other, and how many are called spheres.

The image and the 160 single-layer spheres counted in it by eye are those of the test
``tests/analysis/test_segmentation.py``, which says how they were counted. No network has seen it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
IMAGE = ROOT.parent / "shared" / "data" / "haadf" / "sio2_spheres_haadf.hspy"
SPHERES = ROOT / "tests" / "analysis" / "sio2_spheres.csv"
AREA = np.pi * 2.75**2  # pixels


def main(seed: int) -> None:
    from napari_stem3d.analysis.classification import classify_frame
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.networks.evaluation import proportion
    from napari_stem3d.signals import load

    if not IMAGE.is_file():
        print("The folder of real images, shared/data beside the repository, is missing.")
        return
    image = next(load(IMAGE)[0].frames)
    labels = segment_frame(image).labels
    rows, columns = np.rint(np.loadtxt(SPHERES, delimiter=",", skiprows=1)).astype(int).T
    own = labels[rows, columns]
    area, claims = np.bincount(labels.ravel())[own], np.bincount(own)[own]
    apart = own[(own > 0) & (claims == 1) & (area > AREA / 2) & (area < 2 * AREA)]
    shapes = classify_frame(image, labels).set_index("particle").loc[apart, "shape"]
    for what, hits, trials in (
        ("spheres found apart", len(apart), len(own)),
        ("of those called spheres", int((shapes == "sphere").sum()), len(apart)),
    ):
        share, low, high = (100 * value for value in proportion(hits, trials))
        print(f"{what:24s} {hits:4d} of {trials:4d}  {share:5.1f} % ({low:.1f} to {high:.1f})")
