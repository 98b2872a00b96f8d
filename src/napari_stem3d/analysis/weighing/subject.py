"""One image laid ready for weighing: gaps filled, windows, empty support and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.frames import checked_labels
from napari_stem3d.analysis.matching.background import smooth
from napari_stem3d.analysis.matching.blur import measure_blur
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Frame, Pixels, check_frame
from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.film import Film
from napari_stem3d.analysis.weighing.noise import Noise, measure_noise
from napari_stem3d.analysis.weighing.windows import Surroundings

_GAP = 1.5  # pixels over which gaps are filled


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured once for all particles of an image.

    Attributes
    ----------
    frame : Frame
        Checked image.
    values : ndarray, shape (ny, nx)
        Its grey values, gaps filled from their neighbours.
    labels, windows : ndarray of int, shape (ny, nx)
        Particles, and the pixels that count for them.
    film : Film
        Empty support.
    noise : Noise
        Of counting electrons.
    probe : Estimate or None
        Standard deviation of the probe, in the unit of the sampling; None where the image does not
        tell.
    """

    frame: Frame
    values: Pixels
    labels: NDArray[np.int32]
    windows: NDArray[np.int32]
    film: Film
    noise: Noise
    probe: Estimate | None

    def places(self) -> list[tuple[int, tuple[slice, slice]]]:
        """Label of every particle, and where its window lies."""
        found = find_objects(self.windows)
        return [(label, place) for label, place in enumerate(found, start=1) if place]

    @property
    def probe_in_pixels(self) -> tuple[float, float]:
        """Width of the probe along both axes [px]."""
        sigma = self.probe.value if self.probe else 0.0
        dy, dx = self.frame.grid.sampling
        return sigma / dy, sigma / dx

    def is_whole(self, label: int) -> bool:
        """Whether a particle's label touches no edge of the image."""
        edges = (self.labels[0], self.labels[-1], self.labels[:, 0], self.labels[:, -1])
        return not any((edge == label).any() for edge in edges)


def lay_out(
    frame: ArrayLike, labels: ArrayLike, sampling: tuple[float, float] | None, balance: Balance
) -> Subject:
    """Check what is to be weighed, and measure what its particles share.

    Raises
    ------
    InputError
        If the image, the labels or the sampling cannot be used.
    """
    checked = check_frame(frame, sampling)
    masks = checked_labels(labels, checked.values.shape)
    if sampling is not None and balance.unit == "px":
        raise InputError(
            "balance must be calibrated in nm where the sampling is known. "
            f"Received: one in px, and the sampling {sampling!r}"
        )
    values = _filled(np.asarray(frame, float), checked)
    around = Surroundings(masks, checked.grid.sampling)
    windows = around.windows(around.reach(values)) if masks.any() else masks
    film = Film(checked, windows == 0)
    if not film.known:
        checked.notes.append("There is too little empty support to tell any error: they are NaN.")
    noise = measure_noise(checked, film, masks > 0, balance.grey_per_electron)
    probe = measure_blur(checked, film.memory)
    return Subject(checked, values, masks, windows, film, noise, probe)


def _filled(values: Pixels, frame: Frame) -> Pixels:
    """Grey values with gaps filled by the mean around them, or by the nearest value there is.

    Pixels at the ceiling of the converter keep it: it is the best that is known of them.
    """
    gaps = ~np.isfinite(values)
    if (~frame.known & ~gaps).any():
        clipped = 100 * np.mean(~frame.known & ~gaps)
        frame.notes[:] = [note for note in frame.notes if "saturated" not in note]
        frame.notes.append(
            f"{clipped:.2g} % of the pixels are at the ceiling of the converter: particles there "
            "may weigh more than is said."
        )
    if not gaps.any():
        return values
    around = smooth(np.where(gaps, 0.0, values), ~gaps, _GAP)
    nearest = distance_transform_edt(
        ~np.isfinite(around), return_distances=False, return_indices=True
    )
    return np.where(gaps, around[tuple(nearest)], values)
