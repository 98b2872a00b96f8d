"""`stem3d fit`: the body that explains each particle, with error bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, SEGMENTATION, Input, Invert, Json, Part, Zoom
from ._console import counted, import_keras, note, report
from ._frames import job_of, open_image, resumable, upright
from ._output import check_different, check_out
from .classify import numbered_on, write_tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_stem3d.signals import Stack

MESHES = (".stl", ".obj", ".ply")
IMAGES = (".tif", ".tiff", ".hspy", ".npz")


def fit(
    image: Input,
    out: Annotated[Path, typer.Option(help="Table to write: .csv.")],
    mesh: Annotated[
        Path | None,
        typer.Option(help="Surfaces of the bodies to write, in nm: .stl, .obj or .ply."),
    ] = None,
    residual: Annotated[
        Path | None,
        typer.Option(help="Image less what the bodies explain, in units of the noise: .tif …"),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Particles, as `stem3d segment` writes them; searched by default."),
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(help="Shape to try; may be repeated. By default the network's likeliest."),
    ] = None,
    same_material: Annotated[
        bool,
        typer.Option(
            "--same-material", help="All particles are of the same matter: one gain for all."
        ),
    ] = False,
    network: Annotated[str, typer.Option(help="Network that proposes bodies.")] = CLASSIFICATION,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the particles.")
    ] = SEGMENTATION,
    zoom: Zoom = None,
    invert: Invert = False,
    part: Part = 0,
    json: Json = False,
) -> None:
    """Fit a body to every particle: shape, dimensions, pose, deformed corners, with error bars.

    The gain of the image is fitted as well: dimensions come from outlines and from how grey values
    change over a particle. `p_value` tells whether what the body leaves of the image is noise:
    below 0.01 the fit is not `believable`.
    """
    import numpy as np
    import pandas as pd

    from napari_stem3d.analysis.fitting.frame import checked_shapes, fit_frame
    from napari_stem3d.analysis.fitting.table import fit_table
    from napari_stem3d.signals import write_beside

    outs = {"--out": (out, (".csv",)), "--mesh": (mesh, MESHES), "--residual": (residual, IMAGES)}
    given = {option: path for option, (path, _) in outs.items() if path is not None}
    for option, path in given.items():
        check_out(path, outs[option][1], option)
    check_different(given)
    checked_shapes(shape)
    stack = upright(open_image(image, part), invert)
    if stack.sampling_nm is None:
        note(f"{image.name} has no calibration: lengths are in pixels.")
    import_keras()
    particles = _particles(stack, labels, segmentation, zoom)
    settings = {"zoom": zoom, "part": part, "invert": invert, "shapes": shape}
    settings["same_material"] = same_material
    networks = [segmentation if labels is None else str(labels.resolve()), network]
    job = job_of(image, task="fit", networks=networks, **settings)
    with resumable(out.with_suffix(".npz"), job, _save, _load) as run:
        for index, frame, tick in run.frames(stack, "Fit"):
            own = particles(index, frame)
            fits = list(
                fit_frame(
                    frame,
                    own,
                    stack.sampling_nm,
                    shapes=shape,
                    same_material=same_material,
                    network=network,
                    progress=tick,
                )
            )
            table = fit_table(fits, stack.sampling_nm)
            count = int(own.max())
            table = numbered_on(table, index, run.particles if labels is None else 0)
            left = sum((one.residual_in(frame.shape) for one in fits), np.zeros(frame.shape))
            run.add(Fitted(table, left.astype(np.float32)), count)
        tables = [one.table for one in run.results]
        with write_beside(out) as beside:
            write_tables(tables, beside)
        if residual is not None:
            _save_residuals(stack, [one.residual for one in run.results], residual)
        if mesh is not None:
            _save_mesh(pd.concat(tables), stack.sampling_nm, mesh)
    rows = pd.concat(tables)
    doubted = int((~rows["believable"].map(_is_true)).sum()) if len(rows) else 0
    facts = {"out": str(out), "particles": run.particles, "fitted": len(rows), "doubted": doubted}
    words = f"{out}: {len(rows)} of {counted(run.particles, 'particle')} fitted"
    report(facts, f"{words}, {doubted} of them not believable by their residuals", json)


class Fitted(NamedTuple):
    """The fits of one frame: their table, and what they leave of the frame, (ny, nx)."""

    table: pd.DataFrame
    residual: NDArray[np.float32]


def _particles(
    stack: Stack, labels: Path | None, network: str, zoom: float | None
) -> Callable[[int, NDArray], NDArray]:
    """Return what tells the particles of a frame by its index and image."""
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.signals import load

    if labels is None:
        return lambda index, frame: segment_frame(frame, network, zoom=zoom).labels
    given = load(labels)[0]
    if given.data.shape != stack.data.shape:
        raise InputError(
            f"--labels must have the shape of the image, {stack.data.shape}. "
            f"Received: {given.data.shape} in {labels.name}"
        )
    return lambda index, frame: given.frame(index)


def _save(frames: list[Fitted], path: Path) -> None:
    """Write the fits of finished frames, tables as the text of CSV files."""
    import numpy as np

    tables = [one.table.to_csv(index=False) for one in frames]
    np.savez_compressed(path, tables=tables, residuals=[one.residual for one in frames])


def _load(path: Path, frames: int) -> list[Fitted]:
    """Return the fits of the first frames."""
    import numpy as np
    import pandas as pd

    with np.load(path) as kept:
        pairs = list(zip(kept["tables"].tolist(), kept["residuals"]))[:frames]
    # Words all through: what is written again shall not differ in its last digit.
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    return [
        Fitted(pd.read_csv(StringIO(text), **options) if text.strip() else pd.DataFrame(), left)
        for text, left in pairs
    ]


def _save_residuals(stack: Stack, frames: list[NDArray[np.float32]], path: Path) -> None:
    import numpy as np

    from napari_stem3d.signals import save

    title = f"residual of {stack.title}"
    data = np.stack(frames).reshape(stack.data.shape)
    save(replace(stack, data=data, title=title, metadata={"General": {"title": title}}), path)


def _save_mesh(rows: pd.DataFrame, sampling: tuple[float, float] | None, path: Path) -> None:
    """Write the surfaces of all bodies as one file."""
    from napari_stem3d.analysis.fitting.surfaces import join_surfaces, place_mesh, write_surface
    from napari_stem3d.analysis.fitting.table import particle_of
    from napari_stem3d.signals import write_beside

    if not len(rows):
        note(f"no particle was fitted: {path} is not written.")
        return
    surfaces = (place_mesh(particle_of(row, sampling)) for row in rows.to_dict("records"))
    with write_beside(path) as beside:
        write_surface(join_surfaces(surfaces), beside)


def _is_true(value: Any) -> bool:
    """Whether a value is true, or the word for it in a table that was taken up again."""
    return str(value).lower() == "true"
