"""Experiments as nested tables of plain values, and as TOML files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.experiment import Experiment, RandomDeformation
from napari_stem3d.simulation.microscope import (
    Microscope,
    get_preset,
    microscope_from_dict,
    microscope_to_dict,
)
from napari_stem3d.simulation.motion.motion import Motion
from napari_stem3d.simulation.toml import read_toml, write_toml

STAGES = tuple(f.name for f in dataclasses.fields(Microscope))
_OPTIONS = tuple(f.name for f in dataclasses.fields(Experiment) if "doc" in f.metadata)
_KEYS = (*_OPTIONS, "dimension", "deformation", "motion", "preset", *STAGES)


def experiment_to_dict(experiment: Experiment) -> dict[str, Any]:
    """Everything that an experiment sets, as a TOML file has it.

    Returns
    -------
    dict
        ``shape``, ``frames`` and the like; ``dimension`` and ``motion``, tables by field;
        ``deformation``, a list of tables with ``name``, ``count`` and fields; and one table for
        each stage of the microscope.
    """
    options = {name: getattr(experiment, name) for name in _OPTIONS}
    return {
        **{k: list(v) if isinstance(v, tuple) else v for k, v in options.items()},
        "dimension": dict(experiment.dimensions),
        "deformation": [
            {"name": d.name, "count": d.count, **d.fields} for d in experiment.deformations
        ],
        "motion": dataclasses.asdict(experiment.motion),
        **microscope_to_dict(experiment.microscope),
    }


def experiment_from_dict(tables: Mapping[str, Any]) -> Experiment:
    """Experiment of nested tables; what is missing keeps its default.

    Parameters
    ----------
    tables : mapping of str to object
        As `experiment_to_dict` gives them. ``preset`` names the microscope whose values the
        tables of the stages change.

    Returns
    -------
    Experiment
        The experiment.

    Raises
    ------
    InputError
        If a key is unknown, or a value is not what it should be.
    """
    for key in tables:
        if key not in _KEYS:
            raise InputError(f"the keys must be among {', '.join(_KEYS)}. Received: {key!r}")
    base = get_preset(tables.get("preset", "default"))
    stages = {name: tables[name] for name in STAGES if name in tables}
    return Experiment(
        **{name: tables[name] for name in _OPTIONS if name in tables},
        dimensions=dict(_table(tables, "dimension")),
        deformations=_deformations(tables.get("deformation", ())),
        motion=_motion(_table(tables, "motion")),
        microscope=microscope_from_dict(stages, base),
    )


def read_experiment(path: str | Path) -> Experiment:
    """Experiment of a TOML file; see `experiment_from_dict` for its tables.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, is not TOML, or sets what is unknown or not allowed.
    """
    return read_toml(path, experiment_from_dict)


def write_experiment(experiment: Experiment, path: str | Path) -> None:
    """Write everything that an experiment sets to a TOML file.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_toml(path, experiment_to_dict(experiment))


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"{name} must be a table. Received: {table!r}")
    return table


def _motion(table: Mapping[str, Any]) -> Motion:
    known = [f.name for f in dataclasses.fields(Motion)]
    for name in table:
        if name not in known:
            raise InputError(
                f"the parameters of motion must be among {', '.join(known)}. Received: {name!r}"
            )
    return Motion(**table)


def _deformations(tables: Any) -> tuple[RandomDeformation, ...]:
    if not isinstance(tables, Sequence) or not all(
        isinstance(t, Mapping) and isinstance(t.get("name"), str) for t in tables
    ):
        raise InputError(
            f"deformation must be a list of tables, each with a name. Received: {tables!r}"
        )
    return tuple(
        RandomDeformation(
            table["name"],
            table.get("count", 1),
            {name: value for name, value in table.items() if name not in ("name", "count")},
        )
        for table in tables
    )
