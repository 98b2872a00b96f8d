"""A stack's axes and metadata as one line of text, for files that have no better place for them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from napari_stem3d.signals.stack import Stack


def describe(stack: Stack, **further: Any) -> str:
    """Return everything but the data as JSON, in ASCII."""
    description = {
        "axes": [asdict(axis) for axis in stack.axes],
        "title": stack.title,
        "metadata": stack.metadata,
        **further,
    }
    return json.dumps(description, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return str(value)
