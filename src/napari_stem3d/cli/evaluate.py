"""`stem3d evaluate`: how right a network is, on objects that it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._arguments import SEGMENTATION, Json
from ._console import Advance, import_keras, progress, show_table, to_json
from ._output import check_out

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    network: Annotated[str, typer.Argument(help="Name of a network; `stem3d networks`.")],
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="deformed, corners or shape, or scenes for a network that segments; may be "
            "repeated. All that suit the network by default."
        ),
    ] = None,
    dose: Annotated[str, typer.Option(help="clean, standard, low or very-low.")] = "standard",
    change: Annotated[
        str, typer.Option(help="What is done to the grey values: none, x0.01, +500 or uint16.")
    ] = "none",
    count: Annotated[
        int, typer.Option(min=1, help="Number of fresh objects, or scenes, per task.")
    ] = 2000,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the objects; of the published figures.")
    ] = None,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the objects.")
    ] = SEGMENTATION,
    out: Annotated[Path | None, typer.Option(help="Write the table too: .csv or .json.")] = None,
    json: Json = False,
) -> None:
    """Print the accuracy of a network on fresh simulated objects, in percent, with its interval.

    `low` and `high` are the ends of the 95 % interval, `baseline` is the best guess that does
    not look at the image.
    """
    import pandas as pd

    from napari_stem3d.plugins import registry
    from napari_stem3d.tasks import evaluation, scene_evaluation

    if out is not None:
        check_out(out, (".csv", ".json"))
    import_keras()
    spec = registry().networks.get(network)
    segments = spec is not None and spec.task == "segmentation"
    tables = []
    for name in task or (("scenes",) if segments else evaluation.TASKS):
        with progress(f"Evaluate {name}", count) as advance:

            def tick(done: int, total: int, advance: Advance = advance) -> None:
                advance(done)

            if name == "scenes":
                start = scene_evaluation.SEED if seed is None else seed
                tables.append(
                    scene_evaluation.evaluate_scenes(
                        network, count=count, seed=start, progress=tick
                    )
                )
                continue
            tables.append(
                evaluation.evaluate(
                    network,
                    name,
                    dose,
                    change=change,
                    count=count,
                    seed=evaluation.SEED if seed is None else seed,
                    segmenter=segmentation,
                    progress=tick,
                )
            )
    table = pd.concat(tables)
    if out is not None:
        _write(table, out)
    show_table(table.to_dict("records"), f"{network}: figures in percent", json)


def _write(table: pd.DataFrame, out: Path) -> None:
    from napari_stem3d.signals import write_beside

    with write_beside(out) as beside:
        if out.suffix.lower() == ".csv":
            table.to_csv(beside, index=False)
        else:
            beside.write_text(to_json(table.to_dict("records")), encoding="utf-8")
