"""The container between files, HyperSpy and napari: an array with calibrated axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.signals.units import nanometres


@dataclass(frozen=True)
class Axis:
    """One axis: index ``i`` lies at ``offset + i * scale``, in ``units``.

    Attributes
    ----------
    name : str
        Name, unique within a stack.
    scale : float
        Step between two indices, positive.
    offset : float
        Position of index 0, the centre of the first pixel.
    units : str
        Units as pint spells them; empty for an axis that is not calibrated.
    """

    name: str
    scale: float = 1.0
    offset: float = 0.0
    units: str = ""


@dataclass(frozen=True, eq=False)
class Stack:
    """An image, or a stack of images of one size.

    Attributes
    ----------
    data : ndarray or dask array, shape (..., y, x)
        Real values in native byte order; all axes before the last two count frames.
    axes : tuple of Axis
        One per dimension of ``data``, in the same order.
    title : str
        What the data is called.
    metadata : dict
        Nested dictionary, organised as HyperSpy's ``signal.metadata``.
    path : Path or None
        File that the data was read from.
    original_metadata : dict
        What the instrument wrote, untouched, as HyperSpy's ``signal.original_metadata``.
    notes : tuple of str
        What was changed or left out while reading, one sentence each.
    """

    data: Any
    axes: tuple[Axis, ...]
    title: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    original_metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = getattr(self.data, "shape", ())
        if len(shape) < 2 or len(self.axes) != len(shape):
            raise InputError(
                "A stack needs data of shape (..., y, x) and one axis per dimension. "
                f"Received: shape {shape} and {len(self.axes)} axes."
            )

    @property
    def is_lazy(self) -> bool:
        """Whether the data is a dask array, which is read only when it is needed."""
        return hasattr(self.data, "dask")

    @property
    def frame_count(self) -> int:
        """Number of images, 1 for a single one."""
        return math.prod(self.data.shape[:-2])

    @property
    def frames(self) -> Iterator[NDArray[Any]]:
        """The images, (y, x) each, in C order; of lazy data one at a time is in memory."""
        for index in range(self.frame_count):
            yield self.frame(index)

    def frame(self, index: int) -> NDArray[Any]:
        """Return one image of shape (y, x), counted along the flattened frame axes in C order."""
        position = np.unravel_index(index, self.data.shape[:-2]) if self.data.ndim > 2 else ()
        if not self.is_lazy:
            return np.asarray(self.data[position])
        try:
            return self.data[position].compute()
        except Exception as error:
            name = self.path.name if self.path else self.title
            raise InputError(
                f"Frame {index} of {name} cannot be read, the file may be incomplete or gone. "
                f"Received: {type(error).__name__}."
            ) from error

    @property
    def sampling_nm(self) -> tuple[float, float] | None:
        """Pixel size (dy, dx) in nm, or None where an image axis has no length units."""
        y, x = self.axes[-2:]
        factors = nanometres(y.units), nanometres(x.units)
        if factors[0] is None or factors[1] is None:
            return None
        return y.scale * factors[0], x.scale * factors[1]

    @property
    def calibrated(self) -> bool:
        """Whether the size of a pixel is known in nm."""
        return self.sampling_nm is not None
