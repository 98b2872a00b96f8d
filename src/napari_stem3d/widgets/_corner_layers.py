"""Corners as points and edges as lines, beside the labels that they are of."""

from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d.analysis.measurement import as_arrays
from napari_stem3d.widgets._layers import place_layer

COLOUR = "#f0e442"
SIZE, WIDTH = 3.0, 0.7  # pixels of the points and of the lines


def show_corners(
    labels: Any, viewer: Any, name: str, sampling: tuple[float, float], *, preview: bool
) -> None:
    """Show the corners and edges that the features of a labels layer tell.

    Parameters
    ----------
    labels : napari.layers.Labels
        Layer whose features are the rows of `as_text`.
    viewer : napari.Viewer
        Where the layers go.
    name : str
        What the image is called.
    sampling : tuple of float
        Units of the places in the table per pixel (y, x).
    preview : bool
        Whether the layers may be replaced by the next ones.
    """
    table = labels.features.iloc[1:]
    if "corners_seen" not in table or not table["corners_seen"].astype(float).sum():
        return
    if preview:
        table = table.assign(frame=0)  # the only one of its layer
    points, lines, features = corner_data(table, labels.data.shape[:-2], sampling)
    place = {key: getattr(labels, key) for key in ("scale", "translate", "units", "axis_labels")}
    edges = {"name": f"{name} edges", "edge_color": COLOUR, "edge_width": WIDTH, "opacity": 0.8}
    corners = {"name": f"{name} corners", "face_color": COLOUR, "size": SIZE, "features": features}
    vectors = np.stack([lines[:, 0], lines[:, 1] - lines[:, 0]], axis=1)
    for data, options, kind in ((vectors, edges, "vectors"), (points, corners, "points")):
        style = {"vector_style": "line"} if kind == "vectors" else {"border_width": 0}
        place_layer(
            viewer, (data, options | style | place, kind), f"measure {kind}", preview=preview
        )


def corner_data(
    table: pd.DataFrame, shape: tuple[int, ...], sampling: tuple[float, float]
) -> tuple[Any, Any, pd.DataFrame]:
    """Return places (n, d) of corners, ends (m, 2, d) of edges [array indices], and features."""
    name = next(c for c in table if c in ("corners_nm", "corners_px"))
    points, lines, rows = [], [], []
    for row in as_arrays(table).itertuples():
        frame = np.unravel_index(int(row.frame), shape) if shape else ()
        places = np.array([[*frame, *place] for place in getattr(row, name) / sampling])
        if not len(places):
            continue
        points.append(places)
        lines.append(places[row.edges_seen])
        rows += [(int(row.index), k, p) for k, p in enumerate(row.corners_probability)]
    features = pd.DataFrame(rows, columns=["particle", "corner", "probability"])
    return np.concatenate(points), np.concatenate(lines), features
