"""Which hand a body has: decided from signed tilts, and from nothing less."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.patch import Noise
from napari_stem3d.analysis.identifying.both_hands import (
    Explained,
    compare,
    followed,
    searched,
)
from napari_stem3d.analysis.identifying.isolation import isolate
from napari_stem3d.analysis.identifying.poses import Progress
from napari_stem3d.analysis.identifying.renaming import is_chiral, mirrored
from napari_stem3d.analysis.identifying.stage import (
    Tilt,
    as_tilt,
    tells_hand,
    widest_angle,
)
from napari_stem3d.simulation import Particle, Shape

#: What one projection, or any number without signed tilts, tells of a hand.
NOT_IDENTIFIABLE = "not identifiable from one projection"
SURE = 0.95  # probability from which on there is an answer
_STRANGE = 2.0  # misfit above which the body is not what the images show

TiltLike = Tilt | float | Sequence[float]


@dataclass(frozen=True, eq=False)
class Hand:
    """What images tell of the hand of a body.

    Attributes
    ----------
    hand : str or None
        ``"left-handed"`` or ``"right-handed"`` where the shape knows these words, else ``"as
        given"`` or ``"mirror image"``; None where nothing tells.
    probabilities : dict of str to float
        Of both.
    sentence : str
        The answer, or why there is none.
    particle : Particle, optional
        The body that explains the images best, in its pose at zero tilt.
    off : float
        Misfit of that explanation, about 1 where it is good; NaN without one.
    """

    hand: str | None
    probabilities: dict[str, float]
    sentence: str
    particle: Particle | None = None
    off: float = np.nan

    @property
    def is_decided(self) -> bool:
        """Whether there is an answer."""
        return self.hand is not None


def decide_hand(
    images: Sequence[ArrayLike],
    body: Shape | Particle,
    tilts: Sequence[TiltLike | None] | None = None,
    *,
    sampling: tuple[float, float],
    labels: Sequence[NDArray[np.integer]] | None = None,
    spread: float = 0.1,
    noise: Noise | None = None,
    search: bool = True,
    tick: Progress = lambda: None,
) -> Hand:
    """Decide whether images show a body or its mirror image.

    A projection is the same for a body and for its mirror image at a plane across the beam. Between
    two projections from directions in the specimen that are known with their signs, they differ:
    the mirror image turns the other way. Both hands are laid over all images, in the poses,
    dimensions and settings that suit each best, and their probabilities follow from the evidence.

    Parameters
    ----------
    images : sequence of array_like, shape (ny, nx)
        Images of one particle, bright on a dark support, the largest in each.
    body : Shape or Particle
        The body, of either hand, with its likely dimensions; the pose does not matter.
    tilts : sequence, optional
        For each image a `Tilt`, alpha, or (alpha, beta) [degrees], None where it is not known.
    sampling : tuple of float
        Size of a pixel (dy, dx) [nm].
    labels : sequence of ndarray of int, optional
        Label images; the largest particle of each is taken.
    spread : float
        Relative standard deviation of the dimensions about those given; 0 if they are known.
    noise : Noise, optional
        How noise grows with grey values; measured in each image by default.
    search : bool
        Whether poses are searched everywhere. If not, `body` must be a particle in its pose at zero
        tilt, such that it, and so its mirror image, explain the first image.
    tick : callable
        Called now and then; what it raises ends the work.

    Returns
    -------
    Hand
        The answer; without one where nothing can tell, or where the images leave doubt.

    Raises
    ------
    InputError
        If there are no images, or not as many tilts and labels as images.
    """
    particle = body if isinstance(body, Particle) else Particle(body)
    count = len(images)
    if not count:
        raise InputError("images must hold at least one image. Received: none")
    for name, given in (("tilts", tilts), ("labels", labels)):
        if given is not None and len(given) != count:
            raise InputError(f"{name} must be one for each of {count}. Received: {len(given)}")
    if not (np.isfinite(spread) and 0 <= spread < 1):
        raise InputError(f"spread must be a fraction from 0 to below 1. Received: {spread!r}")
    names = hand_names(particle)
    even = dict.fromkeys(names, 0.5)
    if not is_chiral(particle):
        name = particle.shape.name.replace("_", " ")
        return Hand(None, even, f"This {name} is its own mirror image: it has no hand.")
    told = [(k, as_tilt(t)) for k, t in enumerate(tilts or ()) if t is not None]
    if not tells_hand([tilt for _, tilt in told]):
        return Hand(None, even, _why_not(count, [tilt for _, tilt in told]))
    seen = [
        isolate(images[k], sampling, label_map=labels[k] if labels else None, noise=noise)
        for k, _ in told
    ]
    stage = [tilt for _, tilt in told]
    if search:
        compared = compare(searched(particle, seen, stage, spread, tick))
    else:
        compared = compare([followed(particle, seen, stage, spread)])
    if compared is None:
        sentence = (
            "No answer: no pose of this body explains the images; what they show may be darker "
            "than the ground, or another body."
        )
        return Hand(None, even, sentence)
    return _answer(particle, *compared)


def hand_names(particle: Particle) -> tuple[str, str]:
    """Names of the body as given, and of its mirror image."""
    shape = particle.shape
    if not particle.deformations and any(f.name == "left_handed" for f in _fields(shape)):
        names = ("right-handed", "left-handed")
        return names[::-1] if getattr(shape, "left_handed") else names  # noqa: B009
    return "as given", "mirror image"


def _fields(shape: Shape) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(shape)  # type: ignore[arg-type]


def _why_not(count: int, tilts: Sequence[Tilt]) -> str:
    mirror = "a body and its mirror image give the same image"
    if count == 1:
        return f"The hand is {NOT_IDENTIFIABLE}: {mirror}."
    if len(tilts) < 2:
        return (
            f"The hand is {NOT_IDENTIFIABLE}, nor from several without signed tilts: {mirror}, "
            "and turned the other way so do all others. Tell the tilts with their signs."
        )
    return (
        f"The hand is {NOT_IDENTIFIABLE}: the beam passes along one line of the specimen at all "
        f"tilts, which differ by {widest_angle(tilts):.2g}°, 0° and 180° being the same."
    )


def _answer(particle: Particle, best: Explained, margin: float) -> Hand:
    """Turn a margin of evidence into probabilities, which a bad explanation makes more even."""
    mirror, joint = best
    off = joint.misfit
    probability = float(expit(margin / (max(1.0, joint.level) * max(1.0, off)) / 2))
    name, other = hand_names(particle)[:: -1 if mirror else 1]
    found = mirrored(joint.particle) if mirror else joint.particle
    probabilities = {name: probability, other: 1 - probability}
    if off > _STRANGE:
        sentence = (
            "No answer: no pose of this body explains the images, which are off by "
            f"{off:.1f} times the noise; its dimensions may be others, or the tilts."
        )
        return Hand(None, probabilities, sentence, found, off)
    if probability < SURE:
        sentence = (
            f"Undecided: {name} with a probability of {probability:.2f}, less than {SURE}; "
            "a larger tilt or more electrons would tell."
        )
        return Hand(None, probabilities, sentence, found, off)
    sentence = f"The body is {name}, with a probability of {probability:.4f}."
    if name in ("as given", "mirror image"):
        sentence = f"The images show the body {name}, with a probability of {probability:.4f}."
        if mirror:
            sentence = sentence.replace("the body mirror", "the mirror").replace(
                "image, with", "image of the body, with"
            )
    return Hand(name, probabilities, sentence, found, off)
