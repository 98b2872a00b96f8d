"""A particle as a vector of numbers, and how the surfaces that bound it move with each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import CutCorners, Particle, Shape
from napari_stem3d.simulation.deformations._base import require_polyhedron
from napari_stem3d.simulation.deformations.cut_corners import inverse_edges

Array = NDArray[np.floating]
POSE = 5  # numbers that tell a pose: y, x [nm], and a turn about x, y and z [rad]
_STEP = 1e-6  # of differences; what is differentiated is smooth and computed in doubles
DEEPEST, SHALLOWEST = 0.5, 0.01  # fractions of the edges that a cut may take
_TURNED = np.cross(np.eye(3)[:, None], np.eye(3))  # v @ these: turned about x, y, z


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

    def __post_init__(self) -> None:
        """Refuse what has surfaces that are neither planes nor quadrics."""
        own = self.particle
        if (
            any(not isinstance(d, CutCorners) for d in own.deformations)
            or len(own.deformations) > 1
        ):
            raise InputError(
                "particle must have no deformations but cut corners, to be fitted. "
                f"Received: {', '.join(d.name for d in own.deformations)}"
            )
        _ = self._own  # which refuses meshes

    @property
    def lengths(self) -> dict[str, float]:
        """Lengths that vary [nm], by their names."""
        return self.particle.shape.lengths

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
        kept = [(k, parts) for k, parts in self._each_cut() if k != corner]
        return self._cut(kept)

    def completed(self, fraction: float) -> Self:
        """Return the same with cuts at all corners, where there were none to a given fraction."""
        neighbours = require_polyhedron(self.particle.shape, "corners").neighbours()
        old = dict(self._each_cut())
        every = ((k, (fraction,) * len(ends)) for k, ends in enumerate(neighbours))
        return self._cut([(k, old.get(k, parts)) for k, parts in every])

    def _each_cut(self) -> list[tuple[int, tuple[float, ...]]]:
        return list(zip(self.cuts.corners, self.cuts.fractions)) if self.cuts else []

    def _cut(self, each: list[tuple[int, tuple[float, ...]]]) -> Self:
        cuts = (CutCorners(*map(tuple, zip(*each))),) if each else ()
        return replace(self, particle=replace(self.particle, deformations=cuts))

    def surfaces(self) -> list[Surfaces]:
        """Surfaces at the zero of all numbers."""
        return [Surfaces(s.sign, *_placed(s, *self._pose)) for s in self._own]

    def slopes(self) -> list[Slopes]:
        """Differentiate the surfaces, piece by piece, at the zero of all numbers."""
        turn, shift = self._pose
        longer = [
            _own_surfaces(self.particle.shape.resized(*factors.tolist()), self.cuts)
            for factors in np.exp(_STEP * np.eye(len(self.lengths)))
        ]
        numbers, cuts = self._by_fractions()
        found = []
        for k, own in enumerate(self._own):
            flat, curved = _placed(own, turn, shift)
            by_flat = list(_by_pose_of_planes(flat, shift))
            by_curved = list(_by_pose_of_quadrics(curved, shift))
            for pieces in longer:
                ahead = _placed(pieces[k], turn, shift)
                by_flat.append((ahead[0] - flat) / _STEP)
                by_curved.append((ahead[1] - curved) / _STEP)
            by_cuts = np.zeros((*flat.shape, len(numbers)))
            by_cuts[numbers + len(flat), :, range(len(numbers))] = cuts
            by_flat_all = np.concatenate([np.stack(by_flat, -1), by_cuts], axis=-1)
            none = np.zeros((*curved.shape, len(numbers)))
            by_curved_all = np.concatenate([np.stack(by_curved, -1), none], axis=-1)
            found.append(Slopes(by_flat_all, by_curved_all))
        return found

    @cached_property
    def _own(self) -> list[Surfaces]:
        """Surfaces in the body's own frame."""
        return _own_surfaces(self.particle.shape, self.cuts)

    @property
    def _pose(self) -> tuple[Array, Array]:
        own = self.particle
        return own.rotation.as_matrix(), np.array([own.position[1], own.position[0], 0.0])

    def _by_fractions(self) -> tuple[NDArray[np.intp], Array]:
        """For each fraction the plane it moves, counted from the last, and how (n, 4)."""
        cuts = self.cuts
        if cuts is None:
            return np.empty(0, int), np.empty((0, 4))
        turn, shift = self._pose
        shape = require_polyhedron(self.particle.shape, "corners")
        points, neighbours = shape.vertices(), shape.neighbours()
        planes, changes = [], []
        for number, (corner, parts) in enumerate(zip(cuts.corners, cuts.fractions)):
            fractions = np.array(parts)
            edges = inverse_edges(points[list(neighbours[corner])] - points[corner])
            # The plane m . r = 1, r from the corner, crosses edge e at the fraction 1 / (m . e).
            m = edges @ (1 / fractions)
            size = np.linalg.norm(m)
            by = -(edges / fractions).T  # of m, by the logarithms of the fractions: (n, 3)
            by_size = by @ m / size
            normals = -(by - np.outer(by_size / size, m)) / size
            offsets = normals @ points[corner] + by_size / size**2
            planes += [number - len(cuts.corners)] * len(parts)
            changes.append(np.column_stack([normals @ turn.T, offsets]))
        rows = np.concatenate(changes)
        rows[:, 3] += rows[:, :3] @ shift
        return np.array(planes), rows

    def _resized(self, numbers: Array) -> Particle:
        """Particle with other lengths and cuts, in the pose of the zero."""
        own, count = self.particle, len(self.lengths)
        factors = np.exp(numbers)
        cuts = self.cuts
        if cuts is not None:
            sizes = np.cumsum([len(part) for part in cuts.fractions])[:-1]
            parts = np.split((self.fractions * factors[count:]).clip(SHALLOWEST, DEEPEST), sizes)
            cuts = CutCorners(cuts.corners, tuple(tuple(part.tolist()) for part in parts))
        shape = own.shape.resized(*_bounded(own.shape, factors[:count]).tolist())
        return replace(own, shape=shape, deformations=(cuts,) if cuts else ())


