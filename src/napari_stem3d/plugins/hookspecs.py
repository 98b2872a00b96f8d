"""Every hook through which shapes, deformations and networks come in, on one page.

A plugin is an installed package with an entry point in the group ``napari_stem3d.plugins`` that
names a module. In that module, functions with the names below, marked with ``@hookimpl``, are
called once, when the registry is first asked for. What napari-stem3d itself brings comes in
through the same functions.
"""

from __future__ import annotations

import pluggy

from napari_stem3d.plugins._network_spec import NetworkSpec

PROJECT = "napari_stem3d"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_shapes() -> list[type]:  # type: ignore[empty-body]
    """Return shape classes: frozen dataclasses that subclass ``napari_stem3d.simulation.Shape``.

    Each has a ``name`` and a ``description``, fields in nm that carry their ranges, and one method
    that tells its surface. It can then be simulated, drawn in the form of the widget and called by
    its name on the command line.
    """


@hookspec
def register_deformations() -> list[type]:  # type: ignore[empty-body]
    """Return deformation classes: frozen dataclasses that change the surface of a shape.

    Each has a ``name``, and does to a shape what
    ``napari_stem3d.simulation.CutCorners`` does to a polyhedron.
    """


@hookspec
def register_networks() -> list[NetworkSpec]:  # type: ignore[empty-body]
    """Return specifications of networks.

    The function that builds the Keras model is named by an import string, so that no menu ever
    waits for a deep-learning library; it is imported when the network is first used.
    """
