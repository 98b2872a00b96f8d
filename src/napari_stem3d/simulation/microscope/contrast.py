"""How much matter scatters onto the annular detector.

Screened Rutherford scattering (Wentzel's atom in the Born approximation; Reimer and Kohl,
*Transmission Electron Microscopy*, 5th ed., chapter 5) integrated over the annulus. Beside exact
single atoms (benchmarks/abtem_reference.py) it is 1.3 times too large for light elements and 1.6
times for gold at 200 kV; `Contrast.calibration` takes the factor that a standard gives.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import Checked, quantity, switch, text
from napari_stem3d.simulation.microscope.beam import Beam

Image = NDArray[np.float32]
_BOHR_RADIUS = 0.0529177  # [nm]
_PER_NM3 = 602.214076  # atoms per nm³ in 1 mol/cm³
_GOLD = 79


@dataclass(frozen=True)
class Contrast(Checked):
    """Fraction of the electrons that matter scatters onto the annular detector.

    Linear in the thickness t, or ``1 - exp(-μ t)`` once electrons run out (physics.md, 5.2).
    Materials are chemical formulas such as ``Au`` or ``SiO2``; a compound's density is told by
    `density`, or in the formula itself, as in ``SiO2@2.2``.
    """

    material: str = text("Au", "formula of the particles, such as Au or SiO2@2.2 (with g/cm³)")
    density: float = quantity(0.0, "g/cm³", 0.0, 30.0, "density; 0 takes the tabulated one")
    inner: float = quantity(60.0, "mrad", 0.1, 1000.0, "inner semi-angle of the detector")
    outer: float = quantity(200.0, "mrad", 1.0, 2000.0, "outer semi-angle of the detector")
    exponent: float = quantity(
        0.0, "", 0.0, 2.0, "signal of an atom grows as Z to this power, 1.3 to 2; 0: from angles"
    )
    saturating: bool = switch(False, "let thick matter saturate instead of staying linear")
    calibration: float = quantity(1.0, "", 0.01, 100.0, "factor on all cross sections")
    diffraction: float = quantity(0.0, "%", 0.0, 100.0, "rms of the particles' brightness")
    attenuation: float = quantity(
        0.0, "1/nm", 0.0, 10.0, "fraction scattered per nm; 0: from the material"
    )

    def __post_init__(self) -> None:
        """Refuse annuli inside out, exponents that no atom has, and unknown materials."""
        super().__post_init__()
        if self.inner >= self.outer:
            raise InputError(
                "Contrast.inner must be smaller than Contrast.outer. "
                f"Received: {self.inner:g} and {self.outer:g} mrad"
            )
        if 0 < self.exponent < 1.3:
            raise InputError(
                f"Contrast.exponent must be 0 or lie between 1.3 and 2. Received: {self.exponent!r}"
            )
        if (self.material, self.density) != ("Au", 0):  # gold is known without its table
            number_densities(self.material, self.density)

    @property
    def elements(self) -> list[str]:
        """Symbols of the elements of the material."""
        import periodictable

        numbers = (number for number, _ in number_densities(self.material, self.density))
        return [periodictable.elements[number].symbol for number in numbers]

    def cross_section(self, beam: Beam, number: int) -> float:
        """Cross section of an atom for scattering onto the detector [nm²].

        Parameters
        ----------
        beam : Beam
            Electrons.
        number : int
            Atomic number Z.
        """
        if self.exponent:
            gold = annulus_cross_section(beam, _GOLD, self.inner, self.outer)
            return gold * (number / _GOLD) ** self.exponent
        return annulus_cross_section(beam, number, self.inner, self.outer)

    def per_nm(self, beam: Beam, material: str | None = None) -> float:
        """Fraction scattered per nm of matter, ``μ = Σ N_i σ_i`` [1/nm].

        Parameters
        ----------
        beam : Beam
            Electrons.
        material : str, optional
            Formula of another material than the particles'; `attenuation`, where it is given,
            holds for the particles, and others follow in the ratio of the cross sections.
        """
        own = material is None or material == self.material
        if own and self.attenuation:
            return self.calibration * self.attenuation
        density = self.density if own else 0.0
        sigmas = (
            count * self.cross_section(beam, number)
            for number, count in number_densities(material or self.material, density)
        )
        computed = self.calibration * math.fsum(sigmas)
        if own or not self.attenuation:
            return computed
        particles = replace(self, attenuation=0.0).per_nm(beam)
        return computed * self.attenuation / particles

    def fraction(self, thickness: Image, beam: Beam) -> Image:
        """Scattered fraction of a thickness [nm] of the particles' material."""
        depth: Image = np.float32(self.per_nm(beam)) * thickness
        return -np.expm1(-depth) if self.saturating else depth

    def thickness(self, fraction: Image, beam: Beam) -> Image:
        """Thickness [nm] that scatters a fraction, the inverse of `fraction`."""
        depth = -np.log1p(-fraction) if self.saturating else fraction
        return (depth / self.per_nm(beam)).astype(np.float32)

    def linear_error(self, thickness: ArrayLike, beam: Beam) -> NDArray[np.float64]:
        """How far the saturating signal falls below the linear one [%].

        ``1 - (1 - exp(-x)) / x`` with x = μ t: 1 % at 0.02, 9.4 % at 0.2, 36.8 % at 1.
        """
        depth = self.per_nm(beam) * np.maximum(np.asarray(thickness, float), 1e-12)
        error: NDArray[np.float64] = 100 * (1 + np.expm1(-depth) / depth)
        return error


