"""Result layers: labels that are unique through the stack, their table, and previews."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Layer
from numpy.typing import NDArray

from napari_stem3d.signals import Stack, to_layer_data

LayerData = tuple[Any, dict[str, Any], str]
ROLE, PREVIEW = "stem3d_role", "stem3d_preview"  # in a layer's metadata
# Okabe and Ito's colours, which colour-blind readers tell apart; grey instead of their black.
COLOURS = "#e69f00 #56b4e9 #009e73 #f0e442 #0072b2 #d55e00 #cc79a7 #999999".split()
PALE = "#f5d799 #bbe1f6 #99d8c7 #faf5c0 #99c7e0 #eebf99 #ebc9dc #d6d6d6".split()  # halfway to white
TAKEN_OVER = {"name", "scale", "translate", "units", "axis_labels", "metadata", "features"}


def place_layer(viewer: Any, described: LayerData, role: str, *, preview: bool) -> Layer:
    """Add a layer, or let it take the place of the preview of the same role.

    A preview is changed and never removed, so that it keeps how the user shows it. Besides, with
    Mesa's software OpenGL napari dies when layers are drawn after others were removed.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layer goes.
    described : tuple
        Data, arguments and type of the layer.
    role : str
        Panel and kind of result.
    preview : bool
        Whether the layer is a preview, whose place the next one of its role may take.

    Returns
    -------
    napari.layers.Layer
        The layer in the viewer.
    """
    data, options, kind = described
    kept = [one for one in viewer.layers if one.metadata.get(ROLE) == role and is_preview(one)]
    if kept:
        layer = kept[0]
        layer.data = data
        for key in TAKEN_OVER & options.keys():
            setattr(layer, key, options[key])
    else:
        layer = Layer.create(data, options, kind)
    layer.metadata.update({ROLE: role, PREVIEW: preview})
    if preview:
        layer.name = f"preview of {options['name']}"
    if not kept:
        viewer.add_layer(layer)
    return layer


def is_preview(layer: Any) -> bool:
    """Whether a layer shows one frame until the next preview or result takes its place."""
    return bool(layer.metadata.get(PREVIEW))


def is_thickness(layer: Any) -> bool:
    """Whether a layer is a thickness map of ours, and so no image to be segmented."""
    return str(layer.metadata.get(ROLE, "")).endswith("thickness")


class FrameLayer:
    """A layer on the axes of an image that is filled frame by frame.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layer is added.
    source : Stack
        The image.
    name, layer_type : str
        Of the layer; napari numbers names that are taken.
    role : str
        Panel and kind of result.
    only : int, optional
        The one frame that the layer shall have, at its place in the source, for a preview.
    **options
        Further arguments of the layer.
    """

    def __init__(
        self,
        viewer: Any,
        source: Stack,
        name: str,
        layer_type: str,
        role: str,
        *,
        only: int | None = None,
        **options: Any,
    ) -> None:
        shape, axes = source.data.shape, list(source.axes)
        if only is not None:
            place = np.unravel_index(only, shape[:-2])
            shape = (1,) * len(place) + shape[-2:]
            for i, index in enumerate(place):
                axes[i] = replace(axes[i], offset=axes[i].offset + float(index) * axes[i].scale)
        self.only = only
        # Zeros take no memory before they are written.
        data = np.zeros(shape, np.int32 if layer_type == "labels" else np.float32)
        described = to_layer_data(Stack(data, tuple(axes), name), layer_type, **options)
        self.layer = place_layer(viewer, described, role, preview=only is not None)

    def set_frame(self, index: int, frame: NDArray[Any]) -> None:
        """Show frame `index` of the source."""
        shape = self.layer.data.shape[:-2]
        self.layer.data[np.unravel_index(0 if self.only is not None else index, shape)] = frame
        self.layer.refresh()


class ParticleLayer(FrameLayer):
    """A labels layer with one row of features per particle, dense and unique through the stack.

    Parameters
    ----------
    viewer, source, name, role, **options
        See `FrameLayer`.

    Attributes
    ----------
    count : int
        Number of particles so far.
    """

    def __init__(self, viewer: Any, source: Stack, name: str, role: str, **options: Any) -> None:
        options = {"features": features_table([], []), **options}
        super().__init__(viewer, source, name, "labels", role, **options)
        self.count = 0
        self._tables: list[pd.DataFrame] = []
        self._frames: list[int] = []

    def add(self, index: int, labels: NDArray[np.int32], table: pd.DataFrame) -> None:
        """Show the particles of frame `index`, labelled 1 … n in the order of the table's rows."""
        self.set_frame(index, raise_labels(labels, self.count))
        self.count += len(table)
        self._tables.append(table)
        self._frames.append(index)

    def update_features(self) -> pd.DataFrame:
        """Give the layer the rows of all frames so far, and return those of the particles."""
        self.layer.features = features_table(self._tables, self._frames)
        return self.layer.features.iloc[1:]


def raise_labels(labels: NDArray[np.int32], offset: int) -> NDArray[np.int32]:
    """Count the particles of a frame from `offset` on; the background stays 0."""
    return np.where(labels > 0, labels + np.int32(offset), 0).astype(np.int32)


def features_table(tables: Sequence[pd.DataFrame], frames: Sequence[int]) -> pd.DataFrame:
    """Join the rows of several frames into the features of one labels layer.

    napari takes row n for label n, and row 0 for the background. The column ``index`` makes it
    show the row of the particle under the pointer.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        One per frame with one row per particle, in the order of the frame's labels.
    frames : sequence of int
        Index of each frame.

    Returns
    -------
    pandas.DataFrame
        Columns ``index`` (the label) and ``frame``, then those of the tables.
    """
    rows = [
        table.drop(columns="particle", errors="ignore").assign(frame=frame)
        for table, frame in zip(tables, frames)
        if len(table)
    ]
    joined = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame({"frame": []})
    joined.index += 1
    # As objects, or the empty row of the background would make floats of whole numbers.
    whole = joined.select_dtypes("integer").columns
    joined = joined.astype(dict.fromkeys(whole, object)).reindex(range(len(joined) + 1))
    joined.insert(0, "frame", joined.pop("frame"))
    joined.insert(0, "index", joined.index)
    return joined
