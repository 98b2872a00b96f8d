"""Which images show one body: each joins the images whose body it shows, or stands alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.counting import Counted, counted
from napari_stem3d.analysis.joint.placing import distinct, joined

Array = NDArray[np.floating]
_SHALLOW = 0.1  # fraction of the edges from which cuts begin at corners without any
_STEPS, _ENOUGH = 15, 0.3
_KEPT, _NEAR = 2, 40.0  # bodies between which later images may decide, and how much they may cost
STRANGER = 0.1  # how probable it is beforehand that an image shows another particle


@dataclass(frozen=True)
class Group:
    """Images that show one body.

    Attributes
    ----------
    images : tuple of int
        Which images, in the order of the looks.
    bundles : tuple of Bundle
        Fits with all corners cut, of which more than one may be in question; the best first.
    counted : Counted
        Fits with fewer cuts, and how probable they are.
    joined : tuple of float
        Logarithm of the evidence with which each image but the first has joined: of one body
        against two.
    """

    images: tuple[int, ...]
    bundles: tuple[Bundle, ...]
    counted: Counted
    joined: tuple[float, ...] = ()


def gather(fits: Sequence[Sequence[Look]], told: Array) -> Iterator[list[Group]]:
    """Sort images by the bodies they show, one image after the other.

    Parameters
    ----------
    fits : sequence of sequences of Look
        Fits to each image alone, the best first.
    told : ndarray, shape (n, 9)
        What a network tells of the number of corners that are cut, from each image alone.

    Yields
    ------
    list of Group
        After each image, the groups of all images so far; the largest first.
    """
    groups: list[Group] = []
    for image, looks in enumerate(fits):
        alone = _group((image,), [Bundle((look,)) for look in looks], told)
        joins = [_join(group, alone, looks, told) for group in groups]
        best = max(range(len(joins)), key=lambda k: joins[k].joined[-1], default=None)
        if best is not None and joins[best].joined[-1] > np.log(STRANGER / (1 - STRANGER)):
            groups[best] = joins[best]
        else:
            groups.append(alone)
        groups = sorted(groups, key=lambda group: -len(group.images))
        yield groups


def _join(group: Group, alone: Group, looks: Sequence[Look], told: Array) -> Group:
    """Let an image join a group, and weigh one body against two."""
    found = joined(group.bundles, looks)
    both = _group(group.images + alone.images, found, told)
    gain = both.counted.log_evidence - group.counted.log_evidence - alone.counted.log_evidence
    return Group(both.images, both.bundles, both.counted, (*group.joined, gain))


def _group(images: tuple[int, ...], found: Sequence[Bundle], told: Array) -> Group:
    """Refine what was found with all corners cut, and count the cuts that are needed."""
    best = distinct(found)[:_KEPT]
    whole = distinct(one.completed(_SHALLOW).refined(_STEPS, _ENOUGH) for one in best)
    kept = tuple(one for one in whole if one.cost < whole[0].cost + _NEAR)
    return Group(images, kept, counted(kept, told[list(images)]))
