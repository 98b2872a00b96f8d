"""What lies under the beam: a crystal, how thick it is, how it lies and how it is strained."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import Checked, check_bounds, quantity, text, whole
from napari_stem3d.simulation.lattices.structures import (
    DEBYE_WALLER,
    STRUCTURES,
    unit_cell,
    zone_axis,
)

if TYPE_CHECKING:
    from ase import Atoms

NM = 0.1  # one Å
_STRUCTURE = f"{', '.join(STRUCTURES)}, or the path of a CIF file"


@dataclass(frozen=True)
class Lattice(Checked):
    """A crystal that fills the field of view.

    It is turned so that `zone` runs along the beam, cut to its thickness, turned about the beam,
    tilted, strained and shifted, in this order. The laboratory's x runs along the rows, y down
    the columns, z along the beam; all of this happens about the middle of the image. Crystals
    that do not repeat along the beam, such as one sheet of graphene, stay as they are, whatever
    the thickness; atoms that do not repeat at all are shown once.

    Attributes
    ----------
    structure : str, pathlib.Path or ase.Atoms
        Name in `STRUCTURES`, path of a CIF file, or a unit cell.
    strain_gradient : float
        ``eps_xx`` grows by it per nm along x, as in a bent specimen.
    displacement : float
        Standard deviation of an atom's thermal vibration along each axis,
        ``sqrt(B / 8π²)`` of its Debye-Waller factor B.
    """

    structure: str | Path | Atoms = text(  # noqa: RUF009
        "graphene", _STRUCTURE, file="*.cif", suggestions=tuple(STRUCTURES)
    )
    zone: str = text("", "direction along the beam, such as 110; empty: the structure's own")
    thickness: float = quantity(5.0, "nm", 0.01, 1000.0, "thickness of a crystal along the beam")
    cells: int = whole(0, 0, 100_000, "thickness in lengths of the zone's vector; 0: in nm")
    rotation: float = quantity(0.0, "°", -360.0, 360.0, "turn about the beam, from x to y")
    tilt_x: float = quantity(0.0, "°", -60.0, 60.0, "tilt about x, the direction of the rows")
    tilt_y: float = quantity(0.0, "°", -60.0, 60.0, "tilt about y, down the columns")
    eps_xx: float = quantity(0.0, "%", -30.0, 30.0, "strain along x")
    eps_yy: float = quantity(0.0, "%", -30.0, 30.0, "strain along y")
    eps_xy: float = quantity(0.0, "%", -30.0, 30.0, "shear strain: x moves by it times y")
    strain_gradient: float = quantity(0.0, "%/nm", -10.0, 10.0, "growth of eps_xx along x")
    shift_y: float = quantity(0.0, "nm", -1000.0, 1000.0, "shift of the crystal along y")
    shift_x: float = quantity(0.0, "nm", -1000.0, 1000.0, "shift of the crystal along x")
    displacement: float = quantity(
        0.0, "Å", 0.0, 1.0, "rms of the thermal vibration along an axis; 0: from the table"
    )

    def __post_init__(self) -> None:
        """Refuse what the fields do not allow, structures that are none, and too much shear."""
        if isinstance(self.structure, Path):
            object.__setattr__(self, "structure", str(self.structure))
        if isinstance(self.structure, str):
            super().__post_init__()
        else:
            check_bounds(dataclasses.replace(self, structure="graphene"))
        if self.zone:
            zone_axis(self.zone)

    @property
    def beam_direction(self) -> str:
        """Indices of the direction along the beam."""
        if self.zone:
            return self.zone
        known = STRUCTURES.get(self.structure) if isinstance(self.structure, str) else None
        return known.zone if known else "001"

    def unit_cell(self) -> Atoms:
        """Build the unit cell, in the crystal's own frame [Å].

        Raises
        ------
        InputError
            If there is no such structure, or a flat one is asked for along another direction.
        """
        atoms = unit_cell(self.structure)
        if not atoms.pbc.all() and zone_axis(self.beam_direction) != (0, 0, 1):
            raise InputError(
                "zone must be 001 for a structure that does not repeat along the beam; use the "
                f"tilts instead. Received: {self.zone!r}"
            )
        return atoms

    def vibration(self, symbol: str) -> float:
        """Rms of an element's thermal vibration along each axis [nm]."""
        if self.displacement:
            return self.displacement * NM
        known = STRUCTURES.get(self.structure) if isinstance(self.structure, str) else None
        factor = known.debye_waller.get(symbol, DEBYE_WALLER) if known else DEBYE_WALLER
        return math.sqrt(factor / (8 * math.pi**2)) * NM

    def turned(self, degrees: float) -> Lattice:
        """Turn the crystal about the beam by an angle [°]."""
        return dataclasses.replace(self, rotation=math.remainder(self.rotation + degrees, 360))

    @property
    def orientation(self) -> NDArray[np.float64]:
        """Rotation matrix (3, 3) of the turn about the beam followed by the tilts."""
        angles = [self.rotation, self.tilt_x, self.tilt_y]
        return Rotation.from_euler("zxy", angles, degrees=True).as_matrix()

    @property
    def strain(self) -> NDArray[np.float64]:
        """Matrix (2, 2) that strains (x, y)."""
        xx, yy, xy = self.eps_xx / 100, self.eps_yy / 100, self.eps_xy / 100
        return np.array([[1 + xx, xy], [xy, 1 + yy]])

    def bend(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Move places x [nm] by the strain that grows along x: ``x + g x² / 2``."""
        return np.asarray(x + self.strain_gradient / 200 * x**2, float)

    def unbend(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Undo `bend`.

        Raises
        ------
        InputError
            If the crystal would be squeezed to nothing within the image.
        """
        gradient = self.strain_gradient / 100
        root = 1 + 2 * gradient * np.asarray(x, float)
        if (root <= 0.25).any():
            raise InputError(
                "Lattice.strain_gradient must strain by less than half within the image. "
                f"Received: {self.strain_gradient!r} %/nm"
            )
        return x if gradient == 0 else (np.sqrt(root) - 1) / gradient
