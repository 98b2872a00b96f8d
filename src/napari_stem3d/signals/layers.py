"""Stacks to napari layers and back, as plain tuples and attributes: napari is not imported."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.signals.axes import unique_names
from napari_stem3d.signals.stack import Axis, Stack

KEY = "stem3d"
PIXEL = "pixel"  # napari's word; "px" would be the CSS pixel, 1/96 inch


def to_layer_data(
    stack: Stack, layer_type: str = "image", **options: Any
) -> tuple[Any, dict[str, Any], str]:
    """Describe a stack as a napari ``LayerDataTuple``.

    Parameters
    ----------
    stack : Stack
        Lazy data stays lazy.
    layer_type : str
        "image" or "labels".
    **options
        Further arguments of the layer, such as ``name``, ``features`` or ``colormap``; those
        given here win over what the stack says.

    Returns
    -------
    tuple
        Data, arguments (name, scale, translate, units, axis_labels, metadata), layer type.
        ``metadata["stem3d"]`` keeps what `from_layer` needs for a lossless way back.
    """
    arguments = {
        "name": stack.title or "image",
        "metadata": {
            KEY: {
                "axes": [asdict(axis) for axis in stack.axes],
                "title": stack.title,
                "metadata": stack.metadata,
                "original_metadata": stack.original_metadata,
                "notes": list(stack.notes),
                "path": str(stack.path) if stack.path else "",
            }
        },
        **geometry(stack.axes),
    }
    return stack.data, {**arguments, **options}, layer_type


def geometry(axes: tuple[Axis, ...]) -> dict[str, Any]:
    """Describe axes as the arguments scale, translate, units and axis_labels of a layer.

    Every layer on the same axes must get these, or napari finds the units inconsistent and
    shows no scale bar.
    """
    units = [axis.units or PIXEL for axis in axes]
    scale, translate = [axis.scale for axis in axes], [axis.offset for axis in axes]
    if (units[-1] == PIXEL) != (units[-2] == PIXEL):
        # One calibrated image axis alone would stretch the picture, and nothing can be measured.
        units[-2:], scale[-2:], translate[-2:] = [PIXEL] * 2, [1.0] * 2, [0.0] * 2
    return {
        "scale": tuple(scale),
        "translate": tuple(translate),
        "units": tuple(units),
        "axis_labels": tuple(axis.name for axis in axes),
    }


def from_layer(layer: Any) -> Stack:
    """Make a stack of a napari Image or Labels layer.

    What `to_layer_data` kept is used, unless the layer was calibrated or cut anew in the meantime.

    Parameters
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        Of a multiscale layer, the full resolution is taken.

    Raises
    ------
    InputError
        For colour pictures and layers that are no images.
    """
    kind = "colour picture" if getattr(layer, "rgb", False) else layer.as_layer_data_tuple()[2]
    if kind not in ("image", "labels"):
        raise InputError(
            f"The layer '{layer.name}' must be an image of grey values or labels. Received: {kind}."
        )
    data = layer.data[0] if layer.multiscale else layer.data
    kept = layer.metadata.get(KEY, {})
    axes = tuple(Axis(**axis) for axis in kept.get("axes", ()))
    if len(axes) != data.ndim or not _matches(layer, axes):
        axes = _axes_of(layer)
    return Stack(
        data=data,
        axes=axes,
        title=kept.get("title", "") or layer.name,
        metadata=kept.get("metadata", {}),
        path=Path(kept["path"]) if kept.get("path") else None,
        original_metadata=kept.get("original_metadata", {}),
        notes=tuple(kept.get("notes", ())),
    )


def _matches(layer: Any, axes: tuple[Axis, ...]) -> bool:
    import pint

    registry = pint.get_application_registry()
    expected = geometry(axes)
    return (
        np.allclose(layer.scale, expected["scale"], rtol=1e-9, atol=0)
        and np.allclose(layer.translate, expected["translate"], rtol=1e-9, atol=0)
        and [registry.Unit(unit) for unit in layer.units]
        == [registry.Unit(unit) for unit in expected["units"]]
    )


def _axes_of(layer: Any) -> tuple[Axis, ...]:
    # napari counts nameless axes from the end: "-3", "-2", "-1".
    labels = [label if not label.lstrip("-").isdigit() else "" for label in layer.axis_labels]
    units = ["" if str(unit) == PIXEL else f"{unit:~}" for unit in layer.units]
    return tuple(
        Axis(name, float(scale), float(offset), unit)
        for name, scale, offset, unit in zip(
            unique_names(labels), layer.scale, layer.translate, units, strict=True
        )
    )