def _bounded(shape: Shape, factors: Array) -> Array:
    """Factors that keep lengths well within the bounds that their fields have."""
    sizes = np.array(list(shape.lengths.values()))
    kept = [f.metadata for f in fields(shape) if f.name in shape.lengths]  # type: ignore[arg-type]
    low, high = np.array([(2 * facts["min"], facts["max"] / 2) for facts in kept]).T
    bounded: Array = np.clip(sizes * factors, low, high) / sizes
    return bounded


def _own_surfaces(shape: Shape, cuts: CutCorners | None) -> list[Surfaces]:
    """Surfaces of the pieces of a shape, those of its cuts last, in its own frame."""
    pieces = shape.pieces()
    if any(piece.mesh is not None for _, piece in pieces):
        raise InputError(
            "particle must be bounded by planes and quadrics, to be fitted. "
            f"Received: a {shape.name}, whose surface is a mesh"
        )
    missing = np.empty((0, 4)) if cuts is None else cuts.planes(shape)
    return [
        Surfaces(
            sign,
            np.concatenate([np.column_stack([piece.normals, piece.offsets]), missing]),
            piece.quadrics,
        )
        for sign, piece in pieces
    ]


def _placed(own: Surfaces, turn: Array, shift: Array) -> tuple[Array, Array]:
    """Planes and quadrics of a piece in the laboratory's frame."""
    normals = own.planes[:, :3] @ turn.T
    planes = np.column_stack([normals, own.planes[:, 3] + normals @ shift])
    if not len(own.quadrics):
        return planes, own.quadrics
    back = np.eye(4)
    back[:3, :3], back[:3, 3] = turn.T, -turn.T @ shift
    return planes, np.einsum("ji,njk,kl->nil", back, own.quadrics, back)


def _by_pose_of_planes(planes: Array, shift: Array) -> Iterator[Array]:
    """Differentiate with respect to y, x and turns about x, y, z through the particle."""
    for axis in (1, 0):
        change = np.zeros_like(planes)
        change[:, 3] = planes[:, axis]
        yield change
    for turned in _TURNED:
        change = np.zeros_like(planes)
        change[:, :3] = planes[:, :3] @ turned
        change[:, 3] = change[:, :3] @ shift
        yield change


def _by_pose_of_quadrics(quadrics: Array, shift: Array) -> Iterator[Array]:
    """Differentiate with respect to the same."""
    for axis in (1, 0):
        back = np.zeros((4, 4))
        back[axis, 3] = -1
        yield quadrics @ back + back.T @ quadrics
    for turned in _TURNED:
        back = np.zeros((4, 4))
        back[:3, :3] = -turned.T
        back[:3, 3] = -back[:3, :3] @ shift
        yield quadrics @ back + back.T @ quadrics
