"""What an image hardly tells of a fitted body, in words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import IMAGING, Look
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.simulation import Cuboid, Particle

Array = NDArray[np.floating]
_LENGTH, _TURN, _FRACTION = 0.1, np.radians(5.0), 0.5  # standard errors from which on one is weak
_GAIN = 1.5  # factor by which a known gain must sharpen a length to be named
_ALONG = 30.0  # degrees off the beam up to which an axis points along it
_STRETCH = 1.02  # factor of a length, to see which way it stretches the body
_ALONE = 0.2  # part of the stretch along an axis that others may reach


class Weak(NamedTuple):
    """A number that the image hardly tells.

    Attributes
    ----------
    name : str
        As `Variable.names` has it.
    sigma : float
        Standard error [rad], or relative to the number.
    sentence : str
        The same in words.
    """

    name: str
    sigma: float
    sentence: str


def weak_numbers(look: Look) -> list[Weak]:
    """Name the numbers of a fitted body that the image hardly tells.

    Standard errors are those of the inverse curvature of the cost (`Look.equations`), once with
    the gain free and once with the gain known: lengths along the beam scale with the gain.

    Parameters
    ----------
    look : Look
        Fit.

    Returns
    -------
    list of Weak
        Lengths that are known to 10 % or worse, turns to 5° or worse and fractions of cuts to 50 %
        or worse, in the order of the body's numbers.
    """
    names = look.what.variable.names
    curvature = look.equations.curvature
    free = _errors(curvature, len(names))
    gain = len(curvature) - IMAGING + 1
    kept = np.delete(np.arange(len(curvature)), gain)
    fixed = _errors(curvature[np.ix_(kept, kept)], len(names))
    lengths = len(look.what.variable.lengths)
    particle = look.what.variable.particle
    found = []
    for k, (name, own, known) in enumerate(zip(names, free.tolist(), fixed.tolist())):
        if 2 <= k < POSE and own > _TURN:
            found.append(Weak(name, own, _turn(name, own)))
        elif POSE <= k < POSE + lengths and own > _LENGTH:
            found.append(Weak(name, own, _length(particle, name, own, known)))
        elif k >= POSE + lengths and own > _FRACTION:
            words = f"How deep the cut of {name.replace(', ', ' along its ')} goes"
            found.append(
                Weak(name, own, f"{words} is known to a factor of {np.exp(own):.1f} only.")
            )
    return found


def _errors(curvature: Array, count: int) -> Array:
    return np.sqrt(np.diag(np.linalg.pinv(curvature, hermitian=True))[:count].clip(min=0))


def _turn(name: str, error: float) -> str:
    where = "the beam" if name.endswith("z") else "an axis in the image"
    if error > 1.0:
        return f"The {name}, {where}, is not told at all."
    return f"The {name}, {where}, is known to ±{np.degrees(error):.0f}° only."


def _length(particle: Particle, name: str, error: float, known: float) -> str:
    words = f"edge {name}" if isinstance(particle.shape, Cuboid) else name
    angle = _angle_to_beam(particle, name)
    if angle is not None and angle < _ALONG:
        words += ", which points along the beam,"
    elif angle is not None:
        words += f", {angle:.0f}° off the beam,"
    sentence = f"{words[0].upper()}{words[1:]} is known to ±{100 * error:.0f} % only"
    if error > _GAIN * known:
        sentence += f", because the gain is free; with a known gain, to ±{100 * known:.2g} %"
    return sentence + "."


def _angle_to_beam(particle: Particle, name: str) -> float | None:
    """Angle [degrees] of the axis that a length stretches the body along, if it is but one."""
    shape = particle.shape
    factors = [_STRETCH if other == name else 1.0 for other in shape.lengths]
    stretch = _extents(shape.resized(*factors)) / _extents(shape) - 1
    longest = int(np.argmax(stretch))
    if (np.delete(stretch, longest) > _ALONE * stretch[longest]).any():
        return None
    along = abs(particle.rotation.as_matrix()[2, longest])
    return float(np.degrees(np.arccos(min(along, 1.0))))


def _extents(shape: object) -> Array:
    points = np.concatenate([mesh[0] for _, mesh in shape.body.meshes()])  # type: ignore[attr-defined]
    return np.ptp(points, axis=0)
