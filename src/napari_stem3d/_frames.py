"""One way to apply an image function to every frame of whatever holds the frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_stem3d._errors import InputError

FrameFunction = Callable[[NDArray[Any]], NDArray[Any]]


def map_frames(function: FrameFunction, data: Any, *, dtype: DTypeLike | None = None) -> Any:
    """Apply a function to every image of a stack, and give back the same kind of container.

    Parameters
    ----------
    function : callable
        Takes one frame of shape (y, x) and returns an image of the same shape.
        It must not draw random numbers: dask may run it in any order, and more than once.
    data : ndarray, dask array or HyperSpy Signal2D, shape (..., y, x)
        The last two axes are the image, all axes before them count frames.
    dtype : dtype, optional
        Type of the result, the type of ``data`` unless given. It is never guessed by a trial call.

    Returns
    -------
    ndarray, dask array or HyperSpy signal
        Same shape as ``data``. A dask array, or a lazy signal, stays lazy: the function is not
        called before ``compute``. A signal keeps its axes and metadata.

    Raises
    ------
    InputError
        If ``data`` is no such container, or the function changes the shape of a frame.
    """
    if hasattr(data, "axes_manager"):
        if data.axes_manager.signal_dimension != 2:
            raise InputError(
                "A signal whose signal space is an image was expected. "
                f"Received: {data.axes_manager.signal_dimension} signal dimensions."
            )
        return data._deepcopy_with_new_data(map_frames(function, data.data, dtype=dtype))
    if not hasattr(data, "ndim") or data.ndim < 2:
        raise InputError(
            "An array of shape (..., y, x), as NumPy, dask or HyperSpy hold it, was expected. "
            f"Received: {getattr(data, 'shape', type(data).__name__)}."
        )
    result_type = np.dtype(data.dtype if dtype is None else dtype)
    apply = partial(_apply, function=function, dtype=result_type)
    if hasattr(data, "dask"):
        whole_frames = data.rechunk({data.ndim - 2: -1, data.ndim - 1: -1})
        empty = np.empty((0,) * data.ndim, result_type)
        return whole_frames.map_blocks(apply, dtype=result_type, meta=empty)
    return apply(np.asarray(data))


def _apply(block: NDArray[Any], *, function: FrameFunction, dtype: np.dtype) -> NDArray[Any]:
    result = np.empty(block.shape, dtype)
    for index in np.ndindex(block.shape[:-2]):
        frame = np.asarray(function(block[index]))
        if frame.shape != block.shape[-2:]:
            raise InputError(
                f"The function must return an image of shape {block.shape[-2:]}. "
                f"Received: {frame.shape}."
            )
        # "same_kind" makes a forgotten dtype loud instead of cutting floats to integers.
        np.copyto(result[index], frame, casting="same_kind")
    return result
