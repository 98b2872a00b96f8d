"""Options of a command that derive from the fields of dataclasses."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ._words import parse_pair

_LARGE = 1e6


@dataclass(frozen=True)
class Group:
    """One option for each field of an object.

    Attributes
    ----------
    name : str
        Under which the command finds what was typed.
    default : dataclass instance
        Its values are shown as the defaults. Only fields with a ``doc`` become options.
    panel : str
        Heading in ``--help``.
    prefix : str
        Of the options' names, such as ``beam`` in ``--beam-current``; empty for none.
    only : tuple of str
        Fields that become options; all by default.
    """

    name: str
    default: Any
    panel: str
    prefix: str = ""
    only: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Fields by the name of their option."""
        return {
            f"{self.prefix}_{f.name}".removeprefix("_"): f
            for f in dataclasses.fields(self.default)
            if "doc" in f.metadata and f.name in (self.only or (f.name,))
        }

    def parameters(self) -> list[inspect.Parameter]:
        """Return what typer makes the options from."""
        return [
            inspect.Parameter(
                option,
                inspect.Parameter.KEYWORD_ONLY,
                default=_shown(field, getattr(self.default, field.name)),
                annotation=_annotation(field, self.panel),
            )
            for option, field in self.fields.items()
        ]


class DerivedCommand(TyperCommand):
    """A command with options that its function does not name.

    They are made when the command is called and not when the program starts, because the
    simulation takes ten times as long to import as the list of commands to print. Those that were
    typed reach the command as ``ctx.obj``: values by field, by name of the group.
    """

    def groups(self) -> list[Group]:
        """Return the groups of options."""
        raise NotImplementedError

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's own parameters and the derived ones."""
        return [*super().get_params(ctx), *_options(self.groups())]

    def invoke(self, ctx: Any) -> Any:
        """Hand over the options that were typed, and run the command."""
        ctx.obj = {}
        for group in self.groups():
            typed = ctx.obj[group.name] = {}
            for option, field in group.fields.items():
                value = ctx.params.pop(option)
                if ctx.get_parameter_source(option).name == "COMMANDLINE":
                    pair = field.metadata.get("pair")
                    typed[field.name] = parse_pair(option, field, value) if pair else value
        return super().invoke(ctx)


def stage_groups(microscope: Any) -> list[Group]:
    """Return one group for each stage of a microscope."""
    return [
        Group(stage.name, getattr(microscope, stage.name), f"Microscope: {stage.name}", stage.name)
        for stage in dataclasses.fields(microscope)
    ]


def _options(groups: list[Group]) -> list[Any]:
    """Return options that typer makes from a signature."""
    parameters = [parameter for group in groups for parameter in group.parameters()]

    def derived(**values: Any) -> None: ...

    derived.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    derived.__annotations__ = {p.name: p.annotation for p in parameters}
    helper = typer.Typer(add_completion=False)
    helper.command()(derived)
    return list(typer.main.get_command(helper).params)


def _shown(field: Any, value: Any) -> Any:
    """Return a default as it would be typed."""
    if not field.metadata.get("pair"):
        return value
    return ",".join(f"{number:g}" for number in dict.fromkeys(value))


def _annotation(field: Any, panel: str) -> Any:
    """Return the option's type. Bounds are told here and checked by the object itself."""
    facts = field.metadata
    help_text, metavar, kind = facts["doc"], "TEXT", type(field.default)
    if "unit" in facts:
        unit = facts["unit"] or "NUMBER"
        metavar = "|".join((unit, f"{unit},{unit}")) if facts.get("pair") else unit
        kind = str if facts.get("pair") else int if facts.get("whole") else float
        help_text += _bounds(facts["min"], facts["max"])
    elif "choices" in facts:
        metavar = "|".join(facts["choices"])
    option = typer.Option(metavar=metavar, help=help_text, rich_help_panel=panel)
    if kind is bool:
        option = typer.Option(help=help_text, rich_help_panel=panel)
    return Annotated[kind, option]


def _bounds(low: float, high: float) -> str:
    """Return bounds in words, without those that only keep nonsense out."""
    if high < _LARGE:
        return f" ({low:g} to {high:g})"
    return f" (from {low:g})" if low > -_LARGE else ""
