"""Features of images, computed once and kept on disk by the content of image and network."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.inputs import SEGMENTER, predict_images
from napari_stem3d.networks import store
from napari_stem3d.networks.last_layer import FEATURES
from napari_stem3d.signals import write_beside
from napari_stem3d.tasks.folders import Picture

_AT_ONCE = 64  # images in memory
_PLAIN = (1, 3)  # channels of inputs that are images alone; others show what is segmented
_READING = "1"  # changes whenever images are read or scaled in another way


def default_cache() -> Path:
    """Folder for what can be computed again: that of ``XDG_CACHE_HOME``, or ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "napari-stem3d" / "bottlenecks"


@dataclass
class Bottlenecks:
    """Features of pictures.

    Attributes
    ----------
    features : ndarray, shape (images, views, n), float32
        What the backbone says of each view of each image.
    labels : ndarray of int, shape (images,)
        Classes.
    groups : list of str
        The object that each image shows. Images of the same content have the same.
    computed : int
        Number of images that had not been computed before.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: list[str]
    computed: int


def compute(
    backbone: Any,
    pictures: Iterable[Picture],
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Bottlenecks:
    """Compute the features of pictures, but for those whose features are known.

    Parameters
    ----------
    backbone : keras.Model
        Of `load_backbone`.
    pictures : iterable of Picture
        Images; only some of them are in memory at a time.
    cache : Path, optional
        Folder of the features, by default `default_cache`. They are found by the content of the
        image and of the network, so that renamed files are known and changed ones are not.
    progress : callable, optional
        Called with the number of images done.

    Returns
    -------
    Bottlenecks
        Features in the order of the pictures.
    """
    folder = (cache or default_cache()) / _key_of(backbone)
    folder.mkdir(parents=True, exist_ok=True)
    features: list[NDArray[np.float32]] = []
    labels: list[int] = []
    owners: dict[str, str] = {}  # the first object with each content
    groups: list[str] = []
    computed = 0
    for some in _in_parts(pictures):
        keys = [content(picture.image) for picture in some]
        paths = [folder / f"{key}.npy" for key in keys]
        fresh = {path: p.image for path, p in zip(paths, some) if not path.is_file()}
        told = predict_images(backbone, fresh.values(), FEATURES)
        for path, rows in zip(fresh, told):
            with write_beside(path) as beside:
                np.save(beside, rows)
        computed += len(fresh)
        features.extend(np.load(path) for path in paths)
        labels.extend(picture.label for picture in some)
        groups.extend(owners.setdefault(key, p.group) for key, p in zip(keys, some))
        if progress:
            progress(len(labels))
    return Bottlenecks(np.stack(features), np.array(labels), groups, computed)


def content(image: NDArray[np.float32]) -> str:
    """Fingerprint of an image: of its shape and its grey values."""
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()


def _key_of(backbone: Any) -> str:
    """Name of the folder for a backbone: what it computes, and on what it is shown."""
    from napari_stem3d.networks.backbones import fingerprint

    facts = [_READING, fingerprint(backbone)]
    if backbone.inputs[0].shape[-1] not in _PLAIN:
        facts.append(fingerprint(store.load(SEGMENTER).model))
    return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:32]


def _in_parts(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    pictures = iter(pictures)
    while some := list(itertools.islice(pictures, _AT_ONCE)):
        yield some
