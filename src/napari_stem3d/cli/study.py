"""`stem3d study`: what one choice in training is worth, tried several times."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json, Seed
from ._console import import_keras, note, progress, show_table, to_json

if TYPE_CHECKING:
    from napari_stem3d.tasks.studies import LearningCurve, Results, StudyData

_FAR = 10  # times the largest set: beyond, a curve says little


def study(
    kind: Annotated[str, typer.Argument(help="What to vary: size, batch, loss or optimizer.")],
    out: Annotated[Path, typer.Option(help="Folder for tables and plots; it may hold a part.")],
    value: Annotated[
        list[str] | None,
        typer.Option(help="One value to try; may be repeated. By default a range of them."),
    ] = None,
    rate: Annotated[
        list[float] | None,
        typer.Option(help="Learning rate to try with each; may be repeated. Keras' by default."),
    ] = None,
    task: Annotated[
        str, typer.Option(help="What is asked of simulated objects, as in evaluate.")
    ] = "deformed",
    dose: Annotated[str, typer.Option(help="clean, standard, low or very-low.")] = "standard",
    images: Annotated[
        Path | None,
        typer.Option(help="Study these instead: a folder with one subfolder per class."),
    ] = None,
    network: Annotated[
        str,
        typer.Option(
            help="small-cnn, vgg-like, deepdog, or package.module:function that takes side and "
            "classes and returns a Keras model."
        ),
    ] = "small-cnn",
    count: Annotated[int, typer.Option(min=2, help="Simulated images for training.")] = 2000,
    validation: Annotated[int, typer.Option(min=1, help="Simulated images to validate.")] = 1000,
    side: Annotated[
        int, typer.Option(min=8, max=1024, help="Sides that images are scaled to, in pixels.")
    ] = 64,
    runs: Annotated[int, typer.Option(min=1, help="How often each value is tried.")] = 3,
    batch: Annotated[int, typer.Option(min=1, help="Images in a batch.")] = 32,
    loss: Annotated[
        str, typer.Option(help="cce, bce, mse, mae, squared_hinge, log_cosh or poisson.")
    ] = "cce",
    optimizer: Annotated[
        str, typer.Option(help="sgd, rmsprop, adagrad, adadelta, adam, adamax or nadam.")
    ] = "adam",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of training at most.")] = 50,
    patience: Annotated[
        int, typer.Option(min=1, help="Rounds in a row without a gain that end a run.")
    ] = 3,
    target: Annotated[
        list[float] | None,
        typer.Option(
            help="Accuracy in percent to tell the number of images for; may be repeated. "
            "90, 95 and 99 by default."
        ),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Train a network again and again, with one choice varied and all else held.

    Accuracies are those on validation images, in percent; `low` and `high` are the ends of the
    95 % interval of the mean. Ctrl-C keeps the finished runs; the same command goes on, and one
    with more values adds them.
    """
    from napari_stem3d.tasks.studies import KINDS, Study, run_study

    if kind not in KINDS:
        raise InputError(f"A study must be one of {', '.join(KINDS)}. Received: {kind!r}")
    plan = Study(
        kind,
        tuple(_number(text) if kind in ("size", "batch") else text for text in value or ()),
        rates=tuple(rate or ()),
        network=network,
        runs=runs,
        batch=batch,
        loss=loss,
        optimizer=optimizer,
        rounds=rounds,
        patience=patience,
        seed=seed,
    )
    _check_folder(out)
    import_keras()
    data = _data(images, task, dose, count, validation, side)
    total = len(list(plan.jobs(len(data.labels))))
    try:
        with progress("Study", total) as advance:
            results = run_study(plan, data, out, lambda done, _: advance(done))
    except KeyboardInterrupt:
        note(f"interrupted; finished runs are in {out}; the same command goes on from there.")
        raise typer.Exit(130) from None
    _report(results, out, target or (90.0, 95.0, 99.0), json)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--value must be a whole number. Received: {text!r}") from None


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder. Received: the file {out}")
    if not out.parent.is_dir():
        raise InputError(f"The folder of --out does not exist: {out.parent}")


def _data(
    images: Path | None, task: str, dose: str, count: int, validation: int, side: int
) -> StudyData:
    from napari_stem3d.tasks.studies import labelled_images, simulated_images

    if images is not None:
        return labelled_images(images, side=side)
    return simulated_images(task, dose, count=count, validation=validation, side=side)


def _report(results: Results, out: Path, targets: Any, as_json: bool) -> None:
    from napari_stem3d.tasks.studies.plots import draw_study

    draw_study(results, out / "study.png")
    rows = results.summary().to_dict("records")
    curve = results.curve
    needed = [] if curve is None else _needed(curve, targets)
    if as_json:
        typer.echo(to_json({"out": str(out), "summary": rows, "curve": _facts(curve, needed)}))
        return
    show_table(rows, f"{results.about['data']}: validation, in percent", as_json=False)
    if results.kind == "size" and curve is None:
        note("no learning curve: that takes three sizes at which it is better than guessing.")
    if curve is not None:
        for sentence in _sentences(curve, needed, results):
            typer.echo(sentence)
    typer.echo(f"{out}: tables and study.png")


def _needed(curve: LearningCurve, targets: Any) -> list[dict[str, float]]:
    rows = []
    for target in targets:
        images, low, high = curve.images_for(target / 100)
        rows.append({"accuracy": target, "images": images, "low": low, "high": high})
    return rows


def _facts(curve: LearningCurve | None, needed: list[dict[str, float]]) -> Any:
    if curve is None:
        return None
    finite = [{k: v if math.isfinite(v) else None for k, v in row.items()} for row in needed]
    fit = {name: [getattr(curve, name), *curve.interval(name)] for name in "abc"}
    return {**fit, "needed": finite}


def _sentences(curve: LearningCurve, needed: list[dict[str, float]], results: Results) -> list[str]:
    """Say what the curve means, with the intervals."""
    parts = {name: (getattr(curve, name), *curve.interval(name)) for name in "abc"}
    limit, exponent = [100 * v for v in parts["a"]], parts["c"]
    sentences = [
        f"error = {limit[0]:.2g} % ({limit[1]:.2g} to {limit[2]:.2g}) + {100 * curve.b:.3g} % * "
        f"N^-{exponent[0]:.2f} ({exponent[1]:.2f} to {exponent[2]:.2f})"
    ]
    largest = int(results.runs["images"].max())
    for row in needed:
        target, more = f"{row['accuracy']:g} %", row["images"] - largest
        if math.isinf(row["images"]):
            least = f"at least {_round(row['low'])} images" if row["low"] < math.inf else "never"
            sentences.append(f"{target}: not by more images of this kind ({least})")
            continue
        need = f"about {_round(more)} more" if more > 0 else "no more than there are"
        far = ", far beyond what was tried" if row["images"] > _FAR * largest else ""
        span = f"{_round(row['low'])} to {_round(row['high'])}"
        sentences.append(f"{target}: {_round(row['images'])} images ({span}), {need}{far}")
    return sentences


def _round(number: float) -> str:
    """Return a number with two digits that count, which is more than it is known by."""
    if math.isinf(number):
        return "any number"
    digits = 1 - math.floor(math.log10(max(number, 1)))
    return f"{round(number, digits):,.0f}"
