"""The registry: what is known by name, who brought it, and who was refused."""

from __future__ import annotations

import functools
import importlib
import re
import threading
import warnings
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import pluggy

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import hookspecs
from napari_stem3d.plugins._collect import HOOKS, collect
from napari_stem3d.plugins._network_spec import NetworkSpec

#: Group of the entry points by which installed packages are found.
GROUP = "napari_stem3d.plugins"

OWN_NAME = "napari-stem3d"

#: Ordinary plugins that happen to ship with us, by name, so that this floor imports no higher one.
BUILT_IN = (
    "napari_stem3d.simulation.shapes",
    "napari_stem3d.simulation.deformations",
    "napari_stem3d.networks.catalogue",
)


class PluginWarning(UserWarning):
    """A plugin was refused; the rest works."""


@dataclass(frozen=True)
class Refusal:
    """A plugin that was refused, and the reason as the end of a sentence about it."""

    plugin: str
    reason: str
    version: str = ""


@dataclass(frozen=True)
class Registry:
    """What is known by name.

    Attributes
    ----------
    shapes, deformations : dict of str to type
        Classes by name; those that ship come first.
    networks : dict of str to NetworkSpec
        Specifications by name; those that ship come first.
    owners : dict of (str, str) to str
        Name of the plugin that brought each, by (kind, name), where kind is ``"shape"``,
        ``"deformation"`` or ``"network"``.
    versions : dict of str to str
        Version of every plugin that was accepted, by its name.
    refused : list of Refusal
        The plugins that were not.
    """

    shapes: dict[str, type[Any]] = field(default_factory=dict)
    deformations: dict[str, type[Any]] = field(default_factory=dict)
    networks: dict[str, NetworkSpec] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def of_kind(self, kind: str) -> dict[str, Any]:
        """Return the registered things of one kind, by name."""
        kinds: dict[str, dict[str, Any]] = {
            "shape": self.shapes,
            "deformation": self.deformations,
            "network": self.networks,
        }
        return kinds[kind]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per plugin: who brought what, and who was refused and why.

        Returns
        -------
        list of dict
            With the keys plugin, version, status (``"ok"`` or ``"refused"``), shapes,
            deformations, networks (lists of names) and reason (empty where accepted).
        """
        accepted = [
            self._row(plugin, version, "ok", "") for plugin, version in self.versions.items()
        ]
        return accepted + [
            self._row(refusal.plugin, refusal.version, "refused", refusal.reason)
            for refusal in self.refused
        ]

    def _row(self, plugin: str, version: str, status: str, reason: str) -> dict[str, Any]:
        given: dict[str, list[str]] = {f"{kind}s": [] for kind in HOOKS}
        for (kind, name), owner in self.owners.items():
            if owner == plugin:
                given[f"{kind}s"].append(name)
        head: dict[str, Any] = {"plugin": plugin, "version": version, "status": status}
        return head | given | {"reason": reason}

    def _add(self, plugin: str, version: str, found: dict[tuple[str, str], Any]) -> None:
        """Take in all that a plugin gives, or nothing."""
        for kind, name in found:
            owner = self.owners.get((kind, name))
            if owner is not None:
                raise InputError(
                    f"the {kind} {name!r} that {plugin} registers is already registered by {owner}"
                )
        for (kind, name), item in found.items():
            self.of_kind(kind)[name] = item
            self.owners[kind, name] = plugin
        self.versions[plugin] = version


_lock = threading.RLock()


def registry() -> Registry:
    """Return what is registered, by ourselves and by every installed plugin.

    The first call imports the built-ins and the plugins; a plugin that cannot be used is listed in
    ``refused`` and gives one `PluginWarning`. Later calls return the same object.
    """
    with _lock:
        return _build()


def reset() -> None:
    """Forget the registry, so that the next call of `registry` looks for plugins again."""
    with _lock:
        _build.cache_clear()


@functools.cache
def _build() -> Registry:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    result = Registry()
    for module in BUILT_IN:
        found = collect(manager, importlib.import_module(module), module)
        result._add(OWN_NAME, version(OWN_NAME), found)
    for entry_point in sorted(entry_points(group=GROUP), key=_plugin_name):
        _load(manager, entry_point, result)
    return result


def _load(manager: pluggy.PluginManager, entry_point: EntryPoint, result: Registry) -> None:
    """Take in one plugin, or note why not."""
    name = _plugin_name(entry_point)
    its_version = entry_point.dist.version if entry_point.dist else ""
    try:
        result._add(name, its_version, collect(manager, entry_point.load(), name))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - strangers' code may raise anything
        reason = " ".join(str(error).split())
        if not isinstance(error, InputError):
            reason = f"{type(error).__name__}: {reason}"
        if manager.has_plugin(name):
            manager.unregister(name=name)
        result.refused.append(Refusal(name, reason, its_version))
        warnings.warn(f"Plugin {name} was refused: {reason}", PluginWarning, stacklevel=4)


def _plugin_name(entry_point: EntryPoint) -> str:
    """Name of the package, which is what a user can uninstall, and of the entry if it differs."""
    package = entry_point.dist.name if entry_point.dist else ""
    if not package or _normalised(package) == _normalised(entry_point.name):
        return package or entry_point.name
    return f"{package}:{entry_point.name}"


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def get_shape(name: str) -> type[Any]:
    """Return the shape class with this name; InputError lists the known ones otherwise."""
    return _get("shape", name)


def get_deformation(name: str) -> type[Any]:
    """Return the deformation class with this name; InputError lists the known ones otherwise."""
    return _get("deformation", name)


def get_network(name: str) -> NetworkSpec:
    """Return the specification with this name; InputError lists the known ones otherwise."""
    return _get("network", name)


def _get(kind: str, name: str) -> Any:
    known = registry().of_kind(kind)
    if name in known:
        return known[name]
    message = f"There is no {kind} of that name; expected one of: {', '.join(known)}."
    if registry().refused:
        refused = ", ".join(refusal.plugin for refusal in registry().refused)
        message += f" (Refused plugins, which may have brought it: {refused}.)"
    raise InputError(f"{message} Received: {name!r}")
