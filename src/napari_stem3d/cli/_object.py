"""`stem3d fit --same-object`: one body for all frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stem3d._errors import InputError

from ._console import note, progress, report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stem3d.signals import Stack

_DOUBT = 0.01  # chance of such residuals below which the user is told


def fit_object(
    stack: Stack,
    particles: Callable[[int, NDArray], NDArray],
    out: Path,
    mesh: Path | None,
    residual: Path | None,
    network: str,
    json: bool,
) -> None:
    """Fit one body to all frames, and write what is known after each of them.

    Parameters
    ----------
    stack : Stack
        Frames of one object.
    particles : callable
        Tells the labels of a frame by its index and image.
    out : Path
        Table to write.
    mesh : Path or None
        Surface to write.
    residual : Path or None
        Must be None: one body in several poses leaves no stack of its own.
    network : str
        Network that proposes bodies.
    json : bool
        Whether JSON is printed.
    """
    from napari_stem3d.analysis.fitting.surfaces import place_mesh, write_surface
    from napari_stem3d.analysis.joint.together import fit_together
    from napari_stem3d.signals import write_beside

    if residual is not None:
        raise InputError(f"--residual is not written with --same-object. Received: {residual}")
    frames = list(stack.frames)
    labels = [particles(index, frame) for index, frame in enumerate(frames)]
    with progress("Fit", len(frames)) as tick:
        found = fit_together(frames, labels, stack.sampling_nm, network=network, progress=tick)
    facts = found.facts
    table = found.table
    table = table.assign(**{name: fact for name, fact in facts.items() if name not in table})
    with write_beside(out) as beside:
        table.to_csv(beside, index=False)
    if mesh is not None:
        with write_beside(mesh) as beside:
            write_surface(place_mesh(found.particle), beside)
    for image, chance in found.p_values.items():
        if chance < _DOUBT:
            note(f"frame {image} is not explained by the body: its residuals are no noise.")
    report(
        {"out": str(out), **facts, "strangers": found.strangers}, f"{out}: {found.sentence}", json
    )
