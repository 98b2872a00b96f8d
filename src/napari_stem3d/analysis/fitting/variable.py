"""A particle as a vector of numbers, and how the surfaces that bound it move with each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import CutCorners, Particle
from napari_stem3d.simulation.bodies.body import Piece

Array = NDArray[np.float64]
POSE = 5  # numbers that tell a pose: y, x [nm], and a turn about x, y and z [rad]
_STEP = 1e-5  # of central differences; what is differentiated is smooth and computed in doubles
DEEPEST, SHALLOWEST = 0.5, 0.01  # fractions of the edges that a cut may take


class Surfaces(NamedTuple):
    """One signed piece of a body in the laboratory's frame.

    Attributes
    ----------
    sign : float
        1 for matter, -1 for what is missing of it.
    planes : ndarray, shape (F, 4)
        Outward normals and offsets [nm].
    quadrics : ndarray, shape (K, 4, 4)
        Curved surfaces.
    """

    sign: float
    planes: Array
    quadrics: Array


class Slopes(NamedTuple):
    """Derivatives of the surfaces of one piece with respect to M numbers.

    Attributes
    ----------
    planes : ndarray, shape (F, 4, M)
        Of normals and offsets.
    quadrics : ndarray, shape (K, 4, 4, M)
        Of curved surfaces.
    """

    planes: Array
    quadrics: Array


@dataclass(frozen=True)
class Variable:
    """A particle whose pose, dimensions and cut corners may vary.

    The numbers are the shift (y, x) [nm], the turn about x, y and z [rad], the logarithm of the
    factor of each length of the shape, and the logarithms of the factors of the fractions that
    cuts take of the edges.

    Attributes
    ----------
    particle : Particle
        Where it begins: the zero of all numbers.
    """

    particle: Particle

    @cached_property
    def lengths(self) -> tuple[str, ...]:
        """Names of the lengths that vary."""
        fields = dataclasses.fields(self.particle.shape)
        return tuple(f.name for f in fields if f.metadata.get("unit") == "nm")

    @property
    def sizes(self) -> dict[str, float]:
        """Lengths that vary [nm], by their names."""
        return {name: getattr(self.particle.shape, name) for name in self.lengths}

    @property
    def cuts(self) -> CutCorners | None:
        """Cut corners, if there are any."""
        return next((d for d in self.particle.deformations if isinstance(d, CutCorners)), None)

    @property
    def names(self) -> tuple[str, ...]:
        """What each number stands for."""
        cuts = self.cuts
        parts = (
            (
                f"corner {corner}, edge {k}"
                for corner, own in zip(cuts.corners, cuts.fractions)
                for k in range(len(own))
            )
            if cuts
            else ()
        )
        return ("y", "x", "turn x", "turn y", "turn z", *self.lengths, *parts)

    @property
    def fractions(self) -> Array:
        """Fractions of the edges that all cuts take, in the order of the numbers."""
        return np.concatenate(self.cuts.fractions) if self.cuts else np.empty(0)

    def at(self, numbers: Array) -> Particle:
        """Particle of some numbers; cuts stop where they may not go on."""
        own = self._resized(numbers[POSE:])
        y, x = self.particle.position
        turn = Rotation.from_rotvec(numbers[2:POSE])
        return replace(own, position=(y + numbers[0], x + numbers[1]), rotation=turn * own.rotation)

    def moved(self, numbers: Array) -> Self:
        """Return the same with its zero elsewhere."""
        return replace(self, particle=self.at(numbers))

    def without(self, corner: int) -> Self:
        """Return the same with one cut less."""
        own, cuts = self.particle, self.cuts
        assert cuts is not None
        kept = [k for k, other in enumerate(cuts.corners) if other != corner]
        rest = tuple(d for d in own.deformations if d is not cuts)
        if kept:
            corners, fractions = (tuple(v[k] for k in kept) for v in (cuts.corners, cuts.fractions))
            rest += (CutCorners(corners, fractions),)
        return replace(self, particle=replace(own, deformations=rest))

    def completed(self, fraction: float) -> Self:
        """Return the same with cuts at all corners, where there were none to a given fraction."""
        neighbours = self.particle.shape.neighbours()
        old = dict(zip(self.cuts.corners, self.cuts.fractions)) if self.cuts else {}
        cuts = CutCorners(tuple(range(len(neighbours))), tuple(old.get(k, (fraction,) * len(n)) for k, n in enumerate(neighbours)))
        return replace(self, particle=replace(self.particle, deformations=(cuts,)))

    def surfaces(self) -> list[Surfaces]:
        """Surfaces at the zero of all numbers."""
        return [
            Surfaces(sign, *_placed(piece, *self._pose))
            for sign, piece in self.particle.body.pieces
        ]

    def slopes(self) -> list[Slopes]:
        """Differentiate the surfaces, piece by piece, at the zero of all numbers."""
        steps = np.eye(len(self.names) - POSE)[: len(self.lengths)] * _STEP
        around = [[self._resized(sign * s).body.pieces for sign in (1, -1)] for s in steps]
        _, shift = self._pose
        cuts = self._by_fractions()
        found = []
        for k, (_, flat, curved) in enumerate(self.surfaces()):
            by_flat = list(_by_pose_of_planes(flat, shift))
            by_curved = list(_by_pose_of_quadrics(curved, shift))
            for both in around:
                ahead, behind = (_placed(pieces[k][1], *self._pose) for pieces in both)
                by_flat.append((ahead[0] - behind[0]) / (2 * _STEP))
                by_curved.append((ahead[1] - behind[1]) / (2 * _STEP))
            for plane, change in cuts:
                by_flat.append(np.zeros_like(flat))
                by_flat[-1][plane] = change
                by_curved.append(np.zeros_like(curved))
            found.append(Slopes(np.stack(by_flat, -1), np.stack(by_curved, -1)))
        return found

    @property
    def _pose(self) -> tuple[Array, Array]:
        own = self.particle
        return own.rotation.as_matrix(), np.array([own.position[1], own.position[0], 0.0])

    def _by_fractions(self) -> list[tuple[int, Array]]:
        """For each fraction the plane it moves, counted from the last, and how (4,)."""
        cuts = self.cuts
        if cuts is None:
            return []
        turn, shift = self._pose
        shape = self.particle.shape
        points, neighbours = shape.vertices(), shape.neighbours()
        changes = []
        for number, (corner, parts) in enumerate(zip(cuts.corners, cuts.fractions)):
            edges = np.linalg.pinv(points[list(neighbours[corner])] - points[corner])
            # The plane m . r = 1, r from the corner, crosses edge e at the fraction 1 / (m . e).
            m = edges @ (1 / np.array(parts))
            size = np.linalg.norm(m)
            for part, edge in zip(parts, edges.T):
                by = -edge / part  # of m, by the logarithm of the fraction
                by_size = m @ by / size
                normal = -(by - m * by_size / size) / size
                offset = normal @ points[corner] + by_size / size**2
                changes.append((number - len(cuts.corners), turn @ normal, offset))
        return [(n, np.append(by, o + by @ shift)) for n, by, o in changes]

    def _resized(self, numbers: Array) -> Particle:
        """Particle with other lengths and cuts, in the pose of the zero."""
        own, count = self.particle, len(self.lengths)
        factors = np.exp(numbers)
        changed = {n: getattr(own.shape, n) * f for n, f in zip(self.lengths, factors.tolist())}
        deformations = list(own.deformations)
        if (cuts := self.cuts) is not None:
            sizes = np.cumsum([len(part) for part in cuts.fractions])[:-1]
            parts = np.split((self.fractions * factors[count:]).clip(SHALLOWEST, DEEPEST), sizes)
            fractions = tuple(tuple(part.tolist()) for part in parts)
            deformations[deformations.index(cuts)] = CutCorners(cuts.corners, fractions)
        return replace(own, shape=replace(own.shape, **changed), deformations=tuple(deformations))


def _placed(piece: Piece, turn: Array, shift: Array) -> tuple[Array, Array]:
    """Planes and quadrics of a piece in the laboratory's frame."""
    normals = piece.normals @ turn.T
    back = np.eye(4)
    back[:3, :3], back[:3, 3] = turn.T, -turn.T @ shift
    planes = np.column_stack([normals, piece.offsets + normals @ shift])
    return planes, np.einsum("ji,njk,kl->nil", back, piece.quadrics, back)


def _by_pose_of_planes(planes: Array, shift: Array) -> Iterator[Array]:
    """Differentiate with respect to y, x and turns about x, y, z through the particle."""
    for axis in (1, 0):
        change = np.zeros_like(planes)
        change[:, 3] = planes[:, axis]
        yield change
    for axis in np.eye(3):
        change = np.zeros_like(planes)
        change[:, :3] = np.cross(axis, planes[:, :3])
        change[:, 3] = change[:, :3] @ shift
        yield change


def _by_pose_of_quadrics(quadrics: Array, shift: Array) -> Iterator[Array]:
    """Differentiate with respect to the same."""
    for axis in (1, 0):
        back = np.zeros((4, 4))
        back[axis, 3] = -1
        yield quadrics @ back + back.T @ quadrics
    for axis in np.eye(3):
        back = np.zeros((4, 4))
        back[:3, :3] = -np.cross(axis, np.eye(3)).T  # minus the matrix of the cross product
        back[:3, 3] = -back[:3, :3] @ shift
        yield quadrics @ back + back.T @ quadrics
