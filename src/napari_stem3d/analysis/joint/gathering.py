"""Which images show one body: each joins the images whose body it shows, or stands alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.counting import Counted, counted
from napari_stem3d.analysis.joint.placing import distinct, joined

Array = NDArray[np.floating]
_SHALLOW = 0.1  # fraction of the edges from which cuts begin at corners without any
_STEPS, _ENOUGH = 15, 0.3
_KEPT, _NEAR = 2, 40.0  # bodies between which later images may decide, and how much they may cost
_SAME_LENGTH = 0.05  # relative difference of lengths up to which two bodies are one
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
    told : ndarray, shape (n, 9)
        What a network tells of the number of cut corners from each image alone.
    gain : float
        Logarithm of the evidence of one body against two with which the last image has joined, or
        was refused by others; NaN where there were none.
    """

    images: tuple[int, ...]
    bundles: tuple[Bundle, ...]
    counted: Counted
    told: Array
    gain: float = np.nan

    @property
    def belongs(self) -> float:
        """Probability that the last image shows the body of the others."""
        return float(expit(self.gain + logit(1 - STRANGER)))


def alone(image: int, looks: Sequence[Look], told: Array) -> Group:
    """Group of one image.

    Parameters
    ----------
    image : int
        Which image.
    looks : sequence of Look
        Fits to it, the best first.
    told : ndarray, shape (9,)
        What a network tells of the number of cut corners.

    Returns
    -------
    Group
        Of that image.
    """
    return _group((image,), [Bundle((look,)) for look in differing(looks)[:_KEPT]], told[None])


def join(group: Group, single: Group) -> Group:
    """Let an image join a group, whether it belongs to it or not; see `Group.belongs`."""
    both = _group(
        group.images + single.images,
        joined(group.bundles, single.bundles),
        np.concatenate([group.told, single.told]),
    )
    two = group.counted.log_evidence + single.counted.log_evidence
    return replace(both, gain=both.counted.log_evidence - two)


def gather(singles: Iterable[Group]) -> Iterator[list[Group]]:
    """Sort images by the bodies they show, one image after the other.

    Parameters
    ----------
    singles : iterable of Group
        Of each image alone.

    Yields
    ------
    list of Group
        After each image, the groups of all images so far; the largest first.
    """
    groups: list[Group] = []
    for single in singles:
        refused = np.nan
        for k, group in enumerate(groups):
            both = join(group, single)
            if both.belongs > 1 / 2:
                groups[k] = both
                break
            refused = np.fmax(refused, both.gain)
        else:
            groups.append(replace(single, gain=float(refused)))
        groups = sorted(groups, key=lambda group: -len(group.images))
        yield groups


def differing(looks: Sequence[Look]) -> list[Look]:
    """Choose looks at bodies of different lengths, whatever corners they lack."""
    kept: list[Look] = []
    for look in looks:
        sizes = _sizes(look)
        if not any(np.allclose(sizes, _sizes(other), rtol=_SAME_LENGTH) for other in kept):
            kept.append(look)
    return kept


def _sizes(look: Look) -> Array:
    return np.sort(list(look.what.variable.lengths.values()))


def _group(images: tuple[int, ...], found: Sequence[Bundle], told: Array) -> Group:
    """Refine what was found with all corners cut, and count the cuts that are needed."""
    best = distinct(found)[:_KEPT]
    whole = distinct(one.completed(_SHALLOW).refined(_STEPS, _ENOUGH) for one in best)
    kept = tuple(one for one in whole if one.cost < whole[0].cost + _NEAR)
    return Group(images, kept, counted(kept, told), told)
