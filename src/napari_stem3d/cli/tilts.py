"""`stem3d tilts`: the next tilt that would tell most about a fitted particle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json
from ._console import progress, show_table
from ._words import parse_numbers

if TYPE_CHECKING:
    from napari_stem3d.analysis.identifying.predicted import Hypothesis


def tilts(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Table of `stem3d fit`.")],
    sampling: Annotated[float, typer.Option(help="Size of a pixel of the image [nm].")],
    particle: Annotated[int, typer.Option(help="Which particle of the table.")] = 1,
    alpha: Annotated[str, typer.Option(metavar="°,°", help="Limits of alpha.")] = "-30,30",
    beta: Annotated[str, typer.Option(metavar="°,°", help="Limits of beta.")] = "0,0",
    step: Annotated[float, typer.Option(help="Step between tilts [°].")] = 10.0,
    present: Annotated[
        str, typer.Option(metavar="°,°", help="Alpha and beta of the image that was fitted.")
    ] = "0,0",
    axis: Annotated[
        float, typer.Option(help="Axis of alpha in the image [°], from x (right) towards y (down).")
    ] = 0.0,
    grey: Annotated[float, typer.Option(help="Grey values per detected electron.")] = 1.0,
    best: Annotated[int, typer.Option(min=1, help="Tilts to list.")] = 10,
    json: Json = False,
) -> None:
    """Rank stage tilts by what one more image there would tell.

    The image leaves two bodies, the fitted one and its mirror image; `bits` of 1 means that they
    will be told apart. `dose` is what a distance of 3 standard deviations takes, in doses of the
    image that was fitted.
    """
    from napari_stem3d.analysis.fitting.patch import Noise
    from napari_stem3d.analysis.identifying.predicted import Imaging
    from napari_stem3d.analysis.identifying.ranking import candidates, rank_tilts
    from napari_stem3d.analysis.identifying.stage import Tilt

    if not (sampling > 0 and grey > 0):
        raise InputError(
            f"--sampling and --grey must be positive. Received: {sampling:g} and {grey:g}"
        )
    row = _row(table, particle)
    limits = [parse_numbers(f"--{n}", text, 2) for n, text in (("alpha", alpha), ("beta", beta))]
    reachable = candidates((limits[0][0], limits[0][1]), (limits[1][0], limits[1][1]), step, axis)
    first, second = parse_numbers("--present", present, 2)
    now = Tilt(first, second, axis)
    imaging = Imaging(
        (sampling, sampling),
        float(row["gain_per_nm"]),
        float(row["ground"]),
        Noise(grey, 0.0, 0.3 * grey**2),
        float(row["probe_nm"]) / sampling,
    )
    with progress("Tilts", len(reachable)) as advance:
        done = iter(range(1, len(reachable) + 1))
        ranked = rank_tilts(
            _hypothesis(row).split(), now, reachable, imaging, lambda: advance(next(done))
        )
    rows = [
        {
            "alpha": a.tilt.alpha,
            "beta": a.tilt.beta,
            "bits": round(a.bits, 3),
            "sharper_bits": round(a.sharper, 2),
            "distance": round(a.distance, 2),
            "dose": None if a.dose == float("inf") else a.dose,
        }
        for a in ranked[:best]
    ]
    show_table(rows, "Tilts [°], the most telling first", json)


def _row(path: Path, particle: int) -> dict[str, Any]:
    import pandas as pd

    try:
        table = pd.read_csv(path)
        rows = table[table["particle"] == particle].to_dict("records")
        needed = ["orientation_xyzw", "orientation_sigma_deg", "gain_per_nm", "ground", "probe_nm"]
        missing = [name for name in needed if name not in table.columns]
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} must be a table of stem3d fit. Received: {error}") from None
    if missing:
        raise InputError(
            f"{path.name} must be a table of stem3d fit of a calibrated image. "
            f"Received: one without {', '.join(missing)}"
        )
    if not rows:
        raise InputError(f"{path.name} has no particle of this number. Received: {particle}")
    return rows[0]


def _hypothesis(row: dict[str, Any]) -> Hypothesis:
    """Return the fitted body with the standard errors of its turns and dimensions."""
    import numpy as np

    from napari_stem3d.analysis.fitting.table import particle_of
    from napari_stem3d.analysis.identifying.predicted import Hypothesis

    body = particle_of(row)
    turns = np.radians([float(word) for word in str(row["orientation_sigma_deg"]).split()])
    errors = [float(pair.split("=")[1]) for pair in str(row["dimensions_nm_sigma"]).split()]
    relative = np.array(errors) / np.array(list(body.shape.lengths.values()))
    spread = np.concatenate([turns, relative]).clip(max=1.0)
    return Hypothesis(body, 1.0, np.diag(spread**2))
