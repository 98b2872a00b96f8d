"""How the stage was tilted, as the metadata of images tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_stem3d.signals.stack import Stack

_DEGREES = {"°", "deg", "degree", "degrees"}


def stage_tilts(stack: Stack) -> list[tuple[float, float] | None]:
    """Tilts of every frame of a stack.

    Parameters
    ----------
    stack : Stack
        Image or stack. An axis of frames in degrees tells alpha; else, and for beta, the metadata
        ``Acquisition_instrument.TEM.Stage.tilt_alpha`` and ``tilt_beta`` do, as HyperSpy names
        them, which hold for all frames.

    Returns
    -------
    list of tuple or None
        (alpha, beta) [degrees] for each frame; None where no alpha is told.
    """
    told = _stage(stack.metadata)
    alpha, beta = _angle(told.get("tilt_alpha")), _angle(told.get("tilt_beta")) or 0.0
    alphas = np.full(stack.data.shape[:-2], np.nan if alpha is None else alpha)
    for k, axis in enumerate(stack.axes[:-2]):
        if axis.units.strip().lower() in _DEGREES:
            along = axis.offset + axis.scale * np.arange(stack.data.shape[k])
            alphas[:] = np.expand_dims(along, tuple(range(1, alphas.ndim - k)))
    return [None if np.isnan(own) else (own, beta) for own in alphas.ravel().tolist()]


def _stage(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    node: Any = metadata
    for name in ("Acquisition_instrument", "TEM", "Stage"):
        node = node.get(name, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, Mapping) else {}


def _angle(value: Any) -> float | None:
    try:
        angle = float(value)
    except (TypeError, ValueError):
        return None
    return angle if np.isfinite(angle) else None
