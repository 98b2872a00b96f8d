"""All that one image tells about the microscope that recorded it, as numbers with errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from napari_stem3d.analysis.matching.background import Texture, measure_texture, smooth
from napari_stem3d.analysis.matching.blur import measure_blur
from napari_stem3d.analysis.matching.dose import grey_per_nm
from napari_stem3d.analysis.matching.estimates import Estimate
from napari_stem3d.analysis.matching.flicker import current_correlation, largest_flicker, paced
from napari_stem3d.analysis.matching.frame import Frame, Mask
from napari_stem3d.analysis.matching.jitter import measure_jitter
from napari_stem3d.analysis.matching.noise import PhotonTransfer, photon_transfer
from napari_stem3d.analysis.matching.specks import SIZE, measure_specks
from napari_stem3d.simulation import Microscope

_NOTHING = Texture(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def measure(frame: Frame, film: Mask, start: Microscope) -> dict[str, Estimate]:
    """Estimates by name; those that the image does not allow are missing.

    Parameters
    ----------
    frame : Frame
        Image; what had to be assumed is added to its notes.
    film : ndarray of bool
        Its empty film.
    start : Microscope
        What is known of the microscope.
    """
    found: dict[str, Estimate] = {}
    texture, errors = _NOTHING, _NOTHING
    steady = current_correlation(start, frame.grid)
    if film.any():
        blur = measure_blur(frame, 0.0)
        texture, errors = measure_texture(frame, film, steady, blur.value if blur else 0.0)
    line = photon_transfer(frame, film, texture.memory)
    _levels(frame, film, line, texture, found)
    _gain(frame, line, texture, errors, found)
    if blur := measure_blur(frame, texture.memory):
        found["blur"] = blur
    if film.any():
        sigma, level = blur.value if blur else 0.0, found["background"].value
        if specks := measure_specks(frame, film, sigma, found["gain"].value, level):
            found["specks"], found["speck signal"] = specks
            # Their scatter is no shot noise: the gain is found once more, without it.
            white = texture.white - _speck_variance(frame, found)
            texture = replace(texture, white=max(white, 0.0))
            _gain(frame, line, texture, errors, found)
        _film(frame, texture, errors, found)
        _lines(frame, film, steady, texture, errors, found)
    noise = (
        found["gain"].value
        * np.maximum(smooth(frame.values, frame.known, 1.5) - found["offset"].value, 0.0)
        * _averaging(found)
        + found["read-out"].value ** 2
    )
    if jitter := measure_jitter(frame, noise, texture.memory):
        found["jitter"] = jitter
    if signal := grey_per_nm(frame, film):
        found["signal"] = signal
    return found


def _averaging(found: dict[str, Estimate]) -> float:
    """Tell what afterglow leaves of the variance of counts, ``(1 - ρ) / (1 + ρ)``."""
    kept = found["afterglow"].value
    return (1 - kept) / (1 + kept)


def _levels(
    frame: Frame,
    film: Mask,
    line: PhotonTransfer | None,
    texture: Texture,
    found: dict[str, Estimate],
) -> None:
    """Black level, read-out noise, and how far the film lies above the one."""
    rounding = (frame.bits > 0) / 12
    darkest = float(np.nanpercentile(smooth(frame.values, frame.known, 1.5), 0.5))
    if frame.vacuum is not None:
        empty = frame.values[frame.vacuum]
        read = max(float(empty.var()) - rounding, 0.0)
        found["offset"] = Estimate(
            float(empty.mean()), float(empty.std()) / math.sqrt(empty.size), "ADU"
        )
        found["read-out"] = Estimate(math.sqrt(read), math.sqrt(read / (2 * empty.size)), "ADU")
    else:
        offset, error = min(darkest, 0.0), math.nan
        if line and line.slope > 0:
            offset = min((rounding - line.intercept) / line.slope, darkest)
            error = math.hypot(line.intercept_error, offset * line.slope_error) / line.slope
            # The two errors of a line nearly cancel where its points lie.
            error = min(error, 3 * math.sqrt(max(texture.white, rounding)))
        found["offset"] = Estimate(offset, error, "ADU")
        found["read-out"] = Estimate(0.0, math.nan, "ADU")
        frame.notes.append(
            "Without a vacuum region the black level is taken where the noise would vanish, and "
            "all noise for that of electrons."
        )
    if film.any():
        level = float(frame.values[film].mean()) - found["offset"].value
        spread = math.sqrt((texture.film + texture.rows + texture.lines) / 8)
        found["background"] = Estimate(level, spread, "ADU")


def _gain(
    frame: Frame,
    line: PhotonTransfer | None,
    texture: Texture,
    errors: Texture,
    found: dict[str, Estimate],
) -> None:
    """Gain, and the fraction of the light that the next pixel keeps."""
    quiet = found["read-out"].value ** 2 + (frame.bits > 0) / 12
    counted = max(texture.white - quiet, 0.0)
    # Read-out and rounding come after the light: they dilute the correlation of its noise.
    dilution = texture.white / counted if counted > 0.05 * texture.white > 0 else 1.0
    kept = min(texture.memory * dilution, 0.95)
    found["afterglow"] = Estimate(kept, errors.memory * dilution, "")
    level = found["background"].value if "background" in found else 0.0
    slope, error = (line.slope, line.slope_error) if line else (math.inf, math.inf)
    ceiling = counted / level if level > 0 else math.inf
    if not 0 < slope <= ceiling:
        if not 0 < ceiling < math.inf:
            ceiling = (texture.white or float(np.nanvar(frame.values))) / max(
                float(np.nanmean(frame.values)) - found["offset"].value, 1e-9
            )
        slope, error = ceiling, max(errors.white / max(level, 1e-9), 0.2 * ceiling)
        frame.notes.append(
            "The noise on particles cannot be told from their structure: the gain is that of the "
            "film, whose own grain may be part of it."
        )
    averaging = _averaging(found)
    found["gain"] = Estimate(slope / averaging, error / averaging, "ADU/e")


def _film(frame: Frame, texture: Texture, errors: Texture, found: dict[str, Estimate]) -> None:
    """Grain, roughness and correlation of the film."""
    level = found["background"].value
    shot = found["gain"].value * _averaging(found) * max(level, 0.0)
    quiet = found["read-out"].value ** 2 + (frame.bits > 0) / 12
    grain = texture.grain + max(texture.white - shot - quiet, 0.0)
    error = math.hypot(errors.grain, errors.white)
    found["grain"] = Estimate(math.sqrt(grain), _root_error(grain, error), "ADU")
    if level > 0:
        found["roughness"] = Estimate(
            100 * math.sqrt(texture.film) / level,
            100 * _root_error(texture.film, errors.film) / level,
            "%",
        )
        found["correlation"] = Estimate(texture.length, errors.length, "nm")


def _speck_variance(frame: Frame, found: dict[str, Estimate]) -> float:
    """Variance that specks add to the white noise; the mean square of sums of mean m is 2 m²."""
    probe = found["blur"].value if "blur" in found else 0.0
    widths = (math.hypot(SIZE, probe / pixel) for pixel in frame.grid.sampling)
    kept = math.prod(min(1.0, 1 / (2 * math.sqrt(math.pi) * width)) for width in widths)
    density = 1e-6 * math.prod(frame.grid.sampling) * found["specks"].value
    return 2 * density * found["speck signal"].value ** 2 * kept


def _lines(
    frame: Frame,
    film: Mask,
    steady: np.ndarray,
    texture: Texture,
    errors: Texture,
    found: dict[str, Estimate],
) -> None:
    """Share out what lines have in common to the beam, which scales, and the detector, which adds.

    Where lines follow each other so fast that the current hardly changes, its pace tells; else
    the brightness of particles, which flicker would scale as well.
    """
    level, bound = found["background"].value, largest_flicker(frame, film, steady)
    added, error = texture.lines, errors.lines
    beam = texture.rows if texture.rows >= 2 * errors.rows else 0.0
    if not level > 0 or bound * level < 0.7 * math.sqrt(beam):
        frame.notes.append(
            f"Lines differ by {math.sqrt(texture.rows):.3g} grey values rms in the film, but by "
            f"less than {100 * bound:.2g} % on particles: it is no flicker of the beam."
        )
        beam = 0.0
    if not beam and not paced(steady):
        added, error = texture.rows, errors.rows
    added = added if added > error else 0.0
    found["line noise"] = Estimate(math.sqrt(added), _root_error(added, error), "ADU")
    if level > 0:
        found["flicker"] = Estimate(
            100 * math.sqrt(beam) / level,
            100 * _root_error(texture.rows, errors.rows) / level,
            "%",
        )


def _root_error(variance: float, error: float) -> float:
    """Give the standard error of the root of a variance; near zero, the root of the error."""
    return error / (2 * math.sqrt(variance)) if variance > error else math.sqrt(error)
