"""Crystals by name, from a CIF file, or from ASE."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

DEBYE_WALLER = 0.5  # Å², of elements whose factor is not given: typical of solids at 300 K


@dataclass(frozen=True)
class Structure:
    """A crystal that is known by its name.

    Attributes
    ----------
    description : str
        One line for menus.
    build : callable
        Makes the unit cell, an `ase.Atoms`.
    zone : str
        Indices of the direction that the beam runs along unless told otherwise.
    debye_waller : mapping of str to float
        Factors B of the elements at room temperature [Å²], within about a fifth.
    """

    description: str
    build: Callable[[], Atoms]
    zone: str
    debye_waller: Mapping[str, float]


def _graphene() -> Atoms:
    from ase.build import graphene

    return graphene(a=2.46)


def _disulfide(metal: str, a: float, thickness: float) -> Atoms:
    from ase.build import mx2

    return mx2(f"{metal}S2", a=a, thickness=thickness)


def _strontium_titanate() -> Atoms:
    from ase.spacegroup import crystal

    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)]
    return crystal(["Sr", "Ti", "O"], sites, spacegroup=221, cellpar=[3.905] * 3 + [90] * 3)


def _cubic(element: str, a: float) -> Atoms:
    from ase.build import bulk

    return bulk(element, a=a, cubic=True)


STRUCTURES: Mapping[str, Structure] = {
    "graphene": Structure("graphene, one sheet", _graphene, "001", {"C": 0.32}),
    "MoS2": Structure(
        "molybdenum disulfide, one sheet of 2H",
        lambda: _disulfide("Mo", 3.16, 3.13),
        "001",
        {"Mo": 0.4, "S": 0.5},
    ),
    "WS2": Structure(
        "tungsten disulfide, one sheet of 2H",
        lambda: _disulfide("W", 3.153, 3.14),
        "001",
        {"W": 0.3, "S": 0.5},
    ),
    "SrTiO3": Structure(
        "strontium titanate along <001>",
        _strontium_titanate,
        "001",
        {"Sr": 0.62, "Ti": 0.44, "O": 0.73},
    ),
    "Si": Structure("silicon along <110>", lambda: _cubic("Si", 5.431), "110", {"Si": 0.46}),
    "Au": Structure("gold along <110>", lambda: _cubic("Au", 4.0782), "110", {"Au": 0.62}),
}


def unit_cell(structure: str | Atoms) -> Atoms:
    """Build the unit cell of a crystal.

    Parameters
    ----------
    structure : str or ase.Atoms
        Name in `STRUCTURES`, path of a CIF file, or the cell itself.

    Raises
    ------
    InputError
        If there is no such name or file, or the file is no crystal.
    """
    if not isinstance(structure, str):
        return _checked(structure, "structure")
    if structure in STRUCTURES:
        return STRUCTURES[structure].build()
    if not structure.lower().endswith(".cif"):
        raise InputError(
            f"structure must be one of {', '.join(STRUCTURES)}, the path of a .cif file or an "
            f"ase.Atoms. Received: {structure!r}"
        )
    path = Path(structure)
    if not path.is_file():
        raise InputError(f"structure must name a file that exists. Received: {structure!r}")
    return _read_cif(path, path.stat().st_mtime_ns).copy()


@functools.lru_cache(maxsize=8)
def _read_cif(path: Path, modified: int) -> Atoms:
    from ase.io import read

    try:
        atoms = read(path, format="cif")
    except Exception as error:  # ASE's parser raises whatever it stumbles over
        reason = f"{type(error).__name__} {error}".strip()
        raise InputError(f"structure {path} is not a readable CIF file: {reason}.") from error
    return _checked(atoms, f"structure {path}")


def _checked(atoms: Atoms, name: str) -> Atoms:
    """Return atoms that have known elements, finite positions and a cell where they repeat."""
    from ase import Atoms as Kind

    if not isinstance(atoms, Kind) or len(atoms) == 0:
        raise InputError(f"{name} must hold at least one atom. Received: {atoms!r}")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell[:]).all()):
        raise InputError(f"{name} must have finite positions and cell vectors.")
    if not ((atoms.numbers >= 1) & (atoms.numbers <= 103)).all():
        raise InputError(f"{name} must consist of the elements H to Lr. Received: {atoms!r}")
    if atoms.pbc.any() and np.linalg.matrix_rank(atoms.cell[:][atoms.pbc]) < atoms.pbc.sum():
        raise InputError(f"{name} must have independent cell vectors. Received: {atoms.cell!r}")
    return atoms


def zone_axis(zone: str) -> tuple[int, int, int]:
    """Read the indices [uvw] of a direction written as ``110``, ``1-10`` or ``1 -1 0``.

    Raises
    ------
    InputError
        If the text is not three whole numbers, of which one is not zero.
    """
    found = re.fullmatch(r"(-?\d+)[ ,]+(-?\d+)[ ,]+(-?\d+)|(-?\d)(-?\d)(-?\d)", zone.strip())
    indices = tuple(int(i) for i in found.groups() if i) if found else ()
    if not any(indices):
        raise InputError(f"zone must be three indices such as 110 or 1 -1 0. Received: {zone!r}")
    divisor = math.gcd(*indices)
    u, v, w = (index // divisor for index in indices)
    return u, v, w


def along_beam(cell: NDArray[np.float64], zone: str) -> NDArray[np.float64]:
    """Rotation matrix that turns a direction of the crystal into the beam, the z axis.

    Of the cell's vectors the last one that does not run along the beam gives the direction that
    projects onto x, so that <110> of a cubic crystal shows its [001] along the rows. The third
    vector alone leaves a crystal as it is built.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors in rows.
    zone : str
        Indices of the direction.

    Returns
    -------
    ndarray, shape (3, 3)
        Matrix R with ``R @ (x, y, z)`` in the laboratory.
    """
    indices = zone_axis(zone)
    if indices == (0, 0, 1) and np.allclose(cell[2, :2], 0):
        return np.eye(3)
    beam = np.array(indices) @ cell
    beam = beam / np.linalg.norm(beam)
    across = [vector - (vector @ beam) * beam for vector in cell]
    x = next(a for a in reversed(across) if np.linalg.norm(a) > 1e-3)
    x = x / np.linalg.norm(x)
    return np.array([x, np.cross(beam, x), beam])
