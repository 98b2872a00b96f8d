"""Fits as a table, and the bodies of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.result import Fit
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.identifying.alternatives import alternatives_text
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import CutCorners, Particle

_COLUMNS = (
    "particle y y_sigma x x_sigma shape shape_probability corners corners_probability "
    "corner_indices cuts dimensions_{unit} dimensions_{unit}_sigma volume_{unit}3 "
    "volume_{unit}3_sigma orientation_xyzw orientation_sigma_deg p_value believable "
    "gain_per_{unit} ground probe_{unit} alternatives"
).split()


def fit_table(fits: Iterable[Fit], sampling: tuple[float, float] | None = None) -> pd.DataFrame:
    """One row for each fitted particle.

    Parameters
    ----------
    fits : iterable of Fit
        Of the particles of one image.
    sampling : tuple of float, optional
        Sides (dy, dx) of its pixels [nm], as they were fitted with.

    Returns
    -------
    pandas.DataFrame
        ``particle``; ``y`` and ``x`` of the body's origin (array indices); its ``shape``, and the
        probability of it among those tried; ``corners``, how many are deformed, and how probable
        that number is; which they are, as `Particle` counts them, and what fractions of their
        edges they lack (``cuts``); ``dimensions_nm``, such as ``a=8.1 b=9.02``; ``volume_nm3``;
        ``orientation_xyzw``, a quaternion that turns the body's axes into the laboratory's;
        ``p_value`` of the residuals and whether the fit is ``believable`` by it; the gain (grey
        values per nm), the grey value of the ground and the standard deviation of the probe;
        ``alternatives``: what the image does not tell, sentence by sentence between `` | ``.
        ``_sigma`` marks standard errors, for the orientation those of turns about x, y and z
        [degrees]. Without calibration ``px`` stands in the place of ``nm``.
    """
    rows = [_row(fit, sampling or (1.0, 1.0)) for fit in fits]
    unit = "px" if sampling is None else "nm"
    return pd.DataFrame(rows, columns=[name.format(unit=unit) for name in _COLUMNS])


def particle_of(row: Mapping[str, Any], sampling: tuple[float, float] | None = None) -> Particle:
    """Make the body of a row again.

    Parameters
    ----------
    row : mapping of str to object
        Of `fit_table`, or of the file that `stem3d fit` writes; values may be words.
    sampling : tuple of float, optional
        Sides (dy, dx) of the image's pixels [nm].

    Returns
    -------
    Particle
        At its place in the image.
    """
    (dimensions,) = (row[f"dimensions_{unit}"] for unit in ("nm", "px") if _has(row, unit))
    lengths = dict(pair.split("=") for pair in str(dimensions).split())
    shape = get_shape(str(row["shape"]))(**{name: float(size) for name, size in lengths.items()})
    corners = tuple(map(int, _words(row["corner_indices"], " ")))
    fractions = (tuple(map(float, cut.split())) for cut in _words(row["cuts"], ";"))
    turn = Rotation.from_quat(list(map(float, str(row["orientation_xyzw"]).split())))
    cuts = (CutCorners(corners, tuple(fractions)),) if corners else ()
    dy, dx = sampling or (1.0, 1.0)
    return Particle(shape, (float(row["y"]) * dy, float(row["x"]) * dx), turn, cuts)


def body_columns(
    particle: Particle,
    lengths: Mapping[str, tuple[float, float]],
    volume: tuple[float, float],
    unit: str,
) -> dict[str, Any]:
    """Put a body into words and numbers.

    Parameters
    ----------
    particle : Particle
        The body, undeformed but for cut corners.
    lengths : mapping of str to tuple of float
        Its dimensions and their standard errors.
    volume : tuple of float
        Its volume and standard error.
    unit : str
        Of lengths.

    Returns
    -------
    dict
        The columns from ``corner_indices`` to ``volume_nm3_sigma``; see `fit_table`.
    """
    cuts = next((d for d in particle.deformations if isinstance(d, CutCorners)), None)
    return {
        "corner_indices": " ".join(map(str, particle.deformed_corners)),
        "cuts": "; ".join(_numbers(own) for own in cuts.fractions) if cuts else "",
        f"dimensions_{unit}": _named({name: size for name, (size, _) in lengths.items()}),
        f"dimensions_{unit}_sigma": _named({name: sigma for name, (_, sigma) in lengths.items()}),
        f"volume_{unit}3": volume[0],
        f"volume_{unit}3_sigma": volume[1],
    }


def _row(fit: Fit, pixel: tuple[float, float]) -> dict[str, Any]:
    particle, sigmas, unit = fit.particle, fit.sigmas, fit.unit
    what, best = fit.look.what, fit.alternatives[0]
    turns = (np.degrees(sigmas[name]) for name in what.variable.names[2:POSE])
    side = float(np.sqrt(pixel[0] * pixel[1]))
    return {
        "particle": fit.label,
        "y": particle.position[0] / pixel[0],
        "y_sigma": sigmas["y"] / pixel[0],
        "x": particle.position[1] / pixel[1],
        "x_sigma": sigmas["x"] / pixel[1],
        "shape": particle.shape.name,
        "shape_probability": fit.shapes[particle.shape.name],
        "corners": best.corners,
        "corners_probability": fit.corners[best.corners],
        **body_columns(particle, fit.lengths, fit.volume, unit),
        "orientation_xyzw": " ".join(map(repr, particle.rotation.as_quat().tolist())),
        "orientation_sigma_deg": _numbers(turns),
        "p_value": fit.p_value,
        "believable": fit.believable,
        f"gain_per_{unit}": what.gain,
        "ground": what.ground,
        f"probe_{unit}": what.probe * side,
        "alternatives": " | ".join(alternatives_text(fit).splitlines()),
    }


def _has(row: Mapping[str, Any], unit: str) -> bool:
    return f"dimensions_{unit}" in row


def _words(value: Any, between: str) -> list[str]:
    """Parts of a text; none of an empty cell, which pandas reads as NaN."""
    return [] if value != value else [part for part in str(value).split(between) if part.strip()]


def _named(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.5g}" for name, value in values.items())


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.4g}" for value in values)
