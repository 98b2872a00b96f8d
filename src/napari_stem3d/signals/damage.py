"""Damage that readers pass over in silence: files that are shorter than they say."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np


def tiff_damage(path: Path) -> str | None:
    """Say what is missing from a tif file, or None.

    tifffile reads a file that was cut as far as it goes, and returns fewer frames.
    """
    import tifffile

    size = path.stat().st_size
    with tifffile.TiffFile(path) as file:
        if not file.pages:
            return "it has no pages"
        first = file.pages[0].keyframe
        if first.samplesperpixel > 1 and first.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            # What tifffile makes of a stack of three or four frames unless it is told otherwise.
            return (
                f"its {first.samplesperpixel} planes are the colours of one picture, a stack of "
                "grey frames was expected, which tifffile writes with photometric='minisblack'"
            )
        page_ends = [
            offset + count
            for page in file.pages
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]
        # ImageJ writes one page for a large stack, and the other images right behind it.
        stack_ends = [
            series.dataoffset + series.nbytes
            for series in file.series
            if series.dataoffset is not None
        ]
        if max(page_ends + stack_ends, default=0) > size:
            return "its image data ends too early"
        if _next_page(file) >= size:
            return "pages are missing at its end"
        declared = (file.imagej_metadata or {}).get("images", 1)
        if declared > sum(int(np.prod(series.shape[:-2])) for series in file.series):
            return f"it declares {declared} images and holds fewer"
    return None


def _next_page(file: Any) -> int:
    """Position that the last page names for the one after it, 0 where it is the last."""
    layout, handle = file.tiff, file.filehandle
    handle.seek(file.pages[len(file.pages) - 1].offset)
    (tags,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
    handle.seek(tags * layout.tagsize, 1)
    pointer = handle.read(layout.offsetsize)
    if len(pointer) < layout.offsetsize:
        return handle.size
    return struct.unpack(layout.offsetformat, pointer)[0]


def merlin_damage(signal: Any) -> str | None:
    """Say what is missing from a Merlin (.mib) file, which has no total size in itself, or None."""
    properties = signal.original_metadata.get_item("mib_properties")
    if properties is None:
        return None
    pixels = int(np.prod(properties.merlin_size)) * np.dtype(properties.dtype).itemsize
    frame_size = properties.head_size + pixels
    if properties.file_size % frame_size:
        return "its last frame is cut"
    header = signal.original_metadata.get_item("hdr_file")
    declared = int(header["Frames in Acquisition (Number)"]) if header is not None else 0
    present = properties.file_size // frame_size
    if present < declared:
        return f"its header declares {declared} frames and {present} are there"
    return None
