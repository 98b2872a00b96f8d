"""`stem3d evaluate`: how right a network is, on objects that it has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._arguments import Json, Seed
from ._console import import_keras, show_table
from ._output import check_out


def evaluate(
    network: Annotated[str, typer.Argument(help="Name of a network; `stem3d networks`.")],
    task: Annotated[str, typer.Option(help="Kind of objects, such as corners-128.")],
    dose: Annotated[str, typer.Option(help="Dose of the images, such as standard.")] = "standard",
    count: Annotated[int, typer.Option(min=1, help="Number of fresh objects.")] = 2000,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Write the table too: .csv.")] = None,
    json: Json = False,
) -> None:
    """Print the accuracy of a network on fresh simulated objects, with its intervals."""
    from napari_stem3d.signals import write_beside
    from napari_stem3d.tasks.evaluation import evaluate as evaluate_network

    if out is not None:
        check_out(out, (".csv",))
    import_keras()
    table = evaluate_network(network, task, dose=dose, count=count, seed=seed)
    if out is not None:
        with write_beside(out) as beside:
            table.to_csv(beside, index=False)
    show_table(table.to_dict("records"), f"{network} on {count} objects of {task}, {dose}", json)
