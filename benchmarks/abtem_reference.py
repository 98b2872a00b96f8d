"""The scattering model beside abTEM, an exact (multislice, frozen phonon) simulation.

``python -m benchmarks abtem_reference`` compares the model with the numbers stored beside this
file; ``python benchmarks/abtem_reference.py`` computes them anew and needs nothing but abTEM:
about half an hour on two cores.

Probes are defocused so that each averages over many columns: the mean over all probe positions
does not depend on the aberrations (they are phases of the illumination, whose directions add up
incoherently in that mean), but a tenth of the positions then suffice.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_suffix(".json")
ENERGY = 200e3  # eV
CONVERGENCE = 20.0  # mrad
ANNULI = ((60.0, 200.0), (30.0, 200.0))  # mrad
DEFOCUS = 500.0  # Å: discs of 2 nm
PHONON = 0.085  # Å rms along each axis, gold at room temperature
CONFIGURATIONS = 4
SIDE, DEPTH, CELL = 50.0, 100.0, 56.0  # Å
POSITIONS = CELL / 2 + np.linspace(-12.0, 12.0, 4)
ORIENTATIONS = {  # degrees about x, y, z; the beam runs along z
    "off axis, 11 17 0": (11.0, 17.0, 0.0),
    "off axis, 24 8 31": (24.0, 8.0, 31.0),
    "zone axis 001": (0.0, 0.0, 0.0),
}
ELEMENTS = (6, 14, 16, 29, 42, 47, 74, 79)


def cuboid(angles: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    """Gold cut to a cuboid of 5 x 5 x 10 nm, its lattice turned by these angles."""
    from ase.build import bulk
    from scipy.spatial.transform import Rotation

    atoms = bulk("Au", cubic=True) * (40, 40, 40)
    positions = atoms.positions - atoms.positions.mean(axis=0)
    positions = Rotation.from_euler("xyz", angles, degrees=True).apply(positions)
    size = np.array([SIDE, SIDE, DEPTH])
    inside = (np.abs(positions + 1e-6) < size / 2).all(axis=1)
    atoms = atoms[inside]
    atoms.positions = positions[inside] + [CELL / 2, CELL / 2, DEPTH / 2]
    atoms.set_cell([CELL, CELL, DEPTH])
    return atoms


def thickness_series(angles: tuple[float, float, float], seed: int) -> dict[str, list[float]]:
    """Mean fraction on each annulus at every nanometre of depth, and its standard error."""
    import abtem

    phonons = abtem.FrozenPhonons(cuboid(angles), CONFIGURATIONS, sigmas=PHONON, seed=seed)
    means: dict[str, list[np.ndarray]] = {f"{a:g}-{b:g}": [] for a, b in ANNULI}
    for configuration in phonons:
        potential = abtem.Potential(
            configuration, sampling=0.041, slice_thickness=2.0, exit_planes=5
        ).build()
        probe = abtem.Probe(energy=ENERGY, semiangle_cutoff=CONVERGENCE, defocus=DEFOCUS)
        probe.grid.match(potential)
        places = np.stack(np.meshgrid(POSITIONS, POSITIONS, indexing="ij"), axis=-1)
        detectors = [abtem.AnnularDetector(inner=a, outer=b) for a, b in ANNULI]
        measured = probe.scan(
            potential, scan=abtem.CustomScan(places.reshape(-1, 2)), detectors=detectors
        ).compute(progress_bar=False)
        for key, measurement in zip(means, measured):
            means[key].append(np.asarray(measurement.array)[1:].reshape(10, -1))
    series: dict[str, list[float]] = {}
    for key, values in means.items():
        all_of_them = np.concatenate(values, axis=1)
        error = all_of_them.std(axis=1, ddof=1) / np.sqrt(all_of_them.shape[1])
        series[f"fraction {key} mrad"] = [float(f"{v:.5g}") for v in all_of_them.mean(axis=1)]
        series[f"error {key} mrad"] = [float(f"{v:.2g}") for v in error]
    return series


def cross_sections(energy: float) -> dict[str, dict[str, float]]:
    """Cross-section [nm²] of single atoms: the fraction that a plane wave scatters, times area."""
    import abtem
    from ase import Atoms

    side = 20.0
    sections: dict[str, dict[str, float]] = {f"{a:g}-{b:g}": {} for a, b in ANNULI}
    for number in ELEMENTS:
        atom = Atoms([number], [[side / 2] * 3], cell=[side] * 3)
        potential = abtem.Potential(atom, sampling=0.03, slice_thickness=side)
        wave = abtem.PlaneWave(energy=energy).multislice(potential).compute(progress_bar=False)
        spectrum = np.abs(np.fft.fft2(np.asarray(wave.array, np.complex128))) ** 2
        spectrum /= spectrum.sum()
        step = np.asarray(wave.sampling)
        frequencies = [np.fft.fftfreq(n, d) for n, d in zip(spectrum.shape, step)]
        angle = np.hypot(*np.meshgrid(*frequencies, indexing="ij")) * wave.wavelength * 1e3
        for (inner, outer), section in zip(ANNULI, sections.values()):
            fraction = spectrum[(angle >= inner) & (angle < outer)].sum()
            section[str(number)] = float(f"{fraction * side**2 / 100:.5g}")
    return sections


def main(seed: int) -> None:
    """Print the model's signal over abTEM's; nothing is random."""
    from napari_stem3d.simulation import Beam, Contrast

    stored = json.loads(STORED.read_text(encoding="utf-8"))
    print(f"model over abTEM {stored['abtem']}, gold at 200 kV, 1 to 10 nm thick")
    depths = np.array(stored["thickness_nm"], np.float32)
    for name in ORIENTATIONS:
        for inner, outer in ANNULI:
            exact = np.array(stored[name][f"fraction {inner:g}-{outer:g} mrad"])
            for saturating in (False, True):
                contrast = Contrast(inner=inner, outer=outer, saturating=saturating)
                ratio = contrast.fraction(depths, Beam()) / exact
                kind = "saturating" if saturating else "linear"
                print(
                    f"  {name}, {inner:g}-{outer:g} mrad, {kind}: "
                    f"{ratio.min():.2f} to {ratio.max():.2f}, "
                    f"largest over smallest {ratio.max() / ratio.min():.3f}"
                )
    print("cross sections of single atoms, model over abTEM")
    for voltage, annuli in stored["cross_sections_nm2"].items():
        for annulus, sections in annuli.items():
            inner, outer = (float(angle) for angle in annulus.split("-"))
            contrast = Contrast(inner=inner, outer=outer)
            beam = Beam(high_voltage=float(voltage.removesuffix(" kV")))
            ratios = (
                f"Z={z} {contrast.cross_section(beam, int(z)) / section:.2f}"
                for z, section in sections.items()
            )
            print(f"  {voltage}, {annulus} mrad: {', '.join(ratios)}")


def compute() -> None:
    """Run abTEM and store what it says."""
    import abtem

    results = {
        "abtem": abtem.__version__,
        "seed": 1,
        "thickness_nm": list(range(1, 11)),
        "cross_sections_nm2": {f"{e / 1e3:g} kV": cross_sections(e) for e in (200e3, 80e3)},
    }
    for name, angles in ORIENTATIONS.items():
        results[name] = thickness_series(angles, seed=1)
        STORED.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    compute()