def annulus_cross_section(beam: Beam, number: int, inner: float, outer: float) -> float:
    """Cross section of an atom for scattering between two angles [nm²].

    ``σ = Z^(4/3) λ² (1 + E/E₀)² / π · (1/(1 + (θ₁/θ₀)²) - 1/(1 + (θ₂/θ₀)²))``, with the
    screening angle ``θ₀ = λ Z^(1/3) / (2π a_H)`` (physics.md, 5.1).

    Parameters
    ----------
    beam : Beam
        Electrons.
    number : int
        Atomic number Z.
    inner, outer : float
        Semi-angles [mrad].
    """
    screening = screening_angle(beam, number)
    beyond_inner, beyond_outer = (1 / (1 + (angle / screening) ** 2) for angle in (inner, outer))
    total = number ** (4 / 3) * (beam.wavelength * beam.mass_ratio) ** 2 / math.pi
    return total * (beyond_inner - beyond_outer)


def screening_angle(beam: Beam, number: int) -> float:
    """Angle beyond which an atom's electrons no longer screen its nucleus [mrad]."""
    return 1e3 * beam.wavelength * number ** (1 / 3) / (2 * math.pi * _BOHR_RADIUS)


def local_exponent(beam: Beam, number: int, inner: float) -> float:
    """Exponent n of ``σ ∝ Zⁿ`` at one element and inner angle [mrad], the outer one far out.

    ``n = 4/3 + 2/3 · θ₁² / (θ₁² + θ₀²)``: 4/3 at small angles, Rutherford's 2 at large ones.
    """
    screening = screening_angle(beam, number)
    return 4 / 3 + 2 / 3 * inner**2 / (inner**2 + screening**2)


@functools.cache
def number_densities(material: str, density: float = 0.0) -> tuple[tuple[int, float], ...]:
    """Atoms per nm³ of each element of a material.

    Parameters
    ----------
    material : str
        Chemical formula, with its density [g/cm³] after an ``@`` if need be.
    density : float
        Density [g/cm³]; 0 takes the formula's or the tabulated one.

    Returns
    -------
    tuple of (int, float)
        Atomic numbers, and how many of these atoms a nm³ holds.

    Raises
    ------
    InputError
        If the formula is none, or nothing tells its density.
    """
    import periodictable
    from pyparsing import ParseBaseException

    try:
        formula = periodictable.formula(material)
    except (ValueError, KeyError, RecursionError, ParseBaseException):
        formula = None
    if formula is None or not formula.mass > 0:
        raise InputError(
            f"material must be a chemical formula such as Au or SiO2. Received: {material!r}"
        )
    density = density or formula.density
    if not density:
        raise InputError(
            "material must name its density in g/cm³, as in SiO2@2.2, where no table has it. "
            f"Received: {material!r}"
        )
    per_formula = _PER_NM3 * density / formula.mass
    return tuple((atom.number, count * per_formula) for atom, count in formula.atoms.items())
