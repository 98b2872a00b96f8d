"""Match a microscope to one image: what it would take to record noise like this."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.matching.background import FEWEST, find_background
from napari_stem3d.analysis.matching.building import build_microscope
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Mask, check_frame
from napari_stem3d.analysis.matching.measuring import measure
from napari_stem3d.simulation import Grid, Microscope
from napari_stem3d.simulation.fields import is_whole


@dataclass(frozen=True, eq=False)
class Match:
    """A microscope that reproduces an image's noise, and what is known of it.

    Attributes
    ----------
    microscope : Microscope
        All that was found, ready to simulate with.
    grid : Grid
        Pixels of the image; one nm apart where their distance is unknown.
    estimates : dict of str to Estimate
        The numbers read off the image, with standard errors.
    notes : tuple of str
        What was assumed, and what could not be told.
    film : ndarray of bool, shape (ny, nx)
        Pixels taken for empty film.
    """

    microscope: Microscope
    grid: Grid
    estimates: dict[str, Estimate]
    notes: tuple[str, ...]
    film: Mask

    def simulate(self, thickness: ArrayLike, rng: np.random.Generator) -> NDArray[np.float32]:
        """Image of particles of a thickness (ny, nx) [nm], on the pixels of the matched image."""
        return self.microscope.image(thickness, self.grid, rng)

    def noise_patches(self, rng: np.random.Generator, count: int, size: int) -> NDArray[np.float32]:
        """Squares of empty film, no two from one place.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        count : int
            Number of squares.
        size : int
            Their pixels along an edge.

        Returns
        -------
        ndarray, shape (count, size, size), float32

        Raises
        ------
        InputError
            If a square is larger than the image.
        """
        if not is_whole(count, 1) or not is_whole(size, 1, min(self.grid.gpts)):
            raise InputError(
                "count and size must be whole numbers from 1 on, and size at most "
                f"{min(self.grid.gpts)} pixels. Received: {count!r} and {size!r}"
            )
        across, down = (n // size for n in self.grid.gpts)
        patches: list[NDArray[np.float32]] = []
        while len(patches) < count:
            image = self.simulate(np.zeros(self.grid.gpts, np.float32), rng)
            cut = image[: across * size, : down * size].reshape(across, size, down, size)
            patches.extend(cut.swapaxes(1, 2).reshape(-1, size, size))
        return np.stack(patches[:count])


def match_microscope(
    frame: ArrayLike,
    sampling: tuple[float, float] | None = None,
    vacuum: Any = None,
    material: str = "Au",
    known: Microscope | None = None,
) -> Match:
    """Microscope that records noise, blur and background like those of one real image.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values of an annular dark-field image; what is not finite is a gap.
    sampling : tuple of float, optional
        Distance of neighbouring pixels (dy, dx) [nm]; pixels are the unit without it.
    vacuum : array_like of bool or tuple of int, optional
        Where the beam meets no matter, as a mask or as a box (top, left, bottom, right) of pixels.
        It tells the black level and the read-out noise, which are guessed without it.
    material : str
        Formula of the particles.
    known : Microscope, optional
        Where voltage, angles, dwell and fly-back are taken from; the default microscope's.

    Returns
    -------
    Match

    Raises
    ------
    InputError
        If the image, the sampling or the region cannot be used, or the material is unknown.
    """
    start = Microscope() if known is None else known
    start = replace(start, contrast=replace(start.contrast, material=material))
    checked = check_frame(frame, sampling, vacuum)
    film = find_background(checked)
    if film.sum() < FEWEST:
        checked.notes.append("There is too little empty film to say anything about it.")
        film = np.zeros_like(film)
    estimates = measure(checked, film, start)
    microscope = build_microscope(estimates, start, checked)
    return Match(microscope, checked.grid, estimates, tuple(dict.fromkeys(checked.notes)), film)
