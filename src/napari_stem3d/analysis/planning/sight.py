"""What a fit sees of a microscope: brightness, noise, probe and the kicks of the lines."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.analysis.fitting.likelihood import Explanation, Look, Prior
from napari_stem3d.analysis.fitting.lines import LARGEST, SMALLEST
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.analysis.planning.question import Question
from napari_stem3d.simulation import CutCorners, Grid, Microscope, Particle
from napari_stem3d.simulation.microscope.contrast import number_densities
from napari_stem3d.simulation.microscope.film import probe_cell
from napari_stem3d.simulation.microscope.scan import FWHM

Array = NDArray[np.floating]
_PROBES = 0.3, 4.0  # pixels: between which a fit tells how wide the probe is
_PROBE_SPREAD = 0.2  # how well the width of the probe is known, as a spread of its logarithm
_LEAST = 0.3  # variance that no pixel weighs more than, as in a fit
_DISTURBED = 100  # images that tell how scan and film vary
_MARGIN = 3  # pixels, beside three widths of the probe, around a particle


@dataclass(frozen=True)
class Sight:
    """Images of particles as they are expected, in detected electrons.

    Attributes
    ----------
    question : Question
        Whose particles are seen.
    microscope : Microscope
        How; its current does not matter here.
    pixel : float
        Side of a pixel [nm].
    """

    question: Question
    microscope: Microscope
    pixel: float

    @property
    def prior(self) -> Prior:
        """What is known of cuts and probe before the image."""
        own = self.question
        return Prior(own.depth, own.variation, self._probe, _PROBE_SPREAD)

    @property
    def grid(self) -> Grid:
        """Smallest square that holds the particle in any pose."""
        reach = self.question.side / 2 + 0.5 + 3 * self._width
        count = 2 * (math.ceil(reach / self.pixel) + _MARGIN) + 1
        return Grid((count, count), (self.pixel, self.pixel))

    @property
    def per_nm(self) -> float:
        """Detected electrons per electron and nm of the particle."""
        own = self.microscope
        return own.detector.efficiency * own.contrast.per_nm(own.beam)

    @property
    def ground(self) -> float:
        """Detected electrons per electron beside the particle."""
        own = self.microscope
        film = own.film
        carbon = film.thickness + 1e-6 * film.specks * film.speck_volume
        return own.detector.efficiency * film.per_nm(own.beam, own.contrast) * carbon

    def variance(self, expected: Array, electrons: float) -> Array:
        """Variance of pixels of which so many electrons are expected, from what every dose has.

        ``(1 + ε²) s + (σ_r² + 1/12) / g²`` of the detector (physics.md, 5.6), and that of the
        number of the film's atoms within a pixel or under the probe, whichever is less.
        """
        own = self.microscope
        detector, film = own.detector, own.film
        counted = (detector.shot_noise + detector.pulse_height**2) * expected
        written = (detector.read_out**2 + (detector.bits > 0) / 12) / detector.gain**2
        grain = 0.0
        if film.grain and film.thickness:
            ((_, atoms),) = number_densities("C", film.density)
            cell = min(self.pixel**2, probe_cell(self.grid, self._width))
            grain = (electrons * self.ground) ** 2 / (film.thickness * atoms * cell)
        return np.maximum(counted + written + grain, 1e-9)

    def look(self, particle: Particle, electrons: float, image: Array | None = None) -> Look:
        """Lay a particle over its image at a number of electrons per pixel.

        Pixels weigh as if every corner were half cut, so that weights do not tell which are.

        Parameters
        ----------
        particle : Particle
            Placed with respect to the middle of the image.
        electrons : float
            Electrons that cross each pixel.
        image : ndarray, shape (ny, nx)
            Detected electrons; those expected by default.
        """
        grid = self.grid
        y = (np.arange(grid.gpts[0]) - grid.gpts[0] // 2).astype(float) * self.pixel
        empty = Patch(np.zeros(grid.gpts), np.ones(grid.gpts), y, y)
        gain, ground = electrons * self.per_nm, electrons * self.ground
        still = np.zeros(len(y))
        what = Explanation(Variable(particle), self._probe, gain, ground, still, self._kick)
        bare = Look(what, empty, self.prior)
        every = range(self.question.places)
        ends = [cut_at(bare, corners, self.question).model for corners in ((), every)]
        weighing = self.variance(np.mean(ends, axis=0), electrons)
        seen = bare.model if image is None else image
        return Look(what, Patch(seen, np.maximum(weighing, _LEAST), y, y), self.prior)

    def disturbances(self, look: Look, electrons: float) -> Array:
        """Show what the scan and the film make of an image without noise, many times.

        Parameters
        ----------
        look : Look
            A particle as it is expected, in detected electrons.
        electrons : float
            Electrons that cross each pixel.

        Returns
        -------
        ndarray, shape (n, ny, nx)
            Differences of so many images from the expected one.
        """
        images = look.model.astype(np.float32) + np.float32(electrons) * self._uneven
        displaced = self.microscope.scan.sample(images, self.grid, _keys())
        return displaced.astype(float) - look.model

    @cached_property
    def _uneven(self) -> NDArray[np.float32]:
        """Detected electrons per electron by which films differ from the mean, (n, ny, nx)."""
        own, grid = self.microscope, self.grid
        carbon = replace(own.film, grain=False).map(grid, _keys())  # grain is noise
        if isinstance(carbon, float):
            return np.zeros((_DISTURBED, *grid.gpts), np.float32)
        per_nm = own.detector.efficiency * own.film.per_nm(own.beam, own.contrast)
        seen = own.probe.blur(carbon, grid, own.beam)
        return (per_nm * seen - self.ground).astype(np.float32)

    @property
    def _width(self) -> float:
        return self.microscope.probe.width(self.microscope.beam)

    @property
    def _probe(self) -> float:
        return float(np.clip(self._width / self.pixel, *_PROBES))

    @property
    def _kick(self) -> float:
        """Standard deviation of what is new in the displacement of each line [pixels]."""
        scan = self.microscope.scan
        kick = math.hypot(scan.jitter, scan.mains) / self.pixel + scan.wide_band / (100 * FWHM)
        return float(np.clip(kick, SMALLEST, LARGEST))


def _keys() -> NDArray[np.uint64]:
    """Keys of the images that tell how scan and film vary; the same at every call."""
    return np.random.default_rng(0).integers(2**63, size=_DISTURBED, dtype=np.uint64)


def cut_at(look: Look, corners: Iterable[int], question: Question) -> Look:
    """Return the look with cuts at these corners alone, new ones of the usual depth."""
    particle = look.what.variable.particle
    known = look.what.variable.cuts
    old = dict(zip(known.corners, known.fractions)) if known else {}
    each = [(corner, old.get(corner, question.cut(corner))) for corner in corners]
    cuts = (CutCorners(*map(tuple, zip(*each))),) if each else ()
    variable = Variable(replace(particle, deformations=cuts))
    return replace(look, what=replace(look.what, variable=variable))
