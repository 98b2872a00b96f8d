"""Atomic-resolution samples as layers: the images, and every column of atoms as a point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.signals import Stack, to_layer_data
from napari_stem3d.simulation import LatticeSample, Microscope
from napari_stem3d.simulation.lattices import CLASSES
from napari_stem3d.widgets._layers import COLOURS, LayerData, place_layer
from napari_stem3d.widgets._samples import image_axes, simulated_metadata

CLASS_COLOURS = dict(zip(CLASSES, (COLOURS[1], COLOURS[5], COLOURS[0], COLOURS[3], COLOURS[6])))
DIAMETER = 0.12  # nm, of the ring about a column
SHOWN = ["class", "element", "atoms"]  # first, under the pointer


def atom_layers(
    samples: Sequence[LatticeSample], name: str, microscope: Microscope
) -> list[LayerData]:
    """Describe samples as two layers: the images, and points with the truth as their features."""
    grid = samples[0].grid
    images = np.stack([sample.image for sample in samples])
    described = Stack(images, image_axes(grid), name, simulated_metadata(microscope, grid, name))
    places = [np.insert(s.positions, 0, frame, axis=1) for frame, s in enumerate(samples)]
    tables = [pd.DataFrame(s.truth()).assign(frame=frame) for frame, s in enumerate(samples)]
    features = pd.concat(tables, ignore_index=True)
    features = features[SHOWN + [column for column in features if column not in SHOWN]]
    image = to_layer_data(described)
    points = {key: image[1][key] for key in ("scale", "translate", "units", "axis_labels")}
    return [
        image,
        (
            np.concatenate(places),
            {
                **points,
                "name": f"{name} truth",
                "features": features,
                "face_color": "transparent",
                "border_color": [CLASS_COLOURS[kind] for kind in features["class"]],
                "border_width": 0.15,
                "size": DIAMETER / grid.sampling[1],
                "out_of_slice_display": False,
            },
            "points",
        ),
    ]


def add_atoms(
    viewer: Any, samples: Sequence[LatticeSample], name: str, microscope: Microscope
) -> pd.DataFrame:
    """Add the layers of samples to a viewer, the images in place of their preview.

    Returns
    -------
    pandas.DataFrame
        The truth, one row per site.
    """
    for described, role in zip(atom_layers(samples, name, microscope), ("image", "truth")):
        layer = place_layer(viewer, described, f"lattice {role}", preview=False)
        if role == "image":
            layer.reset_contrast_limits()
    return layer.features


def count_classes(features: pd.DataFrame) -> str:
    """Return the legend and the number of sites of each class as rich text."""
    counts = features["class"].value_counts()
    rows = "".join(
        f"<tr><td><font color='{CLASS_COLOURS[kind]}'>○</font> {kind}</td>"
        f"<td align='right'>{counts[kind]}</td></tr>"
        for kind in CLASSES
        if kind in counts
    )
    return f"<table cellspacing='5'><tr><th>class</th><th>sites</th></tr>{rows}</table>"
