"""What else an image may show: the same image exactly, or nearly as well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.result import Fit
from napari_stem3d.analysis.identifying.bodies import moved, same
from napari_stem3d.analysis.identifying.hands import NOT_IDENTIFIABLE
from napari_stem3d.analysis.identifying.renaming import (
    axes_of_revolution,
    is_chiral,
    mirrored,
    orbit,
)
from napari_stem3d.analysis.identifying.weak import weak_numbers
from napari_stem3d.simulation import Particle

EXACT = "the same image exactly"
_LIKELY = 0.01  # probability from which on another explanation is worth naming
_TURN = np.pi / 2  # rad: by which a body of revolution is turned to show another reading


@dataclass(frozen=True, eq=False)
class Reading:
    """Something else that an image may show.

    Attributes
    ----------
    kind : str
        ``"mirror"``, ``"numbering"``, ``"revolution"`` or ``"near tie"``.
    particle : Particle
        The body, in its pose.
    probability : float or None
        Of a near tie; None where the image is the same exactly, and so cannot tell.
    sentence : str
        The same in words.
    """

    kind: str
    particle: Particle
    probability: float | None
    sentence: str

    @property
    def told(self) -> str:
        """The probability in words, or that the image is the same."""
        return EXACT if self.probability is None else f"probability {self.probability:.2f}"


def alternatives(
    particle: Particle, others: Iterable[tuple[Particle, float]] = ()
) -> list[Reading]:
    """List what an image of a particle cannot tell from it, and what it hardly can.

    Parameters
    ----------
    particle : Particle
        What the image shows, as it was fitted.
    others : iterable of (Particle, float)
        Other explanations of the same image, with their probabilities.

    Returns
    -------
    list of Reading
        The mirror image at a plane across the beam, unless it is the same body in the same place;
        the same body with its corners numbered otherwise; turns about an axis of revolution; and
        explanations of at least 1 % that are none of these.
    """
    mirror = mirrored(particle)
    found = []
    if not _coincide(particle, mirror):
        found.append(Reading("mirror", mirror, None, _mirror_sentence(particle, mirror)))
    for other in orbit(particle):
        found.append(Reading("numbering", other, None, _numbering_sentence(particle, other)))
    for axis in axes_of_revolution(particle):
        turn = type(particle.rotation).from_rotvec(_TURN * np.eye(3)[axis])
        other = particle.posed(particle.position, particle.rotation * turn)
        sentence = f"The body turned about its axis {'xyz'[axis]} by any angle: nothing changes."
        found.append(Reading("revolution", other, None, sentence))
    for other, probability in others:
        if probability < _LIKELY or _coincide(particle, other) or _coincide(mirror, other):
            continue
        found.append(Reading("near tie", other, probability, f"{_described(other)}."))
    return found


def alternatives_of(fit: Fit) -> list[Reading]:
    """List what the image of a fitted particle cannot tell from the fit, and what it hardly can."""
    others = [(other.particle, other.probability) for other in fit.alternatives[1:]]
    return alternatives(fit.particle, others)


def alternatives_text(fit: Fit) -> str:
    """Say in lines of text what the image of a fitted particle does not tell.

    Other numberings of the same corners, of which a cube has 23, are one line together.
    """
    readings = alternatives_of(fit)
    lines = [f"{_described(fit.particle)}: probability {fit.alternatives[0].probability:.2f}."]
    lines += [f"{r.told}: {r.sentence}" for r in readings if r.kind != "numbering"]
    if names := [r for r in readings if r.kind == "numbering"]:
        count = f"{len(names)} other numberings" if len(names) > 1 else "1 other numbering"
        lines.append(f"{EXACT}: {count} of the axes and corners of the same body where it lies.")
    return "\n".join([*lines, *_weak_lines(fit.look)])


def _weak_lines(look: Look) -> list[str]:
    return [f"hardly told: {weak.sentence}" for weak in weak_numbers(look)]


def _coincide(one: Particle, other: Particle) -> bool:
    """Whether two particles are the same matter, whatever they are called; depth aside."""
    if max(abs(a - b) for a, b in zip(one.position, other.position)) > 1e-6 * one.body.radius:
        return False
    bodies = (moved(p.body, p.rotation.as_matrix()) for p in (one, other))
    return same(*bodies)


def _described(particle: Particle) -> str:
    """Return the shape with its dimensions and deformed corners."""
    shape = particle.shape
    lengths = ", ".join(f"{name} {size:.3g} nm" for name, size in shape.lengths.items())
    corners = " ".join(map(str, particle.deformed_corners))
    words = f"A {shape.name.replace('_', ' ')}" + (f" of {lengths}" if lengths else "")
    return words + (f", corners {corners} deformed" if corners else "")


def _mirror_sentence(particle: Particle, mirror: Particle) -> str:
    if not is_chiral(particle):
        return (
            "The same body in another pose, reflected at a plane across the beam: which of its "
            "ends lies higher is not told."
        )
    corners = particle.deformed_corners, mirror.deformed_corners
    words = [" ".join(map(str, own)) for own in corners]
    named = f", corners {words[1]} instead of {words[0]}," if any(corners) else ""
    return (
        f"The body of the other hand{named} reflected at a plane across the beam: the hand is "
        f"{NOT_IDENTIFIABLE}."
    )


def _numbering_sentence(particle: Particle, other: Particle) -> str:
    turn = (other.rotation.inv() * particle.rotation).as_rotvec(degrees=True)
    angle = float(np.linalg.norm(turn))
    axis = ", ".join(f"{round(part, 2) + 0.0:g}" for part in (turn / angle).tolist())
    return (
        f"The same body where it lies, its axes named after a turn by {angle:.0f}° about its "
        f"({axis})."
    )
