"""The microscope's parameters as options of `stem3d simulate`, derived from its stages' fields."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from napari_stem3d._errors import InputError

if TYPE_CHECKING:
    from napari_stem3d.simulation import Microscope


class SimulateCommand(TyperCommand):
    """A command with one option more per parameter of the microscope.

    They are made when the command is called and not when the program starts, because the
    simulation takes ten times as long to import as the list of commands to print. Their values
    reach the command as ``ctx.obj``, a dictionary by option name.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's own parameters and the microscope's."""
        return [*super().get_params(ctx), *_microscope_options()]

    def invoke(self, ctx: Any) -> Any:
        """Hand the microscope's values over as one object."""
        ctx.obj = {option.name: ctx.params.pop(option.name) for option in _microscope_options()}
        return super().invoke(ctx)


def build_microscope(values: Mapping[str, Any]) -> Microscope:
    """Return the microscope with these values, by option name such as ``probe_sigma``."""
    from napari_stem3d.simulation import Microscope

    stages = {
        stage: type(default)(**{name: values[f"{stage}_{name}"] for name in _fields(default)})
        for stage, default in _stages().items()
    }
    return Microscope(**stages)


def read_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Take a TOML file's values as defaults, so that the command line has the last word.

    Top-level keys are options (``frames = 16``); a table is a stage of the microscope
    (``[probe]``, ``sigma = 0.2``), or ``[dimension]`` with the shape's dimensions.
    """
    if path is None:
        return None
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}.") from error
    known = {param.name for param in ctx.command.get_params(ctx)} - {"config", "help"}
    defaults: dict[str, Any] = {}
    for key, value in content.items():
        if key == "dimension":
            defaults[key] = [f"{name}={number}" for name, number in value.items()]
        elif isinstance(value, dict):
            defaults |= {f"{key}_{name}": number for name, number in value.items()}
        else:
            defaults[key.replace("-", "_")] = _as_typed(value)
    unknown = ", ".join(sorted(set(defaults) - known))
    if unknown:
        raise InputError(f"{path} sets what is no option of this command. Received: {unknown}")
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return path


def _as_typed(value: Any) -> Any:
    """Return a list such as ``size = [128, 96]`` as it would be typed, ``128,96``."""
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _stages() -> dict[str, Any]:
    from napari_stem3d.simulation import Microscope

    return {name: getattr(Microscope(), name) for name in _fields(Microscope())}


def _fields(instance: Any) -> dict[str, Any]:
    return {field.name: field for field in dataclasses.fields(instance)}


@functools.cache
def _microscope_options() -> tuple[Any, ...]:
    """Return one option per field of each stage, made by typer from a signature."""
    parameters = [
        inspect.Parameter(
            f"{stage}_{name}",
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(default, name),
            annotation=_annotation(stage, field),
        )
        for stage, default in _stages().items()
        for name, field in _fields(default).items()
    ]

    def stages(**values: Any) -> None: ...

    stages.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    stages.__annotations__ = {p.name: p.annotation for p in parameters}
    helper = typer.Typer(add_completion=False)
    helper.command()(stages)
    return tuple(typer.main.get_command(helper).params)


def _annotation(stage: str, field: Any) -> Any:
    """Return the option's type: a number within the field's bounds, a switch or a text."""
    facts = field.metadata
    panel = f"Microscope: {stage}"
    if "unit" not in facts:
        kind = type(field.default)
        return Annotated[kind, typer.Option(help=facts["doc"], rich_help_panel=panel)]
    option = typer.Option(
        min=facts["min"],
        max=facts["max"],
        metavar=facts["unit"] or "NUMBER",
        help=facts["doc"],
        rich_help_panel=panel,
    )
    return Annotated[int if facts.get("whole") else float, option]
