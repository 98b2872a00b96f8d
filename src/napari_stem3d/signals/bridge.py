"""HyperSpy signals to stacks and back, with whatever real signals bring along."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.signals.axes import read_axes
from napari_stem3d.signals.quiet import quiet
from napari_stem3d.signals.stack import Axis, Stack
from napari_stem3d.signals.units import is_diffraction, nanometres

# Rec. 601 weights, which sum to 1: a grey picture saved as RGB keeps its values.
LUMINANCE = {"R": 0.299, "G": 0.587, "B": 0.114}
DIFFRACTION_HINT = "integrate them over a detector first, for example with pyxem or py4DSTEM"
RECIPROCAL_NAMES = frozenset({"kx", "ky", "qx", "qy", "k_x", "k_y", "q_x", "q_y"})


def from_signal(signal: Any) -> Stack:
    """Make a stack of a HyperSpy signal; a lazy signal gives a lazy stack.

    Parameters
    ----------
    signal : hyperspy.signals.BaseSignal
        An image or a stack of images.

    Returns
    -------
    Stack
        Axes in the order of the array: frame axes first, then y and x.

    Raises
    ------
    InputError
        For spectra, complex values, diffraction patterns, 16-bit colour and empty axes.
    """
    title = str(signal.metadata.get_item("General.title", ""))
    return convert(signal, f"The signal '{title}'")


def convert(signal: Any, subject: str) -> Stack:
    """Do what `from_signal` does, calling the signal ``subject`` in error messages."""
    data, manager = signal.data, signal.axes_manager
    if data.ndim < 2 or manager.signal_dimension == 1:
        raise InputError(
            f"{subject} holds spectra or single numbers, an image or a stack of images was "
            f"expected. Received: data of shape {data.shape}."
        )
    if 0 in data.shape:
        raise InputError(
            f"{subject} holds no pixels, at least one along each axis was expected. "
            f"Received: data of shape {data.shape}."
        )
    axes, notes = read_axes(sorted(manager._axes, key=lambda axis: axis.index_in_array))
    _refuse_diffraction(signal, axes, subject)
    if data.dtype.names:
        data = _grey(data, subject)
        notes.append("The colour picture was converted to grey values.")
    if data.dtype.kind not in "biuf":
        hint = ": take the amplitude or the phase first" if data.dtype.kind == "c" else ""
        raise InputError(
            f"{subject} must hold one real number per pixel{hint}. Received: {data.dtype}."
        )
    metadata = signal.metadata.as_dictionary()
    metadata.pop("Markers", None)  # drawings bound to the signal that they came with
    return Stack(
        data=data.astype(data.dtype.newbyteorder("="), copy=False),
        axes=axes,
        title=str(metadata.get("General", {}).get("title", "")),
        metadata=metadata,
        original_metadata=signal.original_metadata.as_dictionary(),
        notes=tuple(notes),
    )


def to_signal(stack: Stack) -> Any:
    """Make a HyperSpy signal of a stack; a lazy stack gives a lazy signal.

    Names, scales, units, offsets, title and both kinds of metadata are kept, so that
    ``from_signal(to_signal(stack))`` is the same stack.
    """
    from hyperspy.api import signals

    axes = [
        {
            "size": size,
            "name": axis.name,
            "scale": axis.scale,
            "offset": axis.offset,
            "units": axis.units,
            "navigate": position < stack.data.ndim - 2,
        }
        for position, (size, axis) in enumerate(zip(stack.data.shape, stack.axes, strict=True))
    ]
    with quiet():
        signal = signals.Signal2D(
            stack.data,
            axes=axes,
            metadata=stack.metadata,
            original_metadata=stack.original_metadata,
        )
        signal.metadata.set_item("General.title", stack.title)
        if stack.is_lazy:
            signal = signal.as_lazy()
        signal_type = signal.metadata.get_item("Signal.signal_type", "")
        if signal_type:
            signal.set_signal_type(signal_type)
    return signal


def _refuse_diffraction(signal: Any, axes: tuple[Axis, ...], subject: str) -> None:
    frames, image = axes[:-2], axes[-2:]
    kind = str(signal.metadata.get_item("Signal.signal_type", ""))
    scanned = len(frames) >= 2 and all(nanometres(axis.units) for axis in frames[-2:])
    # RosettaSciIO calls every Merlin file diffraction, a plain series of images too.
    merlin = len(frames) < 2 and "mib_properties" in signal.original_metadata
    if (
        any(is_diffraction(axis.units) or axis.name in RECIPROCAL_NAMES for axis in image)
        or ("diffraction" in kind and not merlin)
        or scanned
    ):
        what = "4D-STEM data" if len(frames) >= 2 else "diffraction patterns"
        raise InputError(
            f"{subject} holds {what}, images in real space were expected: {DIFFRACTION_HINT}. "
            f"Received: data of shape {signal.data.shape}, axes in "
            f"{', '.join(axis.units or 'pixels' for axis in axes)}."
        )


def _grey(data: Any, subject: str) -> Any:
    names = data.dtype.names
    if not set(LUMINANCE) <= set(names) or any(data.dtype[name] != np.uint8 for name in names):
        raise InputError(
            f"{subject} must hold grey values or an 8-bit colour picture: choose one channel "
            f"first. Received: {data.dtype}."
        )
    weighted = sum(weight * data[name] for name, weight in LUMINANCE.items())
    return (weighted + 0.5).astype(np.uint8)
