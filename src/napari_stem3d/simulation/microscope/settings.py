"""Microscopes as nested tables: in TOML files and in the metadata of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope.microscope import Microscope
from napari_stem3d.simulation.toml import read_toml, write_toml

# Names of HyperSpy: the stage, its field, and how many of its units they are.
_WRITTEN = {
    "beam_energy": ("beam", "high_voltage", 1.0),
    "convergence_angle": ("beam", "convergence", 1.0),
    "dwell_time": ("scan", "dwell", 1e6),
}


def microscope_to_dict(microscope: Microscope) -> dict[str, dict[str, Any]]:
    """Return every parameter of a microscope, as one table per stage of plain values."""
    return dataclasses.asdict(microscope)


def microscope_from_dict(
    tables: Mapping[str, Mapping[str, Any]], base: Microscope | None = None
) -> Microscope:
    """Microscope of the parameters in nested tables.

    Parameters
    ----------
    tables : mapping of str to mapping
        A table for each stage, as `microscope_to_dict` gives them.
    base : Microscope, optional
        What is missing keeps the value it has here; the default microscope by default.

    Returns
    -------
    Microscope
        The microscope.

    Raises
    ------
    InputError
        If a stage or field is unknown, or a value is not what its field takes.
    """
    base = base or Microscope()
    _refuse_unknown("the stages", tables, base)
    stages = {}
    for stage, values in tables.items():
        if not isinstance(values, Mapping):
            raise InputError(
                f"{stage} must be a table of parameters of this stage. Received: {values!r}"
            )
        _refuse_unknown(f"the parameters of {stage}", values, getattr(base, stage))
        stages[stage] = dataclasses.replace(getattr(base, stage), **values)
    return dataclasses.replace(base, **stages)


def read_settings(path: str | Path) -> Microscope:
    """Microscope of a TOML file with a table for each stage.

    Parameters
    ----------
    path : str or Path
        File that `write_settings` wrote, or one by hand that sets what differs from the default.

    Returns
    -------
    Microscope
        The microscope.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML, or sets what does not exist or is not allowed.
    """
    return read_toml(path, microscope_from_dict)


def write_settings(path: str | Path, microscope: Microscope) -> None:
    """Write every parameter of a microscope to a TOML file.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_toml(path, microscope_to_dict(microscope))


def metadata(microscope: Microscope, grid: Grid) -> dict[str, Any]:
    """Metadata of an image in the tree that HyperSpy documents.

    Parameters
    ----------
    microscope : Microscope
        How the image is made.
    grid : Grid
        Its pixels.

    Returns
    -------
    dict
        ``Acquisition_instrument.TEM`` holds what HyperSpy has names for, in its units: keV, nA,
        mrad and s. ``Stem3D.microscope`` holds every parameter, as `microscope_from_dict` reads
        it back, and ``Stem3D.dose`` the electrons per Å².
    """
    beam, scan = microscope.beam, microscope.scan
    return {
        "Acquisition_instrument": {
            "TEM": {
                "acquisition_mode": "STEM",
                "beam_energy": beam.high_voltage,
                "beam_current": beam.current * 1e-3,
                "convergence_angle": beam.convergence,
                "dwell_time": scan.dwell * 1e-6,
            }
        },
        "Sample": {"elements": microscope.contrast.elements},
        "Signal": {"signal_origin": "simulation"},
        "Stem3D": {"microscope": microscope_to_dict(microscope), "dose": microscope.dose(grid)},
    }


def microscope_of_metadata(metadata: Mapping[str, Any]) -> tuple[Microscope, tuple[str, ...]]:
    """Microscope as far as the metadata of an image tell of it, the default one else.

    Parameters
    ----------
    metadata : mapping
        As HyperSpy documents it; `metadata` writes more than this reads.

    Returns
    -------
    microscope : Microscope
        With voltage, convergence and dwell time of the image.
    notes : tuple of str
        A sentence about each entry that cannot be.
    """
    told = metadata.get("Acquisition_instrument", {}).get("TEM", {})
    microscope, notes = Microscope(), []
    for key, (name, field, factor) in _WRITTEN.items():
        if key not in told:
            continue
        try:
            stage = dataclasses.replace(getattr(microscope, name), **{field: told[key] * factor})
            microscope = dataclasses.replace(microscope, **{name: stage})
        except (InputError, TypeError):
            notes.append(f"The file says {key} = {told[key]!r}, which is not used.")
    return microscope, tuple(notes)


def _refuse_unknown(what: str, names: Iterable[str], instance: Any) -> None:
    known = [field.name for field in dataclasses.fields(instance)]
    for name in names:
        if name not in known:
            raise InputError(f"{what} must be among {', '.join(known)}. Received: {name!r}")
