"""What is wrong with a crystal: missing, foreign and additional atoms, and grain boundaries."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import Checked, quantity, switch, text
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.lattices.filling import fill
from napari_stem3d.simulation.lattices.lattice import Lattice
from napari_stem3d.simulation.lattices.specimen import (
    ADATOM,
    BOUNDARY,
    PERFECT,
    SUBSTITUTION,
    SYMBOLS,
    VACANCY,
    Specimen,
)

_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS) if number}
_OVERLAP = 0.6  # of the nearest neighbours' distance: columns of two grains any closer collide
_TRIES = 30  # places tried for each adatom, of which the one with most room is taken
_ABOVE = 0.2  # nm of an adatom above the uppermost atom
_VACANCIES, _SUBSTITUTIONS, _ADATOMS = range(3)  # each draws from a stream of its own


@dataclass(frozen=True)
class Defects(Checked):
    """Defects of a lattice; densities count per nm² of the image.

    Every site has at most one defect. Each kind draws from its own stream of random numbers: the
    vacancies of an image do not change when adatoms are added.

    Attributes
    ----------
    boundary_angle : float
        Angle between two grains that meet at a line; of two columns that would overlap, the
        second grain's is left out. The grain on the side to which the line's normal points, and
        that normal runs along (cos, sin) of `boundary_direction` in (x, y), is the turned one.
    """

    vacancies: float = quantity(0.0, "1/nm²", 0.0, 1000.0, "atoms that are missing")
    vacancy: str = text("", "element whose atoms are missing; empty: any")
    whole_columns: bool = switch(False, "take a vacancy's whole column, not just one atom of it")
    substitutions: float = quantity(0.0, "1/nm²", 0.0, 1000.0, "atoms of another element")
    replaced: str = text("", "element that is replaced; empty: any but the substitute")
    substitute: str = text("", "element that takes its place")
    adatoms: float = quantity(0.0, "1/nm²", 0.0, 100.0, "additional atoms on the surface")
    adatom: str = text("C", "element of the adatoms")
    boundary_angle: float = quantity(0.0, "°", -180.0, 180.0, "turn of a second grain; 0: none")
    boundary_direction: float = quantity(
        0.0, "°", -360.0, 360.0, "direction of the boundary's normal, from x to y"
    )
    boundary_offset: float = quantity(
        0.0, "nm", -1000.0, 1000.0, "distance of the boundary from the middle, along its normal"
    )

    def __post_init__(self) -> None:
        """Refuse what the fields do not allow, and elements that do not exist."""
        super().__post_init__()
        for name in ("vacancy", "replaced", "substitute", "adatom"):
            symbol = getattr(self, name)
            if symbol not in _NUMBERS and (symbol or name == "adatom"):
                raise InputError(
                    f"Defects.{name} must be the symbol of a chemical element. Received: {symbol!r}"
                )
        if self.substitutions and not self.substitute:
            raise InputError(
                "Defects.substitute must name the element that takes the replaced atoms' places "
                f"where there are substitutions. Received: {self.substitute!r}"
            )
        if self.substitute and self.substitute == self.replaced:
            raise InputError(
                "Defects.substitute must be another element than Defects.replaced. "
                f"Received: {self.substitute!r}"
            )

    def grains(self, lattice: Lattice, grid: Grid, margin: float = 0.0) -> Specimen:
        """Crystal that covers an image, or the two grains that meet in it.

        Parameters
        ----------
        lattice, grid, margin
            As for `fill`.

        Returns
        -------
        Specimen
            Sites nearer to the boundary than nearest neighbours are to each other are of the
            class ``boundary``, all others ``perfect``.
        """
        first = fill(lattice, grid, margin)
        if self.boundary_angle == 0:
            return first
        second = fill(lattice.turned(self.boundary_angle), grid, margin)
        spacing = first.spacing
        first = first.keep(self._beyond(first, grid) < 0)
        second = second.keep(self._beyond(second, grid) >= 0)
        if len(first.sites) and len(second.sites):
            gaps, _ = cKDTree(first.sites).query(second.sites)
            second = second.keep(gaps > _OVERLAP * spacing)
        both = first.joined(second)
        return both.marked(np.abs(self._beyond(both, grid)) < spacing, BOUNDARY)

    def _beyond(self, specimen: Specimen, grid: Grid) -> NDArray[np.float64]:
        """Distance of each site from the boundary [nm], negative in the first grain."""
        angle = math.radians(self.boundary_direction)
        normal = np.array([math.sin(angle), math.cos(angle)])
        away: NDArray[np.float64] = (specimen.sites - np.array(grid.centre)) @ normal
        return away - self.boundary_offset

    def apply(self, specimen: Specimen, grid: Grid, key: int) -> Specimen:
        """Specimen with vacancies, substitutions and adatoms within the image.

        Parameters
        ----------
        specimen : Specimen
            What `grains` returns.
        grid : Grid
            Pixels of the image.
        key : int
            Seed, from 0 on; equal keys give equal defects.

        Raises
        ------
        InputError
            If fewer perfect sites are left than are to lose or replace an atom.
        """
        changed, removed = specimen, np.zeros(0, np.int64)
        if self.vacancies:
            rng = np.random.default_rng([key, _VACANCIES])
            count = _count(self.vacancies, grid, rng)
            removed = _choose(changed, grid, self.vacancy, "", count, "vacancies", rng)
            changed = changed.marked(changed.columns[removed], VACANCY)
        if self.substitutions:
            rng = np.random.default_rng([key, _SUBSTITUTIONS])
            count = _count(self.substitutions, grid, rng)
            names = (self.replaced, self.substitute)
            atoms = _choose(changed, grid, *names, count, "substitutions", rng)
            changed = changed.marked(changed.columns[atoms], SUBSTITUTION)
            changed = changed.with_element(atoms, _NUMBERS[self.substitute])
        if self.whole_columns:
            removed = np.flatnonzero(np.isin(changed.columns, changed.columns[removed]))
        changed = changed.without(removed)
        if self.adatoms:
            rng = np.random.default_rng([key, _ADATOMS])
            added = _adatoms(changed, grid, self.adatom, _count(self.adatoms, grid, rng), rng)
            changed = changed.joined(added)
        return changed


def _count(density: float, grid: Grid, rng: np.random.Generator) -> int:
    """Whole number whose mean is a density [1/nm²] times the area of the image."""
    return int(density * math.prod(grid.extent) + rng.uniform())


def _choose(
    specimen: Specimen,
    grid: Grid,
    element: str,
    but: str,
    count: int,
    name: str,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Atoms of an element in perfect sites within the image, no two in the same site."""
    fit = specimen.inside(grid)[specimen.columns]
    if element:
        fit &= specimen.numbers == _NUMBERS[element]
    if but:
        fit &= specimen.numbers != _NUMBERS[but]
    atoms = rng.permutation(np.flatnonzero(fit))
    atoms = atoms[specimen.classes[specimen.columns[atoms]] == PERFECT]
    _, first = np.unique(specimen.columns[atoms], return_index=True)
    if count > len(first):
        of = f" that hold {element}" if element else ""
        raise InputError(
            f"Defects.{name} must find perfect sites{of} in the image. Received: "
            f"a density that asks for {count} of {len(first)}"
        )
    return np.asarray(atoms[np.sort(first)[:count]], np.int64)


def _adatoms(
    specimen: Specimen, grid: Grid, element: str, count: int, rng: np.random.Generator
) -> Specimen:
    """Atoms on the surface, where there is room between the columns."""
    top = specimen.depths.min(initial=0.0) - _ABOVE
    known = cKDTree(specimen.sites) if len(specimen.sites) else None
    places = np.zeros((count, 2))
    for i in range(count):
        tried = rng.uniform(-0.5, np.array(grid.gpts) - 0.5, (_TRIES, 2)) * grid.sampling
        room = known.query(tried)[0] if known else np.full(_TRIES, np.inf)
        if i:
            room = np.minimum(room, cKDTree(places[:i]).query(tried)[0])
        places[i] = tried[np.argmax(room)]
    return Specimen(
        np.full(count, _NUMBERS[element]),
        places,
        np.full(count, top),
        np.arange(count),
        places,
        np.full(count, ADATOM),
    )
