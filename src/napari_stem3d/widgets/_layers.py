"""Result layers: labels that are unique through the stack, their table, and previews."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PREVIEW = "stem3d_preview"


def remove_previews(viewer: Any, owner: str) -> None:
    """Remove the preview layers that one panel has added."""
    for layer in [one for one in viewer.layers if one.metadata.get(PREVIEW) == owner]:
        viewer.layers.remove(layer)


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
        Columns ``index`` (the label), ``frame``, then those of the tables.
    """
    filled = [t.assign(frame=frame) for t, frame in zip(tables, frames) if len(t)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    table = table.drop(columns=["index", "particle", "frame"], errors="ignore").assign(
        frame=table.get("frame", pd.Series(dtype=int))
    )
    table.index += 1
    table = table.reindex(range(len(table) + 1))
    table.insert(0, "index", table.index)
    table.insert(1, "frame", table.pop("frame").astype("Int64"))
    return table
