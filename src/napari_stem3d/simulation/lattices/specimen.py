"""Atoms, the columns they form, and what is wrong with each column."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from ase import Atoms

    from napari_stem3d.simulation.grid import Grid

CLASSES = ("perfect", "vacancy", "substitution", "adatom", "boundary")
SYMBOLS = (
    "X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As "
    "Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd "
    "Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am "
    "Cm Bk Cf Es Fm Md No Lr"
).split()  # by atomic number; written out so that a form's check does not load a library
PERFECT, VACANCY, SUBSTITUTION, ADATOM, BOUNDARY = range(len(CLASSES))


@dataclass(frozen=True, eq=False)
class Specimen:
    """Atoms and the sites in which they lie one behind the other.

    A site is a column of atoms along the beam. It stays where it is when its atoms go, so that a
    vacancy has a position as well.

    Attributes
    ----------
    numbers : ndarray, shape (m,), int
        Atomic numbers.
    positions : ndarray, shape (m, 2)
        Where the atoms appear, (y, x) [nm]; (0, 0) is the centre of the first pixel.
    depths : ndarray, shape (m,)
        Positions of the atoms along the beam [nm].
    columns : ndarray, shape (m,), int
        Site of each atom.
    sites : ndarray, shape (n, 2)
        Where the sites appear, (y, x) [nm].
    classes : ndarray, shape (n,), int
        What is wrong with each site, an index into `CLASSES`.
    """

    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    depths: NDArray[np.float64]
    columns: NDArray[np.int64]
    sites: NDArray[np.float64]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of atoms."""
        return len(self.numbers)

    @property
    def spacing(self) -> float:
        """Distance of nearest neighbours among the sites [nm], the median; infinite for one."""
        if len(self.sites) < 2:
            return float("inf")
        distances, _ = cKDTree(self.sites).query(self.sites, k=2)
        return float(np.median(distances[:, 1]))

    def keep(self, sites: NDArray[np.bool_]) -> Specimen:
        """Specimen with some of its sites, and the atoms in them."""
        new = np.cumsum(sites) - 1
        inside = sites[self.columns]
        return Specimen(
            self.numbers[inside],
            self.positions[inside],
            self.depths[inside],
            new[self.columns[inside]],
            self.sites[sites],
            self.classes[sites],
        )

    def joined(self, other: Specimen) -> Specimen:
        """Both specimens together, the sites of `other` behind one's own."""
        pairs = {
            field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)])
            for field in dataclasses.fields(self)
        }
        pairs["columns"][len(self) :] += len(self.sites)
        return Specimen(**pairs)

    def marked(self, sites: NDArray[Any], kind: int) -> Specimen:
        """Specimen with some sites (indices or mask) in another class."""
        classes = self.classes.copy()
        classes[sites] = kind
        return dataclasses.replace(self, classes=classes)

    def without(self, atoms: NDArray[np.int64]) -> Specimen:
        """Specimen without some atoms; their sites stay."""
        kept = np.ones(len(self), bool)
        kept[atoms] = False
        return dataclasses.replace(
            self,
            numbers=self.numbers[kept],
            positions=self.positions[kept],
            depths=self.depths[kept],
            columns=self.columns[kept],
        )

    def with_element(self, atoms: NDArray[np.int64], number: int) -> Specimen:
        """Specimen some of whose atoms are of another element."""
        numbers = self.numbers.copy()
        numbers[atoms] = number
        return dataclasses.replace(self, numbers=numbers)

    def inside(self, grid: Grid) -> NDArray[np.bool_]:
        """Which sites lie within the pixels of an image, shape (n,)."""
        places = self.sites / np.array(grid.sampling)
        return ((places >= -0.5) & (places < np.array(grid.gpts) - 0.5)).all(axis=1)

    def counts(self) -> NDArray[np.int64]:
        """Atoms in each site, shape (n,)."""
        return np.bincount(self.columns, minlength=len(self.sites))

    def elements(self) -> list[str]:
        """Elements in each site, heaviest first, such as ``W``, ``Ti+O`` or nothing."""
        found: list[list[int]] = [[] for _ in self.sites]
        pairs = np.unique(np.stack([self.columns, -self.numbers]), axis=1)
        for site, number in pairs.T.tolist():
            found[site].append(-number)
        return ["+".join(SYMBOLS[n] for n in numbers) for numbers in found]

    def to_ase(self) -> Atoms:
        """Atoms for other programs, at (x, y, z) [Å], z along the beam."""
        from ase import Atoms as Kind

        y, x = self.positions.T * 10
        return Kind(self.numbers, np.column_stack([x, y, self.depths * 10]))
