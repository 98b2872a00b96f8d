"""The same image under other names: mirror images, and other numbers of the same corners."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.identifying.bodies import REFLECTION, MirrorImage, moved, same
from napari_stem3d.analysis.identifying.stage import MIRROR
from napari_stem3d.simulation import (
    CutCorners,
    Deformation,
    Particle,
    Polyhedron,
    Shape,
    symmetries,
)

Array = NDArray[np.float64]
_ANY = 1.0  # radian: an angle that no polyhedron of ours is symmetric under
_IDENTITY = 1e-9


def mirrored(particle: Particle) -> Particle:
    """Return the particle of which every image along the beam is the same.

    It is the particle reflected at a plane across the beam, which projection along the beam cannot
    tell from itself. Where the body is its own mirror image that is the same body in another pose;
    else it is the body of the other hand.

    Parameters
    ----------
    particle : Particle
        At rest.

    Returns
    -------
    Particle
        Of the same kind of shape where that has a mirror image, with other corners cut or the other
        hand; else a `MirrorImage`.
    """
    found = list(_renamed(particle, mirror=True))
    own = (particle.shape, tuple(particle.deformations))
    for other in found:
        if _unchanged(other, own):
            return other
    return found[0] if found else _reflected(particle)


def is_chiral(particle: Particle) -> bool:
    """Whether no turn makes a body its own mirror image, as far as its surfaces tell."""
    body = moved(particle.body, REFLECTION)
    turns = [motion @ REFLECTION for motion in _motions(particle.shape, mirror=True)]
    return not any(same(moved(body, turn), particle.body) for turn in turns)


def orbit(particle: Particle) -> list[Particle]:
    """Return the same body, where it lies, with its axes and corners named otherwise.

    Parameters
    ----------
    particle : Particle
        At rest.

    Returns
    -------
    list of Particle
        One for each rotation of the undeformed shape onto itself, but the identity.
    """
    return list(_renamed(particle, mirror=False))


def axes_of_revolution(particle: Particle) -> tuple[int, ...]:
    """Axes of the body (0, 1, 2 for x, y, z) about which any turn leaves it as it is."""
    turns = [Rotation.from_rotvec(_ANY * axis).as_matrix() for axis in np.eye(3)]
    return tuple(k for k in range(3) if same(moved(particle.body, turns[k]), particle.body))


def _renamed(particle: Particle, mirror: bool) -> Iterator[Particle]:
    """Particles whose image is the same because a motion of the shape is taken out of the pose."""
    outer = MIRROR if mirror else np.eye(3)
    own = particle.rotation.as_matrix()
    for motion in _motions(particle.shape, mirror):
        try:
            shape = _handed(particle.shape, mirror)
            deformations = tuple(
                _moved_deformation(d, particle.shape, motion, mirror) for d in particle.deformations
            )
            rotation = Rotation.from_matrix(outer @ own @ motion.T)
            z = -particle.z if mirror else particle.z
            other = replace(
                particle, shape=shape, deformations=deformations, rotation=rotation, z=z
            )
            if same(moved(particle.body, motion), other.body):
                yield other
        except InputError:
            continue


def _reflected(particle: Particle) -> Particle:
    rotation = Rotation.from_matrix(MIRROR @ particle.rotation.as_matrix() @ REFLECTION)
    shape = MirrorImage(replace(particle, position=(0.0, 0.0), rotation=Rotation.identity()))
    return replace(particle, shape=shape, deformations=(), rotation=rotation, z=-particle.z)


def _motions(shape: Shape, mirror: bool) -> list[Array]:
    """Motions that may map an undeformed shape onto itself, or onto its other hand."""
    if isinstance(shape, Polyhedron):
        points = shape.vertices()
        inverse = np.linalg.pinv(points)
        motions = [(inverse @ points[order]).T for order in symmetries(shape, mirror=True)]
    else:
        motions = [np.diag(signs) for signs in itertools.product((1.0, -1.0), repeat=3)]
    wanted = -1 if mirror else 1
    return [
        motion
        for motion in motions
        if np.linalg.det(motion) * wanted > 0 and np.abs(motion - np.eye(3)).max() > _IDENTITY
    ]


def _handed(described: Any, mirror: bool) -> Any:
    """Return a shape or deformation with its other hand, if it has one and a mirror asks for it."""
    if mirror and any(f.name == "left_handed" for f in _fields(described)):
        return replace(described, left_handed=not described.left_handed)
    return described


def _fields(described: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(described)


def _moved_deformation(
    deformation: Deformation, shape: Shape, motion: Array, mirror: bool
) -> Deformation:
    """Return what a deformation is called after a motion of the shape onto itself."""
    deformation = _handed(deformation, mirror)
    kinds: dict[str, str] = {
        f.name: f.metadata.get("places", "corners")
        for f in _fields(deformation)
        if "places" in f.metadata or f.name == "corners"
    }
    if not kinds or not isinstance(shape, Polyhedron):
        return deformation
    goes = _permutation(shape, motion)
    if isinstance(deformation, CutCorners):
        return _moved_cuts(deformation, shape, goes)
    changed = {
        name: tuple(_place(shape, kind, index, goes) for index in getattr(deformation, name))
        for name, kind in kinds.items()
    }
    return replace(deformation, **changed)  # type: ignore[type-var]


def _moved_cuts(cuts: CutCorners, shape: Polyhedron, goes: list[int]) -> CutCorners:
    neighbours = shape.neighbours()
    fractions = []
    for corner, own in zip(cuts.corners, cuts.fractions):
        by_end = {goes[end]: part for end, part in zip(neighbours[corner], own)}
        fractions.append(tuple(by_end[end] for end in neighbours[goes[corner]]))
    return CutCorners(tuple(goes[k] for k in cuts.corners), tuple(fractions))


def _permutation(shape: Polyhedron, motion: Array) -> list[int]:
    """Where a motion takes each corner."""
    points = shape.vertices()
    apart = np.linalg.norm((points @ motion.T)[:, None] - points, axis=2)
    return [int(k) for k in apart.argmin(axis=1)]


def _place(shape: Polyhedron, kind: str, index: int, goes: list[int]) -> int:
    """Where a corner, edge or face comes to lie."""
    if kind == "corners":
        return goes[index]
    places = [set(p) for p in (shape.edges() if kind == "edges" else shape.faces)]
    return places.index({goes[k] for k in places[index]})


def _unchanged(other: Particle, own: tuple[Shape, tuple[Deformation, ...]]) -> bool:
    shape, deformations = own
    if other.shape != shape or len(other.deformations) != len(deformations):
        return False
    return all(_as_set(a) == _as_set(b) for a, b in zip(other.deformations, deformations))


def _as_set(deformation: Deformation) -> Any:
    """Return what a deformation does, whatever the order of its places."""
    if isinstance(deformation, CutCorners):
        return frozenset(zip(deformation.corners, deformation.fractions))
    values = [getattr(deformation, f.name) for f in _fields(deformation)]
    return tuple(frozenset(v) if isinstance(v, tuple) else v for v in values)
