"""Both hands of a body laid over images: from everywhere, or from a pose that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from napari_stem3d.analysis.identifying.aspects import Aspects
from napari_stem3d.analysis.identifying.isolation import Isolated
from napari_stem3d.analysis.identifying.poses import Progress, finely, follow, roughly
from napari_stem3d.analysis.identifying.stage import Tilt, mirrored_turn
from napari_stem3d.analysis.identifying.views import Joint, dimensions, resized
from napari_stem3d.simulation import Particle, Shape

Explained = tuple[bool, Joint]  # whether it is the mirror image's, and how
# Cost above the least from which on a coarse explanation is not refined: of all, and of one hand.
_HOPELESS, _NEAR = 300.0, 30.0
_GOOD, _RESTARTS = 1.5, 2  # misfit that ends the search, and how often it begins anew


def compare(rounds: Iterable[list[Explained]]) -> tuple[Explained, float] | None:
    """Best explanation, and how much more the evidence of the other hand costs; None without."""
    fine: list[Explained] = []
    for found in rounds:
        fine += found
        if fine and min(joint.misfit for _, joint in fine) < _GOOD:
            break
    if not fine:
        return None
    best = min(fine, key=lambda pair: pair[1].evidence)
    others = [joint.evidence for mirror, joint in fine if mirror != best[0]]
    hopeless = best[1].evidence + _HOPELESS * max(1.0, best[1].level)
    return best, min(others, default=hopeless) - best[1].evidence


def followed(
    particle: Particle, seen: Sequence[Isolated], tilts: Sequence[Tilt], spread: float
) -> list[Explained]:
    """Explanations of both hands from a pose that is known but for the mirror at the first tilt."""
    patches, noises = zip(*seen)
    first = tilts[0].rotation
    found = []
    for mirror in (False, True):
        turns = [mirrored_turn(t.rotation) if mirror else t.rotation for t in tilts]
        pose = turns[0].inv() * first * particle.rotation
        joint = follow(particle, pose, patches, turns, spread)
        if joint is not None:
            found.append((mirror, finely(joint, patches, noises)))
    return found


def searched(
    particle: Particle,
    seen: Sequence[Isolated],
    tilts: Sequence[Tilt],
    spread: float,
    tick: Progress,
) -> Iterator[list[Explained]]:
    """Explanations of both hands from everywhere, with one set of likely dimensions after another.

    The mirror image at some tilts gives the images of the body itself at the mirrored tilts: one
    set of projections serves both hands.
    """
    for body in _first_bodies(particle, spread):
        yield _explained(body, particle.shape, seen, tilts, spread, tick)


def _first_bodies(particle: Particle, spread: float) -> Iterator[Particle]:
    """Bodies to begin with: the given one, and others that are as likely beforehand."""
    yield particle
    names, rng = dimensions(particle.shape), np.random.default_rng(0)
    for _ in range(_RESTARTS if spread else 0):
        factors = np.exp(spread * rng.normal(size=len(names))).tolist()
        shape = resized(particle.shape, dict(zip(names, factors)))
        yield Particle(shape, deformations=particle.deformations)


def _explained(
    body: Particle,
    usual: Shape,
    seen: Sequence[Isolated],
    tilts: Sequence[Tilt],
    spread: float,
    tick: Progress,
) -> list[Explained]:
    """Explanations of both hands, without those that are hopeless when seen coarsely."""
    aspects = Aspects(body)
    patches, noises = zip(*seen)
    coarse = []
    for mirror in (False, True):
        turns = [mirrored_turn(t.rotation) if mirror else t.rotation for t in tilts]
        found = roughly(aspects, patches, turns, usual, spread, tick)
        coarse += [(mirror, joint) for joint in found]
    if not coarse:
        return []
    least = min(joint.cost for _, joint in coarse)
    off = max(1.0, min(joint.chi2 / joint.pixels for _, joint in coarse))
    fine = []
    for mirror in (False, True):
        own = [joint for way, joint in coarse if way == mirror]
        for k, joint in enumerate(own):
            near = joint.cost - own[0].cost < _NEAR * off
            if joint.cost - least < _HOPELESS * off and (k == 0 or near):
                fine.append((mirror, finely(joint, patches, noises)))
                tick()
    return fine
