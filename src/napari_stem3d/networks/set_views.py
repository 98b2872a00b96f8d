"""How one view of an object is described to the network that judges many; without any Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import CLASSES, MOST_CORNERS, ORBITS

FEATURES = 256  # numbers from which the particle classifier tells its classes
#: What is known of one view, in this order: of the particle classifier, and the radius.
PARTS = {
    "features": FEATURES,
    "shape": len(CLASSES),
    "corners": MOST_CORNERS + 1,
    "orbit": len(ORBITS),
    "edges": 3,
    "radius": 1,
}
VIEW = sum(PARTS.values())
HEADS = ("shape", "corners", "orbit")
RAREST = 1e-7  # probability below which a class counts as excluded, which no image does for sure
_MIDDLE = 20.0  # pixels; a particle's radius is told relative to this one


def pack_views(outputs: Mapping[str, ArrayLike], radius: ArrayLike) -> NDArray[np.float32]:
    """Describe each view of an object by one row of numbers, as `build_set_classifier` reads it.

    Parameters
    ----------
    outputs : mapping of array_like, shape (n, ...)
        What the particle classifier says of each view: probabilities in ``shape``, ``corners``
        and ``orbit``, lengths in ``edges``, and ``features``.
    radius : array_like, shape (n,)
        Radius of the circle around the particle in each view [pixels]; all views must have pixels
        of one size.

    Returns
    -------
    ndarray, shape (n, 330), float32
        Features, logarithms of the probabilities, of the edges' lengths and of the radius.

    Raises
    ------
    InputError
        If the outputs are not those of such a classifier.
    """
    known = {**outputs, "radius": np.reshape(radius, (-1, 1))}
    parts = []
    for name, length in PARTS.items():
        values = np.asarray(known.get(name, ()), np.float64)
        if values.ndim != 2 or values.shape[1] != length:
            raise InputError(
                f"The classifier must tell {name!r} with {length} numbers of each particle, as "
                f"'particle-classes' does. Received: the shape {values.shape}"
            )
        if name == "radius":
            values = np.log(values / _MIDDLE)
        elif name == "edges":
            values = np.log(np.maximum(values, 0.01))
        elif name in HEADS:
            values = np.log(np.maximum(values, RAREST))
        parts.append(values)
    return np.concatenate(parts, axis=1).astype(np.float32)


def split_views(views: Any) -> dict[str, Any]:
    """Parts of rows, as `pack_views` made them, by name; of arrays and of Keras tensors."""
    ends = np.cumsum(list(PARTS.values())).tolist()
    return {
        name: views[..., end - length : end] for (name, length), end in zip(PARTS.items(), ends)
    }
