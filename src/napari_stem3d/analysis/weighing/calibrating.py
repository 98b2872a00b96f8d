"""Ways to a balance: from the image with its metadata, or from particles of known size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from napari_stem3d.analysis.weighing.balance import Balance


class Estimated(NamedTuple):
    """A balance, and how far it can be trusted.

    Attributes
    ----------
    balance : Balance
        Its `is_calibrated` is False where beam current or dwell time are unknown.
    notes : tuple of str
        What was estimated, what was assumed, and what could not be told.
    """

    balance: Balance
    notes: tuple[str, ...]


def estimate_balance(
    frame: ArrayLike,
    metadata: Mapping[str, Any] | None = None,
    *,
    balance: Balance | None = None,
    vacuum: Any = None,
) -> Estimated:
    """Levels of vacuum and full beam from the noise of an image and its metadata.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values.
    metadata : mapping, optional
        As HyperSpy documents it: ``Acquisition_instrument.TEM`` tells ``beam_current`` [nA] and
        ``dwell_time`` [s], without which the full beam cannot be told.
    balance : Balance, optional
        Material, angles, voltage and errors to take over.
    vacuum : array_like of bool or tuple of int, optional
        Where the beam meets no matter, as a mask or as a box (top, left, bottom, right) of pixels.

    Returns
    -------
    Estimated
        Balance and notes.

    Raises
    ------
    InputError
        If the image or the region cannot be used.
    """
    raise NotImplementedError


def balance_from_particles(
    frame: ArrayLike,
    labels: ArrayLike,
    particles: int | Sequence[int],
    *,
    volume: float | Sequence[float] | None = None,
    diameter: float | Sequence[float] | None = None,
    error: float = 3.0,
    sampling: tuple[float, float] | None = None,
    balance: Balance | None = None,
) -> Balance:
    """Balance on which particles of known size weigh what they should.

    Where the levels are known, `Contrast.calibration` is what is found; else the level of the full
    beam is, as it follows from the computed cross section, and only the linear model can be used.

    Parameters
    ----------
    frame, labels, sampling
        As `weigh_frame` takes them.
    particles : int or sequence of int
        Labels of the known particles.
    volume, diameter : float or sequence of float
        Their volumes [nm³] or, of spheres, diameters [nm], one for all or one for each; one of both
        must be given. Without a sampling they are in pixels, and so is the balance.
    error : float
        Standard error of the known volumes [%], taken as common to all.
    balance : Balance, optional
        What is known already: levels, material, angles, voltage.

    Returns
    -------
    Balance
        With an error of the calibration that holds `error` and the weighing of the known particles.

    Raises
    ------
    InputError
        If a particle does not exist or cannot be weighed, or sizes are not positive.
    """
    raise NotImplementedError
