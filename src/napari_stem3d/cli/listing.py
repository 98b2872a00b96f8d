"""`stem3d shapes`, `deformations`, `presets`, `networks` and `plugins`: what is known by name."""

from __future__ import annotations

import dataclasses
from typing import Any

from ._arguments import Json
from ._console import show_table


def shapes(json: Json = False) -> None:
    """List the shapes, with their dimensions and who registered them."""
    from napari_stem3d.plugins import registry

    known = registry()
    rows = [
        {
            "name": name,
            "description": getattr(shape, "description", ""),
            "dimensions": [_dimension(field) for field in dataclasses.fields(shape)],
            "corners": _corner_count(shape),
            "plugin": known.owners["shape", name],
        }
        for name, shape in known.shapes.items()
    ]
    show_table(rows, "Shapes (default dimensions in nm)", json)


def deformations(json: Json = False) -> None:
    """List the deformations, with their fields and who registered them."""
    from napari_stem3d.plugins import registry
    from napari_stem3d.simulation.experiment import deformation_fields

    known = registry()
    rows = [
        {
            "name": name,
            "description": getattr(kind, "description", ""),
            "fields": [_choices(field) for field in deformation_fields(name).values()],
            "plugin": known.owners["deformation", name],
        }
        for name, kind in known.deformations.items()
    ]
    show_table(rows, "Deformations, for --deformation NAME:FIELD=VALUE,…", json)


def presets(json: Json = False) -> None:
    """List the microscopes to start from, with what differs from the default one."""
    from napari_stem3d.simulation import PRESETS, microscope_to_dict
    from napari_stem3d.simulation.lattices import ATOMIC

    default = microscope_to_dict(PRESETS["default"])
    rows = [
        {
            "name": name,
            "for": command,
            "differs": [
                f"{stage}.{key}={_short(value)}"
                for stage, values in microscope_to_dict(microscope).items()
                for key, value in values.items()
                if value != default[stage][key]
            ],
        }
        for command, group in (("simulate", PRESETS), ("lattice", ATOMIC))
        for name, microscope in group.items()
    ]
    show_table(rows, "Microscopes, for --preset", json)


def networks(json: Json = False) -> None:
    """List the networks: what they do, what they see, how right and how large they are, by whom."""
    from napari_stem3d.networks.cards import figures_in_short
    from napari_stem3d.networks.store import count_parameters, read_card
    from napari_stem3d.plugins import registry

    known = registry()
    rows = []
    for name, spec in known.networks.items():
        path = spec.weights_path
        card = read_card(path) if path else {}
        row: dict[str, Any] = {
            "name": name,
            "task": spec.task,
            "description": spec.description,
            "plugin": known.owners["network", name],
            "weights": spec.weights or "not trained",
        }
        if path and path.is_file():
            row |= {"megabytes": path.stat().st_size / 1e6, "parameters": count_parameters(path)}
        else:
            row |= {"megabytes": None, "parameters": None}
        if json:
            row["card"] = card
        else:
            training = card.get("training", {})
            row |= {name: _told(card.get(name)) for name in ("input", "author", "licence")}
            row["trained"] = _told(training.get("finished"))
            row["on images"] = _told(training.get("samples"))
            row["figures"] = figures_in_short(card)
        rows.append(row)
    show_table(rows, "Networks", json)


def plugins(json: Json = False) -> None:
    """List who registered what, and which plugins were refused and why."""
    import warnings

    from napari_stem3d.plugins import PluginWarning, registry

    with warnings.catch_warnings():
        # The table is about to say the same.
        warnings.simplefilter("ignore", PluginWarning)
        rows = registry().rows()
    show_table(rows, "Plugins", json)


def _told(fact: Any) -> str:
    """Return a fact of a card, in which a stranger may have written anything, or a dash."""
    return ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact or "–")


def _dimension(field: dataclasses.Field[Any]) -> str:
    """Return a field with its default, as it would be typed."""
    return f"{field.name}={_short(field.default)}"


def _choices(field: dataclasses.Field[Any]) -> str:
    """Return a field with what may be typed for it."""
    facts = field.metadata
    told = facts.get("unit") or "|".join(facts.get("choices", ())) or "number"
    if "places" in facts:
        told = "0+1+…"
    elif isinstance(field.default, bool):
        told = "yes|no"
    return f"{field.name}={told}"


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _corner_count(shape: Any) -> int:
    """Return the number of corners that can be deformed, 0 for shapes without."""
    vertices = getattr(shape, "vertices", None)
    return len(vertices(shape())) if vertices is not None else 0
