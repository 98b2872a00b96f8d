"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: The networks that ship.
SEGMENTATION = "particle-unet"
CLASSIFICATION = "particle-classes"
GROUND_TRUTH = "same-particle"

Input = Annotated[
    Path,
    typer.Argument(
        metavar="IN", help="Image or stack in any format that HyperSpy opens: dm4, emd, ser, tif …"
    ),
]
Part = Annotated[
    int,
    typer.Option(min=0, help="Which image of a file that holds several, counted from 0."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same result.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1024,
        help="Processes, which do not change the result; by default all cores for long work.",
        show_default=False,
    ),
]
Invert = Annotated[
    bool,
    typer.Option(
        "--invert", help="Turn the grey values over: particles are dark, as in bright field."
    ),
]
Zoom = Annotated[
    float | None,
    typer.Option(
        min=0.01, max=100, help="Magnify the image for the network; chosen from it by default."
    ),
]
