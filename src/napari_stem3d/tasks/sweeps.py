"""Accuracy as one condition grows: dose, depth of the cuts, or blur."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.corners128 import Corners128

#: What is varied: the field of `Corners128`, the values it takes, and how an axis names it.
SWEEPS: dict[str, tuple[str, tuple[float, ...], str]] = {
    "dose": (
        "dose",
        (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0),
        "counts per pixel behind 64 px of matter",
    ),
    "cut": (
        "cuts",
        (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
        "fraction of the edges that a deformed corner lacks",
    ),
    "blur": ("blur", (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0), "standard deviation of the probe [px]"),
}


def swept(scenes: Corners128, what: str) -> list[Corners128]:
    """Return the same task under growing values of one condition.

    Parameters
    ----------
    scenes : Corners128
        Task, with the conditions that stay.
    what : str
        One of `SWEEPS`.

    Returns
    -------
    list of Corners128
        In ascending order of the condition.

    Raises
    ------
    InputError
        If there is no such condition, or the objects of the task have no cuts to vary.
    """
    if what not in SWEEPS:
        raise InputError(f"sweep must be one of {', '.join(SWEEPS)}. Received: {what!r}")
    if what == "cut" and scenes.task.startswith("shape"):
        raise InputError(
            "The sweep 'cut' must be of a task with deformed corners. "
            f"Received: the task {scenes.task!r}, whose objects are intact"
        )
    field, values, _ = SWEEPS[what]
    cases: list[dict[str, Any]] = [{field: value} for value in values]
    return [replace(scenes, **case) for case in cases]
