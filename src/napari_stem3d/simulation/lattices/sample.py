"""An atomic-resolution image and everything that is true about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.lattices.specimen import CLASSES, Specimen

_PART = 1 << 20  # pixels drawn at a time
_GAUSSIANS = 4.0  # standard deviations at which a Gaussian of a mask ends


@dataclass(frozen=True, eq=False)
class LatticeSample:
    """Image of a lattice with its truth.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        What the detector writes.
    fraction : ndarray, shape (ny, nx), float32
        Fraction of the electrons that the atoms scatter onto the detector, in front of the probe.
    specimen : Specimen
        All atoms, those around the image too, whose outskirts reach into it.
    places : ndarray, shape (n, 2)
        Where the image shows each site of the specimen, (y, x) [px], displaced as the scan was.
    grid : Grid
        Pixels of the image.
    """

    image: NDArray[np.float32]
    fraction: NDArray[np.float32]
    specimen: Specimen
    places: NDArray[np.float64]
    grid: Grid

    @cached_property
    def sites(self) -> Specimen:
        """What the image shows of the specimen."""
        return self.specimen.keep(self._inside)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where the image shows the sites, (y, x) [px], shape (n, 2); pixel centres are whole."""
        return self.places[self._inside]

    @property
    def _inside(self) -> NDArray[np.bool_]:
        inside = (self.places >= -0.5) & (self.places < np.array(self.grid.gpts) - 0.5)
        return np.asarray(inside.all(axis=1))

    @property
    def classes(self) -> NDArray[np.str_]:
        """Class of each site, one of `CLASSES`, shape (n,)."""
        return np.array(CLASSES)[self.sites.classes]

    def truth(self) -> list[dict[str, Any]]:
        """One row per site within the image.

        Returns
        -------
        list of dict
            ``site`` (its label), ``y`` and ``x`` (where the image shows it [px]), ``y_nm`` and
            ``x_nm`` (where it lies in the specimen; the scan's distortion makes the difference),
            ``element`` (such as ``W`` or ``Ti+O``, heaviest first; empty where all are missing),
            ``atoms`` (how many lie one behind the other) and ``class``:

            - ``perfect``: as the crystal has it;
            - ``vacancy``: an atom, or all of them, is missing;
            - ``substitution``: an atom is of another element;
            - ``adatom``: an atom on the surface, between the columns;
            - ``boundary``: no farther from a grain boundary than neighbours are from each other.
        """
        sites = self.sites
        columns = (
            self.positions.tolist(),
            sites.sites.tolist(),
            sites.elements(),
            sites.counts().tolist(),
            self.classes.tolist(),
        )
        return [
            {
                "site": site,
                "y": y,
                "x": x,
                "y_nm": y_nm,
                "x_nm": x_nm,
                "element": element,
                "atoms": atoms,
                "class": kind,
            }
            for site, ((y, x), (y_nm, x_nm), element, atoms, kind) in enumerate(zip(*columns), 1)
        ]

    def labels(self, radius: float = 0.05) -> NDArray[np.int32]:
        """Label map of discs.

        Parameters
        ----------
        radius : float
            Radius of the discs [nm]; a pixel of two discs belongs to the nearer site.

        Returns
        -------
        ndarray, shape (ny, nx), int32
            1 + index of the site whose disc covers the pixel, 0 for none.
        """
        labels = np.zeros(math.prod(self.grid.gpts), np.int32)
        nearest = np.full(labels.size, np.inf)
        everything = np.arange(len(self.sites.sites))
        for pixels, distances, sites in self._around(everything, radius, radius):
            np.minimum.at(nearest, pixels, distances)
            closest = distances == nearest[pixels]
            labels[pixels[closest]] = sites[closest] + 1
        return labels.reshape(self.grid.gpts)

    def masks(
        self, radius: float = 0.05, *, gaussian: bool = False, by: str = "class"
    ) -> dict[str, NDArray[np.float32]]:
        """Draw the sites of each class, or of each element, as networks learn them.

        Parameters
        ----------
        radius : float
            Radius of the discs, or standard deviation of the Gaussians [nm].
        gaussian : bool
            Whether a site is a Gaussian of height 1 rather than a disc of ones.
        by : {"class", "element"}
            ``class`` gives one map per name in `CLASSES`, ``element`` one per kind of column.

        Returns
        -------
        dict of str to ndarray, shape (ny, nx), float32
            Values from 0 to 1; of two sites the nearer one counts.
        """
        if by not in ("class", "element"):
            raise InputError(f"by must be class or element. Received: {by!r}")
        names = self.classes if by == "class" else np.array(self.sites.elements(), str)
        kinds = CLASSES if by == "class" else tuple(sorted(set(names.tolist()) - {""}))
        reach = _GAUSSIANS * radius if gaussian else radius
        masks = {}
        for kind in kinds:
            mask = np.zeros(math.prod(self.grid.gpts), np.float32)
            for pixels, distances, _ in self._around(np.flatnonzero(names == kind), radius, reach):
                heights = np.exp(-(distances**2) / (2 * radius**2)) if gaussian else 1.0
                np.maximum.at(mask, pixels, np.asarray(heights, np.float32))
            masks[str(kind)] = mask.reshape(self.grid.gpts)
        return masks

    def _around(
        self, chosen: NDArray[np.int64], radius: float, reach: float
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]]:
        """Pixels within reach of some sites: flat index, distance [nm] and site of each.

        They come in parts, so that a large image takes no more memory than a small one.
        """
        if not (is_number(radius) and 0 < radius <= max(self.grid.extent)):
            raise InputError(
                "radius must be a positive length in nm, no larger than the image. "
                f"Received: {radius!r}"
            )
        spans = [np.arange(-n, n + 1) for n in (math.ceil(reach / d) for d in self.grid.sampling)]
        positions = self.positions
        step = max(1, _PART // (len(spans[0]) * len(spans[1])))
        for start in range(0, len(chosen), step):
            sites = chosen[start : start + step]
            yield self._within(sites, positions[sites], spans, reach)

    def _within(
        self,
        sites: NDArray[np.int64],
        centres: NDArray[np.float64],
        spans: list[NDArray[np.int64]],
        reach: float,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        y, x = (
            np.rint(places)[:, None].astype(np.int64) + span
            for places, span in zip(centres.T, spans)
        )
        dy = (y - centres[:, :1]) * self.grid.sampling[0]
        dx = (x - centres[:, 1:]) * self.grid.sampling[1]
        distances = np.hypot(dy[:, :, None], dx[:, None, :])
        ny, nx = self.grid.gpts
        inside = ((y >= 0) & (y < ny))[:, :, None] & ((x >= 0) & (x < nx))[:, None, :]
        inside &= distances <= reach
        site, row, column = np.nonzero(inside)
        return y[site, row] * nx + x[site, column], distances[inside], sites[site]
