"""`stem3d plan`: the experiment that answers a question, before it is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json, Seed
from ._console import note, progress, show_table, to_json
from ._options import DerivedCommand, Group, stage_groups
from ._output import check_out
from ._words import parse_dimensions

if TYPE_CHECKING:
    from napari_stem3d.analysis.planning import Plan
    from napari_stem3d.simulation import Microscope, Polyhedron


class PlanCommand(DerivedCommand):
    """A command with options for the question, the limits and the microscope."""

    def groups(self) -> list[Group]:
        """Return what there is to ask and to choose."""
        from napari_stem3d.analysis.planning import Limits, Question
        from napari_stem3d.simulation import Microscope

        stages = [
            replace(stage, only=tuple(name for name in _fields(stage) if name not in _ASKED))
            for stage in stage_groups(Microscope())
        ]
        return [
            Group("question", Question(), "Question"),
            Group("limits", Limits(), "Limits of instrument and specimen"),
            *stages,
        ]


_ASKED = ("material", "density")  # of the microscope's fields, those that the question tells


def plan(
    ctx: typer.Context,
    shape: Annotated[
        str, typer.Option(help="Shape with corners; `stem3d shapes` lists them.")
    ] = "cuboid",
    size: Annotated[
        float | None,
        typer.Option(metavar="NM", help="All lengths of the shape; a cuboid becomes a cube."),
    ] = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A single one of them; may be repeated."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Microscope to start from; `stem3d presets` lists them."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with the microscope, as simulate and match write it."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table: .csv.")] = None,
    save_config: Annotated[
        Path | None,
        typer.Option(help="TOML file to write the planned images to, for simulate --config."),
    ] = None,
    particles: Annotated[
        int,
        typer.Option(
            min=10, max=10_000, help="Random particles with either number of corners to compare."
        ),
    ] = 60,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Plan an experiment: dose, beam current, dwell time, pixel size and number of views.

    As in "tell 2 from 3 cut corners of a 10 nm Pd cube in 90 % of cases".
    """
    from napari_stem3d.analysis import planning

    if out is not None:
        check_out(out, (".csv",))
    if save_config is not None:
        check_out(save_config, (".toml",), "--save-config")
    question = planning.Question(
        **ctx.obj["question"], shape=build_shape(shape, size, dimension or [])
    )
    limits = planning.Limits(**ctx.obj["limits"])
    microscope = build_microscope(ctx.obj, config, preset)
    with progress("comparing particles", 0) as advance:
        found = planning.plan(
            question,
            microscope,
            limits,
            particles=particles,
            seed=seed,
            report=lambda done, total: advance(done, total=total),
        )
    if out is not None:
        from napari_stem3d.signals import write_beside

        with write_beside(out) as beside:
            found.table().to_csv(beside, index=False)
    if save_config is not None:
        from napari_stem3d.simulation import write_experiment

        write_experiment(found.experiment, save_config)
    for sentence in found.notes:
        note(sentence)
    _print(found, json)


def build_shape(name: str, size: float | None, dimensions: Sequence[str]) -> Polyhedron:
    """Return the shape that a command line describes."""
    from napari_stem3d.plugins import get_shape
    from napari_stem3d.simulation import Polyhedron

    kind: Any = get_shape(name)
    if not (isinstance(kind, type) and issubclass(kind, Polyhedron)):
        raise InputError(f"--shape must be a shape with corners. Received: {name}")
    values = {} if size is None else dict.fromkeys(kind().lengths, size)
    return kind(**values | parse_dimensions(name, dimensions))


def build_microscope(
    typed: Mapping[str, Mapping[str, Any]], config: Path | None, preset: str | None
) -> Microscope:
    """Return the microscope of a file or preset, changed by what was typed."""
    from napari_stem3d import simulation

    base = simulation.read_experiment(config).microscope if config else simulation.Microscope()
    if preset is not None:
        base = simulation.get_preset(preset)
    stages = {f.name: typed[f.name] for f in dataclasses.fields(simulation.Microscope)}
    return simulation.microscope_from_dict(stages, base)


def _print(found: Plan, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json(found.to_dict()))
        return
    from napari_stem3d.analysis.planning.plan import HEADINGS

    for title, table in (
        ("Doses by number of views, images of one particle in other poses", found.views_table()),
        ("Beam currents and dwell times for the views to take", found.beams_table()),
    ):
        if len(table):
            show_table(table.rename(columns=HEADINGS).to_dict("records"), title, as_json=False)
    typer.echo(found.advice)


def _fields(group: Group) -> list[str]:
    return [field.name for field in group.fields.values()]
