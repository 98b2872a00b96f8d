"""Ways to a balance: from the image with its metadata, or from particles of known size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_erosion

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.matching.background import MARGIN, find_background
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.frame import Frame, check_frame
from napari_stem3d.analysis.weighing.balance import Balance
from napari_stem3d.analysis.weighing.film import Film
from napari_stem3d.analysis.weighing.noise import measure_noise
from napari_stem3d.analysis.weighing.table import OWN
from napari_stem3d.analysis.weighing.weigh import weigh_frame
from napari_stem3d.simulation import Beam
from napari_stem3d.simulation.fields import is_number

_EFFICIENCY, _EFFICIENCY_ERROR = 0.8, 15.0  # of scattered electrons detected, and its error in %
_EXCESS, _EXCESS_ERROR = 1.16, 10.0  # noise of pulses over that of electrons, and its error in %
_CURRENT_ERROR = 5.0  # of a beam current in metadata [%]


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

    The noise tells how many grey values an electron adds (photon transfer), beam current and dwell
    time how many electrons arrive. That the detector sees 80 ± 12 % of them and that the pulses'
    heights add 16 ± 12 % to the variance is assumed, so that the error is about a fifth: a scan
    over the detector, or a particle of known size, is better by far.

    Parameters
    ----------
    frame : array_like, shape (ny, nx)
        Grey values.
    metadata : mapping, optional
        As HyperSpy documents it: ``Acquisition_instrument.TEM`` tells ``beam_current`` [nA] and
        ``dwell_time`` [s], without which the full beam cannot be told, and ``beam_energy`` [keV].
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
    balance = balance or Balance()
    checked = check_frame(frame, vacuum=vacuum)
    gain, offset = _gain(checked)
    notes = ["The level of vacuum is the mean of the region that was told."]
    if vacuum is None:
        notes = [
            f"The level of vacuum is set to {offset:.4g}, where the noise would vanish: no region "
            "of vacuum was told. It has no part in volumes, which count from the film."
        ]
    told = (metadata or {}).get("Acquisition_instrument", {}).get("TEM", {})
    if is_number(told.get("beam_energy")) and balance.beam == Beam():
        balance = replace(balance, beam=replace(balance.beam, high_voltage=told["beam_energy"]))
    missing = [k for k in ("beam_current", "dwell_time") if not _positive(told.get(k))]
    if missing:
        notes.append(
            f"The metadata do not tell {' and '.join(missing)}, nor does the image: the level of "
            "the full beam stays unknown, and volumes are relative."
        )
        return Estimated(replace(balance, vacuum=offset, full_beam=0.0), tuple(notes))
    if not gain.value > 0:
        notes.append("The image's noise does not tell what an electron adds: volumes are relative.")
        return Estimated(replace(balance, vacuum=offset, full_beam=0.0), tuple(notes))
    electrons = Beam(current=told["beam_current"] * 1e3).electrons(told["dwell_time"] * 1e6)
    span = electrons * _EFFICIENCY * gain.value / _EXCESS
    error = math.hypot(100 * gain.error / gain.value, _EFFICIENCY_ERROR, _EXCESS_ERROR)
    error = min(math.hypot(error, _CURRENT_ERROR), 100.0)
    notes += [
        f"The level of the full beam is estimated from {electrons:.4g} electrons per pixel and a "
        f"gain of {gain}, with an error of {error:.0f} %.",
        "The efficiency of the detector is assumed as 0.8, and its pulses as high as 40 % rms.",
    ]
    estimated = replace(
        balance,
        vacuum=offset,
        full_beam=offset + span,
        level_error=error,
        grey_per_electron=gain.value,
    )
    return Estimated(estimated, tuple(notes))


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
        Its ``cross_section_error`` holds `error` and the weighing of the known particles; errors
        of levels and sampling, which the known particles share with all others, are 0 in it.

    Raises
    ------
    InputError
        If a particle does not exist or cannot be weighed, or sizes are not positive.
    """
    balance = balance or Balance()
    unit = "px" if sampling is None else "nm"
    wanted = np.atleast_1d(np.asarray(particles))
    known = _volumes(volume, diameter, len(wanted))
    if not (is_number(error) and 0 <= error <= 100):
        raise InputError(f"error must lie between 0 and 100 %. Received: {error!r}")
    if balance.contrast.saturating and not balance.is_calibrated:
        raise InputError(
            "balance must know the levels of vacuum and full beam where the contrast saturates: "
            "known particles do not tell both. Received: one without full_beam"
        )
    start = replace(balance, unit=unit)
    if not balance.is_calibrated:  # with a linear contrast any span will do, to be scaled
        start = replace(start, full_beam=balance.vacuum + 1.0)
    table = weigh_frame(frame, labels, sampling, start).table.set_index("particle")
    if wanted.dtype.kind not in "iu" or not set(wanted.tolist()) <= set(table.index):
        raise InputError(
            f"particles must be labels of the image, from {_range(table.index)}. "
            f"Received: {particles!r}"
        )
    rows = table.loc[wanted]
    seen = rows[f"volume_{unit}3"].to_numpy()
    if not (seen > 0).all():
        raise InputError(
            f"particles must be brighter than what surrounds them. Received: {particles!r}"
        )
    factor = float(seen.sum() / known.sum())
    errors = rows[[f"{part}_percent" for part in OWN]].to_numpy()
    own = float(np.sqrt((errors**2).sum(axis=1) @ seen**2) / seen.sum())
    if balance.is_calibrated:
        calibration = balance.contrast.calibration * factor
        start = replace(start, contrast=replace(balance.contrast, calibration=calibration))
    else:
        start = replace(start, full_beam=balance.vacuum + factor)
    return replace(
        start,
        level_error=0.0,
        sampling_error=0.0,
        cross_section_error=min(math.hypot(error, own), 100.0),
    )


def _gain(frame: Frame) -> tuple[Estimate, float]:
    """Grey values of an electron, spread of the pulses included, and the level of vacuum."""
    film = find_background(frame)
    bright = binary_erosion(~film & frame.known, iterations=MARGIN)
    noise = measure_noise(frame, Film(frame, film), bright, 0.0)
    gain = Estimate(noise.slope * noise.glow, noise.slope_error * noise.glow, "grey/e")
    if frame.vacuum is not None:
        return gain, float(frame.values[frame.vacuum].mean())
    return gain, noise.level - (noise.floor / noise.slope if noise.slope else 0.0)


def _volumes(volume: Any, diameter: Any, count: int) -> NDArray[np.float64]:
    """Volumes told as such or as diameters of spheres, as many as there are particles."""
    if (volume is None) == (diameter is None):
        raise InputError(
            "Either volume or diameter of the known particles must be given. "
            f"Received: {volume!r} and {diameter!r}"
        )
    name, told = ("volume", volume) if diameter is None else ("diameter", diameter)
    try:
        sizes = np.broadcast_to(np.asarray(told, float), (count,))
    except ValueError:
        sizes = np.array([math.nan])
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError(
            f"{name} must be one positive number, or one for each of {count} particles. "
            f"Received: {told!r}"
        )
    return sizes if diameter is None else math.pi / 6 * sizes**3


def _positive(value: Any) -> bool:
    return is_number(value) and 0 < value < math.inf


def _range(index: Any) -> str:
    return f"{index.min()} to {index.max()}" if len(index) else "none"
