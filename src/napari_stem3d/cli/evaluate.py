"""`stem3d evaluate`: how right a network is, on objects that it has never seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import CLASSIFICATION, SEGMENTATION, Json
from ._console import import_keras, progress, show_table, to_json
from ._output import check_out

if TYPE_CHECKING:
    import pandas as pd

    from napari_stem3d.tasks.corners128 import Corners128
    from napari_stem3d.tasks.verdicts import Verdicts

PICTURES = (".png", ".pdf", ".svg")
#: Conditions of which nothing is said on a terminal as long as they are these.
_USUAL = {"cuts": "large", "change": "none", "magnification": 1}
_SCENES = ("scenes", "pixel-wise")


def evaluate(
    network: Annotated[str, typer.Argument(help="Name of a network; `stem3d networks`.")],
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="deformed, corners, pair-cube, pair-box, shape or shape-all; scenes or "
            "pixel-wise for a network that segments; may be repeated. All that suit the network "
            "by default."
        ),
    ] = None,
    dose: Annotated[
        str,
        typer.Option(
            help="clean, standard, low, very-low, or counts per pixel behind 64 px of matter."
        ),
    ] = "standard",
    cuts: Annotated[
        str, typer.Option(help="How deep corners are cut: large, small, or a fraction of edges.")
    ] = "large",
    blur: Annotated[
        float | None, typer.Option(help="Standard deviation of the probe in px; drawn by default.")
    ] = None,
    magnification: Annotated[
        int, typer.Option(help="Pixels per 0.2 nm: 2 makes images of 256 x 256 pixels.")
    ] = 1,
    change: Annotated[
        str,
        typer.Option(
            help="What is done to the grey values: none, x0.01, +500, uint16, uint12 or uint8."
        ),
    ] = "none",
    views: Annotated[
        list[int] | None,
        typer.Option(help="Images per object, for a ground-truth network; may be repeated."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of fresh objects, or scenes, per row.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the objects; of the published figures.")
    ] = None,
    segmentation: Annotated[
        str, typer.Option(help="Segmentation network that finds the objects.")
    ] = SEGMENTATION,
    classification: Annotated[
        str, typer.Option(help="Classification network that a ground-truth network stands on.")
    ] = CLASSIFICATION,
    sweep: Annotated[
        str | None, typer.Option(help="Vary dose, cut or blur: one row for each value.")
    ] = None,
    confusion: Annotated[
        bool, typer.Option("--confusion", help="Print what objects are and what they are called.")
    ] = False,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Print accuracy by how sure the network is.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the sweep, or the calibration, or else the confusion: .png, .pdf or .svg."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table too: .csv or .json.")] = None,
    json: Json = False,
) -> None:
    """Print the accuracy of a network on fresh simulated objects, in percent, with its interval.

    `low` and `high` are the ends of the 95 % interval, `baseline` is the best guess that does
    not look at the image.
    """
    import pandas as pd

    from napari_stem3d.plugins import registry

    if out is not None:
        check_out(out, (".csv", ".json"))
    if plot is not None:
        check_out(plot, PICTURES, "--plot")
    import_keras()
    spec = registry().networks.get(network)
    kind = spec.task if spec is not None else "classification"
    given: dict[str, Any] = {k: v for k, v in (("count", count), ("seed", seed)) if v is not None}
    verdicts: dict[str, Verdicts] = {}
    if kind in ("segmentation", "ground-truth"):
        if sweep or confusion or calibration or plot:
            raise InputError(
                "--sweep, --confusion, --calibration and --plot must be used with a network for "
                f"classification. Received: {network}, for {kind}"
            )
        if kind == "segmentation":
            tables = [_scenes(network, name, dose, given) for name in task or _SCENES]
        else:
            given |= {"classifier": classification, "segmenter": segmentation}
            given |= {"views": tuple(views)} if views else {}
            tables = [_views(network, name, _dose(dose), given) for name in task or ("corners",)]
    else:
        given |= {"change": change, "segmenter": segmentation}
        tables = []
        for scenes in _conditions(task, dose, cuts, blur, magnification, sweep):
            row, verdicts[scenes.task] = _objects(network, scenes, given)
            tables.append(row)
    table = pd.concat(tables)
    if out is not None:
        _write(table, out)
    if plot is not None:
        _draw(table, verdicts, sweep, calibration, plot)
    if json:
        typer.echo(to_json(_in_full(table, verdicts if not sweep else {}, confusion, calibration)))
        return
    show_table(_in_short(table), f"{network}: figures in percent", False)
    for name, own in verdicts.items() if not sweep else ():
        if confusion:
            matrix = own.confusion().rename_axis("true / told").reset_index()
            show_table(matrix.to_dict("records"), f"{name}: number of objects", False)
        if calibration:
            bins = own.calibration().to_dict("records")
            show_table(bins, f"{name}: by the probability of what is told", False)


def _conditions(
    task: list[str] | None,
    dose: str,
    cuts: str,
    blur: float | None,
    magnification: int,
    sweep: str | None,
) -> list[Corners128]:
    """Return the tasks under their conditions, one for each row."""
    from napari_stem3d.tasks.corners128 import TASKS, Corners128
    from napari_stem3d.tasks.sweeps import swept

    first = Corners128(TASKS[0], _dose(dose), _dose(cuts), blur, magnification)
    fixed = [replace(first, task=name) for name in task or (("corners",) if sweep else TASKS)]
    return [one for scenes in fixed for one in (swept(scenes, sweep) if sweep else (scenes,))]


def _objects(
    network: str, scenes: Corners128, given: dict[str, Any]
) -> tuple[pd.DataFrame, Verdicts]:
    from napari_stem3d.tasks.evaluation import COUNT, SEED, judge, row_of

    given = {"count": COUNT, "seed": SEED} | given
    with progress(f"Evaluate {scenes.task}", given["count"]) as advance:
        verdicts = judge(scenes, network, progress=lambda done, total: advance(done), **given)
    return row_of(verdicts, scenes, network, given["change"], given["seed"]), verdicts


def _scenes(network: str, task: str, dose: str, given: dict[str, Any]) -> pd.DataFrame:
    from napari_stem3d.tasks.pixel_evaluation import evaluate_pixels
    from napari_stem3d.tasks.scene_evaluation import evaluate_scenes

    if task not in _SCENES:
        raise InputError(
            f"The task of a network that segments must be {' or '.join(_SCENES)}. "
            f"Received: {task!r}"
        )
    with progress(f"Evaluate {task}", 1) as advance:

        def tick(done: int, total: int) -> None:
            advance(done / total)

        if task == "scenes":
            return evaluate_scenes(network, progress=tick, **given)
        return evaluate_pixels(network, dose, progress=tick, **given)


def _views(network: str, task: str, dose: str | float, given: dict[str, Any]) -> pd.DataFrame:
    from napari_stem3d.tasks.views import evaluate_views

    with progress(f"Evaluate {task}", 1) as advance:
        return evaluate_views(
            network, task, dose, progress=lambda done, total: advance(done / total), **given
        )


def _dose(typed: str) -> str | float:
    """Return the number that was typed, or the name."""
    try:
        return float(typed)
    except ValueError:
        return typed


def _draw(
    table: pd.DataFrame,
    verdicts: dict[str, Verdicts],
    sweep: str | None,
    calibration: bool,
    plot: Path,
) -> None:
    from napari_stem3d.signals import write_beside
    from napari_stem3d.tasks.evaluation_plots import draw_calibration, draw_confusion, draw_sweep

    with write_beside(plot) as beside:
        if sweep:
            draw_sweep(table, sweep, beside)
        else:
            (draw_calibration if calibration else draw_confusion)(verdicts, beside)


def _in_short(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what is not as usual and not empty; the network's name is in the title."""
    usual = [
        name for name, value in _USUAL.items() if name in table and (table[name] == value).all()
    ]
    return table.drop(columns=["network", *usual]).dropna(axis=1, how="all").to_dict("records")


def _in_full(
    table: pd.DataFrame, verdicts: dict[str, Verdicts], confusion: bool, calibration: bool
) -> list[dict[str, Any]]:
    """Return all columns, and in each row the tables that were asked for."""
    rows = table.to_dict("records")
    for row in rows:
        if confusion and row["task"] in verdicts:
            row["confusion"] = verdicts[row["task"]].confusion().to_dict("index")
        if calibration and row["task"] in verdicts:
            row["calibration"] = verdicts[row["task"]].calibration().to_dict("records")
    return rows


def _write(table: pd.DataFrame, out: Path) -> None:
    from napari_stem3d.signals import write_beside

    with write_beside(out) as beside:
        if out.suffix.lower() == ".csv":
            table.to_csv(beside, index=False)
        else:
            beside.write_text(to_json(table.to_dict("records")), encoding="utf-8")
