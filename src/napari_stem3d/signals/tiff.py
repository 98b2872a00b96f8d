"""Calibrated tif files that ImageJ, DigitalMicrograph and HyperSpy read alike."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.signals.described import describe
from napari_stem3d.signals.stack import Axis, Stack
from napari_stem3d.signals.units import nanometres

# Tags of DigitalMicrograph, each for (x, y, frame): HyperSpy reads offsets and units there.
UNITS, OFFSET, SCALE = (65003, 65004, 65005), (65006, 65007, 65008), (65009, 65010, 65011)
IMAGEJ_UNITS = {"µm": "micron", "um": "micron", "Å": "angstrom"}
FRAME_AXES = ("slices", "frames")
# Key of the line that holds what ImageJ has no words for, as `described.describe` tells it.
DESCRIPTION = "stem3d"
# A resolution is a fraction of two 32-bit integers: outside, digits or the value itself are lost.
RESOLUTION_RANGE = (1e-6, 1e6)


def write_tiff(stack: Stack, path: Path) -> None:
    """Write a stack of up to two frame axes, one frame at a time.

    HyperSpy's own writer stops with pixels above 43 nm and cannot hold two frame axes.
    """
    import tifffile

    shape = stack.data.shape
    if len(shape) > 4:
        raise InputError(
            "A tif file holds at most two frame axes, choose the ending .hspy or .npz for more. "
            f"Received: data of shape {shape}."
        )
    dtype = np.dtype(np.uint8) if stack.data.dtype == bool else stack.data.dtype
    stack = replace(stack, axes=(*stack.axes[:-2], *map(_printable, stack.axes[-2:])))
    y, x = stack.axes[-2:]
    tifffile.imwrite(
        path,
        (frame.astype(dtype, copy=False) for frame in stack.frames),
        shape=(stack.frame_count, *shape[-2:]),
        dtype=dtype,
        bigtiff=stack.data.nbytes >= 2**32 - 2**25,
        photometric="minisblack",
        resolution=(1 / x.scale, 1 / y.scale),
        resolutionunit="none",
        software="napari-stem3d",
        description=_imagej_description(stack),
        metadata=None,
        extratags=_digital_micrograph_tags(stack),
    )


def _printable(axis: Axis) -> Axis:
    """Return the axis in nm if its own units make numbers that a resolution cannot hold."""
    low, high = RESOLUTION_RANGE
    factor = nanometres(axis.units)
    if factor is not None and not low <= axis.scale <= high:
        axis = Axis(axis.name, axis.scale * factor, axis.offset * factor, "nm")
    if not low <= axis.scale <= high:
        raise InputError(
            f"A tif file cannot hold the pixel size along '{axis.name}', choose the ending .hspy "
            f"or .npz. Received: {axis.scale:g} {axis.units}."
        )
    return axis


def _imagej_description(stack: Stack) -> str:
    counts = stack.data.shape[:-2]
    lines = ["ImageJ=1.11a", f"images={stack.frame_count}"]
    names = FRAME_AXES[1:] if _is_movie(stack) else FRAME_AXES
    lines += [f"{name}={n}" for name, n in zip(names, reversed(counts), strict=False)]
    if len(counts) == 2:
        lines.append("hyperstack=true")
    unit = unicodedata.normalize("NFKC", stack.axes[-1].units).replace("μ", "µ")
    lines.append(f"unit={IMAGEJ_UNITS.get(unit, unit)}")
    if len(counts) == 1:
        lines.append(f"{'finterval' if _is_movie(stack) else 'spacing'}={stack.axes[0].scale!r}")
    lines.append(f"{DESCRIPTION}={describe(stack)}")
    return "\n".join([*lines, ""]).encode("ascii", "replace").decode()


def _is_movie(stack: Stack) -> bool:
    return stack.data.ndim == 3 and stack.axes[0].units == "s"


def _digital_micrograph_tags(stack: Stack) -> list[tuple[int, str, int, object, bool]]:
    # With two frame axes the single third set of tags would be read for both of them.
    axes: tuple[Axis, ...] = stack.axes if stack.data.ndim == 3 else stack.axes[-2:]
    tags: list[tuple[int, str, int, object, bool]] = []
    for axis, units, offset, scale in zip(reversed(axes), UNITS, OFFSET, SCALE, strict=False):
        text = axis.units.replace("μ", "µ").encode("latin-1", "replace")
        tags.append((units, "s", len(text) + 1, text + b"\0", False))
        tags.append((offset, "d", 1, axis.offset, False))
        tags.append((scale, "d", 1, axis.scale, False))
    return tags
