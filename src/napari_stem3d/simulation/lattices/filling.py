"""Fill a field of view with a crystal."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.lattices.lattice import NM, Lattice
from napari_stem3d.simulation.lattices.specimen import Specimen
from napari_stem3d.simulation.lattices.structures import along_beam, zone_axis

_MOST = 20_000_000  # atoms looked at; some 2 GB of memory
_SAME_COLUMN = 0.02 * NM  # atoms nearer to each other than this, seen along the beam, are a column
_ODD = 0.00123456789 * NM  # keeps the columns of simple crystals off the edges of the bins
_EPSILON = 1e-6

Array = NDArray[np.float64]


def fill(lattice: Lattice, grid: Grid, margin: float = 0.0) -> Specimen:
    """Crystal that covers an image.

    Parameters
    ----------
    lattice : Lattice
        Crystal.
    grid : Grid
        Pixels of the image.
    margin : float
        How far it reaches beyond the image [nm].

    Returns
    -------
    Specimen
        All atoms of the sites that appear within the image and its margin.

    Raises
    ------
    InputError
        If there is no such structure, or it would take more than twenty million atoms.
    """
    cell = lattice.unit_cell()
    turn = along_beam(cell.cell[:], lattice.beam_direction)
    vectors, basis = cell.cell[:] @ turn.T * NM, cell.positions @ turn.T * NM
    repeats = cell.pbc
    if not repeats.any():
        basis = basis - (basis.min(axis=0) + basis.max(axis=0)) / 2
    depth = _depth(lattice, vectors, basis, repeats)
    corners = np.array(list(itertools.product(*_field(lattice, grid, margin))))
    box = _before(lattice, corners, depth / 2)
    numbers, places = _repeat(vectors, basis, cell.numbers, repeats, box, depth)
    places[:, 2] -= depth / 2 if repeats[2] else 0.0
    return _seen(lattice, grid, margin, numbers, places)


def _depth(lattice: Lattice, vectors: Array, basis: Array, repeats: NDArray[np.bool_]) -> float:
    """Thickness along the beam [nm]."""
    if not repeats[2]:
        return float(np.ptp(basis[:, 2]))
    if lattice.cells:
        repeat = np.array(zone_axis(lattice.beam_direction)) @ vectors
        return lattice.cells * float(np.linalg.norm(repeat))
    return lattice.thickness


def _field(lattice: Lattice, grid: Grid, margin: float) -> tuple[Array, Array]:
    """Limits in x and in y [nm] of the image with its margin, seen from the shifted middle."""
    half = np.array([-1.0, 1.0])
    return (
        half * (grid.extent[1] / 2 + margin) - lattice.shift_x,
        half * (grid.extent[0] / 2 + margin) - lattice.shift_y,
    )


def _before(lattice: Lattice, seen: Array, half_depth: float) -> Array:
    """Least and greatest (x, y) [nm] in the untilted crystal that can appear at some places."""
    flat = np.column_stack([lattice.unbend(seen[:, 0]), seen[:, 1]])
    flat = flat @ np.linalg.inv(lattice.strain).T
    turn = lattice.orientation
    back = np.linalg.inv(turn[:2, :2])
    lean = turn[:2, 2] * half_depth
    places = np.concatenate([(flat - lean) @ back.T, (flat + lean) @ back.T])
    return np.array([places.min(axis=0), places.max(axis=0)])


def _repeat(
    vectors: Array,
    basis: Array,
    numbers: NDArray[np.int64],
    repeats: NDArray[np.bool_],
    box: Array,
    depth: float,
) -> tuple[NDArray[np.int64], Array]:
    """Atomic numbers and places of all atoms within a box, as deep as the specimen."""
    if not repeats.any():
        return numbers, basis.copy()
    # Where a cell does not repeat, a vector across the others makes the matrix regular.
    full = vectors.copy()
    for axis in np.flatnonzero(~repeats):
        full[axis] = np.cross(vectors[axis - 2], vectors[axis - 1])
        if not np.linalg.norm(full[axis]) > 0:
            full[axis] = np.eye(3)[axis]
    bottom = (0.0, depth) if repeats[2] else (basis[:, 2].min(), basis[:, 2].max())
    corners = np.array(list(itertools.product(box[:, 0], box[:, 1], bottom)))
    fractions = corners @ np.linalg.inv(full)
    within = basis @ np.linalg.inv(full)
    low = np.floor(fractions.min(axis=0) - within.max(axis=0) - _EPSILON)
    high = np.ceil(fractions.max(axis=0) - within.min(axis=0) + _EPSILON)
    low, high = np.where(repeats, low, 0).astype(int), np.where(repeats, high, 0).astype(int)
    count = math.prod((high - low + 1).tolist()) * len(basis)
    if count > _MOST:
        raise InputError(
            "The field of view and the thickness must hold fewer than twenty million atoms. "
            f"Received: a crystal of some {count:.2g}"
        )
    cells = np.stack(
        np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high)), indexing="ij"), axis=-1
    )
    places = ((cells.reshape(-1, 1, 3) @ vectors) + basis).reshape(-1, 3)
    inside = ((places[:, :2] >= box[0]) & (places[:, :2] <= box[1])).all(axis=1)
    if repeats[2]:
        inside &= (places[:, 2] >= -_EPSILON) & (places[:, 2] < depth - _EPSILON)
    return np.tile(numbers, len(places) // len(numbers))[inside], places[inside]


def _seen(
    lattice: Lattice, grid: Grid, margin: float, numbers: NDArray[np.int64], places: Array
) -> Specimen:
    """Specimen as it appears after turn, tilt, strain and shift, cut to the image and margin."""
    bins = np.floor((places[:, :2] + _ODD) / _SAME_COLUMN).astype(np.int64)
    _, columns = np.unique(bins[:, 0] * 2**32 + bins[:, 1], return_inverse=True)
    tilted = places @ lattice.orientation.T
    flat = tilted[:, :2] @ lattice.strain.T
    x = lattice.bend(flat[:, 0]) + lattice.shift_x + grid.centre[1]
    y = flat[:, 1] + lattice.shift_y + grid.centre[0]
    positions = np.column_stack([y, x])
    counts = np.bincount(columns)
    sites = np.stack([np.bincount(columns, p) / counts for p in positions.T], axis=1)
    whole = Specimen(
        numbers, positions, tilted[:, 2], columns, sites, np.zeros(len(sites), np.int64)
    )
    beyond = np.abs(sites - np.array(grid.centre)) - np.array(grid.extent) / 2
    return whole.keep((beyond <= margin).all(axis=1))
