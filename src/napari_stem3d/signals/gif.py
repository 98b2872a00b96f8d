"""Animated GIFs for talks and web pages: 8 bits, with everything that is known as a comment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.signals.described import describe
from napari_stem3d.signals.stack import Stack

FRAME = 0.1  # s, where the axis of the frames is no time
SHORTEST = 0.02  # s: viewers show anything shorter at a pace of their own
GREYS = (0.1, 99.9)  # percentiles that become black and white


def write_gif(stack: Stack, path: Path) -> None:
    """Write all frames, on one scale of greys, at the pace of the time axis where there is one.

    The comment of the file holds axes and metadata as JSON, and under ``greys`` the values that
    became black and white.
    """
    from PIL import Image

    low, high = _greys(stack)
    pictures = (Image.fromarray(_to_bytes(frame, low, high), mode="L") for frame in stack.frames)
    time = stack.axes[0]
    pace = time.scale if stack.data.ndim == 3 and time.units == "s" else FRAME
    next(pictures).save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures,
        duration=max(round(1000 * pace), round(1000 * SHORTEST)),
        loop=0,
        optimize=False,
        comment=describe(stack, greys=[low, high]).encode("ascii"),
    )


def _greys(stack: Stack) -> tuple[float, float]:
    """Return the values that become black and white, the same in all frames."""
    ends = []
    for frame in stack.frames:
        finite = frame[np.isfinite(frame)]
        if finite.size:
            ends.append(np.percentile(finite, GREYS))
    if not ends:
        return 0.0, 1.0
    lows, highs = zip(*ends)
    return float(min(lows)), float(max(highs))


def _to_bytes(frame: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    scaled = (np.nan_to_num(frame.astype(float), nan=low) - low) * (255 / max(high - low, 1e-300))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
