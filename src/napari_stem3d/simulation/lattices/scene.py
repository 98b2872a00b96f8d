"""A lattice under a microscope."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._random import derive, draw_keys
from napari_stem3d.simulation.compute._threads import compiled_loops
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.lattices.defects import Defects
from napari_stem3d.simulation.lattices.distortion import seen_at
from napari_stem3d.simulation.lattices.lattice import Lattice
from napari_stem3d.simulation.lattices.microscopes import ATOMIC
from napari_stem3d.simulation.lattices.rendering import NARROWEST, draw_atoms
from napari_stem3d.simulation.lattices.sample import LatticeSample
from napari_stem3d.simulation.lattices.specimen import SYMBOLS, Specimen
from napari_stem3d.simulation.microscope import Microscope
from napari_stem3d.simulation.microscope.microscope import SCAN

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]

_REACH = 5.0  # standard deviations of the blurred atoms that reach into the image


@dataclass(frozen=True, eq=False)
class LatticeScene:
    """A lattice under a microscope.

    An atom scatters ``σ(Z)``, the cross section of the microscope's contrast, as a Gaussian as
    wide as its thermal vibration; the probe and all that follows are the microscope's. Under a
    probe narrower than a pixel, atoms are drawn no narrower than 0.6 pixels. Signals
    of atoms add up: there is no channelling, so that thick columns along a zone axis are
    brighter or darker than in reality, and their contrast does not saturate.

    Attributes
    ----------
    lattice : Lattice
        Crystal.
    grid : Grid
        Pixels of the image; 256 x 256 at 0.02 nm by default.
    microscope : Microscope
        How the image is made; ``ATOMIC["80 kV"]`` by default.
    defects : Defects
        What is wrong with the crystal; nothing by default.
    """

    lattice: Lattice = field(default_factory=Lattice)
    grid: Grid = field(default_factory=lambda: Grid((256, 256), (0.02, 0.02)))
    microscope: Microscope = field(default_factory=lambda: ATOMIC["80 kV"])
    defects: Defects = field(default_factory=Defects)

    def image(self, rng: np.random.Generator, start: float = 0.0) -> LatticeSample:
        """Record the scene.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness, of the defects as well as of the noise.
        start : float
            Time at which the scan begins [s]; a lattice looks the same at any time.

        Returns
        -------
        LatticeSample
            Image and truth.
        """
        key = draw_keys(rng, 1)
        specimen = self.specimen(int(key[0]))
        fraction = self._fraction(specimen)
        (ny, nx), margin = self.grid.gpts, self._margin
        inner = fraction[margin : margin + ny, margin : margin + nx]
        image, places = self._recorded(fraction, key), self._places(specimen, key)
        return LatticeSample(image, inner, specimen, places, self.grid)

    def record(self, key: Keys, start: float = 0.0) -> Image:
        """Record the image alone, with the defects and the noise of one key, shape (1,)."""
        return self._recorded(self._fraction(self.specimen(int(key[0]))), key)

    def _recorded(self, fraction: Image, key: Keys) -> Image:
        with compiled_loops(threads=1):
            return self.microscope.record(fraction[None], self.grid, key, margin=self._margin)[0]

    def _places(self, specimen: Specimen, key: Keys) -> NDArray[np.float64]:
        """Where the scan, which is displaced, shows the sites, (y, x) [px]."""
        sampling = np.array(self.grid.sampling)
        with compiled_loops(threads=1):
            moved = self.microscope.scan.displacements(self.grid, derive(key, SCAN))
        places = specimen.sites / sampling
        if moved is None:
            return places
        shifts = np.stack([u[0] / d for u, d in zip(moved, sampling)])
        return seen_at(places, shifts, self._probe_width / sampling)

    def specimen(self, key: int) -> Specimen:
        """Atoms in and around the image, with the defects that a key (from 0 on) stands for."""
        reach = (self._margin + 1) * max(self.grid.sampling)
        crystal = self.defects.grains(self.lattice, self.grid, reach)
        return self.defects.apply(crystal, self.grid, key)

    @property
    def _margin(self) -> int:
        """Pixels around the image from which the probe brings light into it."""
        return math.ceil(_REACH * self._probe_width / min(self.grid.sampling)) + 1

    @property
    def _probe_width(self) -> float:
        return self.microscope.probe.width(self.microscope.beam)

    def _fraction(self, specimen: Specimen) -> Image:
        """Scattered fraction of the image and its margin."""
        margin, contrast = self._margin, self.microscope.contrast
        wide = Grid(tuple(n + 2 * margin for n in self.grid.gpts), self.grid.sampling)  # type: ignore[arg-type]
        total = np.zeros(wide.gpts)
        pixel = max(self.grid.sampling)
        narrowest = NARROWEST * pixel if self._probe_width < pixel else 0.0
        # Atoms that lie exactly one behind the other are drawn once.
        upright = np.allclose(specimen.positions, specimen.sites[specimen.columns], atol=1e-7)
        for number in np.unique(specimen.numbers).tolist():
            atoms = specimen.numbers == number
            places, counts = specimen.positions[atoms], np.ones(1)
            if upright:
                columns, heights = np.unique(specimen.columns[atoms], return_counts=True)
                places, counts = specimen.sites[columns], heights.astype(float)
            section = contrast.calibration * contrast.cross_section(self.microscope.beam, number)
            sigma = max(self.lattice.vibration(SYMBOLS[number]), narrowest)
            offset = margin * np.array(self.grid.sampling)
            total += draw_atoms(
                places + offset, section * np.broadcast_to(counts, len(places)), sigma, wide
            )
        return total.astype(np.float32)


@dataclass(frozen=True)
class RandomLattices:
    """Draws scenes for a `Dataset`: one of several, its crystal turned and shifted at random.

    Attributes
    ----------
    scenes : sequence of LatticeScene
        What is drawn from, each as often as any other.
    """

    scenes: Sequence[LatticeScene]

    def __call__(self, rng: np.random.Generator) -> LatticeScene:
        """Scene whose crystal is turned by any angle and shifted by up to a nanometre."""
        scene = self.scenes[int(rng.integers(len(self.scenes)))]
        shift_y, shift_x = rng.uniform(-1, 1, 2)
        lattice = replace(
            scene.lattice.turned(rng.uniform(0, 360)), shift_y=shift_y, shift_x=shift_x
        )
        return replace(scene, lattice=lattice)
