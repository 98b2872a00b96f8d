"""`stem3d hand`: whether images at signed tilts show a body or its mirror image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json
from ._console import note, progress, report
from ._frames import open_image
from ._words import parse_deformation, parse_dimensions, parse_numbers

if TYPE_CHECKING:
    import numpy as np

    from napari_stem3d.simulation import Particle

_STEPS = 30  # poses that are tried, about


def hand(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IN…", help="Images of one particle; frames of a stack count each."),
    ],
    shape: Annotated[str, typer.Option(help="Shape of the particle.")] = "helix",
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Dimension of the shape, about; may be repeated."),
    ] = None,
    deformation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:FIELD=VALUE,…", help="Deformation; may be repeated."),
    ] = None,
    tilts: Annotated[
        str | None,
        typer.Option(
            metavar="°,°,…", help="Alpha of each frame with its sign; from the file by default."
        ),
    ] = None,
    betas: Annotated[str | None, typer.Option(metavar="°,°,…", help="Beta of each frame.")] = None,
    axis: Annotated[
        float, typer.Option(help="Axis of alpha in the image [°], from x (right) towards y (down).")
    ] = 0.0,
    spread: Annotated[
        float, typer.Option(help="Relative error of the dimensions; 0 if they are known.")
    ] = 0.1,
    sampling: Annotated[
        float | None, typer.Option(help="Size of a pixel [nm], where the file does not tell it.")
    ] = None,
    json: Json = False,
) -> None:
    """Decide which hand a particle has, from two or more images at known tilts.

    One projection never tells: a body and its mirror image give the same. Alpha is a right-handed
    turn about an axis in the image, x to the right, y down and z into the image, with the beam.
    """
    from napari_stem3d.analysis.identifying.hands import decide_hand
    from napari_stem3d.analysis.identifying.stage import Tilt

    body = _body(shape, dimension or (), deformation or ())
    frames, pixel, told = _frames(images, sampling)
    if tilts is not None:
        alphas = parse_numbers("--tilts", tilts, len(frames))
        seconds = parse_numbers("--betas", betas, len(frames)) if betas else (0.0,) * len(frames)
        told = list(zip(alphas, seconds))
    elif betas is not None:
        raise InputError(f"--betas must come with --tilts. Received: {betas!r} alone")
    stage = [None if tilt is None else Tilt(tilt[0], tilt[1], axis) for tilt in told]
    if len(frames) > 1 and None in stage:
        note("not every frame has a tilt: --tilts tells them, one angle for each.")
    with progress("Poses", _STEPS) as advance:
        done = iter(range(1, 1000))
        found = decide_hand(
            frames,
            body,
            stage,
            sampling=pixel,
            spread=spread,
            tick=lambda: advance(min(next(done), _STEPS)),
        )
    facts = {
        "hand": found.hand,
        "probabilities": found.probabilities,
        "misfit": found.off,
        "answer": found.sentence,
    }
    report(facts, found.sentence, json)


def _body(shape: str, dimension: list[str] | tuple, deformation: list[str] | tuple) -> Particle:
    from napari_stem3d.plugins import get_deformation, get_shape
    from napari_stem3d.simulation import Particle

    own = get_shape(shape)(**parse_dimensions(shape, dimension))
    tables = [parse_deformation(text) for text in deformation]
    return Particle(own, deformations=tuple(get_deformation(t.pop("name"))(**t) for t in tables))


def _frames(
    paths: list[Path], sampling: float | None
) -> tuple[list[np.ndarray], tuple[float, float], list[tuple[float, float] | None]]:
    """Return the frames of all files, the size of their pixels, and what files tell of tilts."""
    from napari_stem3d.signals.stage import stage_tilts

    frames, told, pixels = [], [], set()
    for path in paths:
        stack = open_image(path, 0)
        pixel = stack.sampling_nm if sampling is None else (sampling, sampling)
        if pixel is None:
            raise InputError(
                f"{path.name} has no calibration: --sampling tells the size of a pixel."
            )
        pixels.add((round(pixel[0], 6), round(pixel[1], 6)))
        frames += list(stack.frames)
        told += stage_tilts(stack)
    if len(pixels) > 1:
        raise InputError(f"All images must have pixels of one size [nm]. Received: {pixels}")
    return frames, pixels.pop(), told
